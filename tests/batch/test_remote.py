"""S3, as moto's server plays it on this machine."""

import json

import pytest

from nlg.batch.chunks import find_chunks, rows_of
from nlg.batch.parts import Folder, Manifest, part_name, part_of
from nlg.batch.remote import is_remote, open_remote
from nlg.batch.rows import find_inputs, read_rows
from nlg.errors import DataError, OptionError

pytest.importorskip("pyarrow")
server = pytest.importorskip("moto.server")
pytestmark = pytest.mark.filterwarnings("ignore")  # of moto and boto


@pytest.fixture(scope="module")
def bucket():
    from pyarrow import fs

    running = server.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    patch = pytest.MonkeyPatch()
    patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    patch.setenv("AWS_ENDPOINT_URL_S3", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patch.setenv(name, "test")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    fs.S3FileSystem(
        endpoint_override=f"{host}:{port}", scheme="http", allow_bucket_creation=True
    ).create_dir("poems")
    yield Folder("s3://poems/in")
    patch.undo()
    running.stop()


def lines(*texts):
    return "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()


def test_rows_of_a_folder_on_s3_are_read_in_order_of_name(bucket):
    bucket.write("b.jsonl", lines("夏"))
    bucket.write("a.jsonl", lines("春", "眠"))
    bucket.write("notes.md", b"no data")
    files = find_inputs(["s3://poems/in"])
    assert files == ["s3://poems/in/a.jsonl", "s3://poems/in/b.jsonl"]
    found = [row.fields["text"] for row in read_rows(files)]
    assert found == ["春", "眠", "夏"]
    chunks = find_chunks(files, 2)
    assert [[row.number for row in rows_of(chunk)] for chunk in chunks] == [
        [0, 1],
        [2],
    ]


def test_parts_on_s3_are_known_again_by_a_second_run(bucket):
    bucket.write("a.jsonl", lines("春", "眠"))
    chunks = find_chunks(["s3://poems/in/a.jsonl"], 1)
    output = Folder("s3://poems/out")
    first = Manifest(output, "w", chunks)
    assert len(first.missing()) == 2
    output.write(part_name(0), b'{"id": 1}\n')
    first.add(part_of(chunks[0], b'{"id": 1}\n'))
    first.save()
    second = Manifest(output, "w", chunks)
    assert [chunk.part for chunk in second.missing()] == [1]
    assert list(second.answers()) == [{"id": 1}]
    bucket.write("a.jsonl", lines("春天", "眠"))
    changed = Manifest(output, "w", find_chunks(["s3://poems/in/a.jsonl"], 1))
    assert len(changed.missing()) == 2 and changed.changed == 2
    assert output.read(part_name(0)) is None


def test_what_cannot_be_opened_is_one_clear_line(bucket):
    with pytest.raises(DataError, match=r"s3://poems/gone\.jsonl: cannot be opened"):
        open_remote("s3://poems/gone.jsonl")
    with pytest.raises(OptionError, match="neither pyarrow nor fsspec opens it"):
        open_remote("nowhere://poems/a.jsonl")
    assert not is_remote("诗/a.jsonl")
