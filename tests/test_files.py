import gzip
import io
import json
import lzma
import os
import pathlib
import threading
import time
import types

import pytest

from nlg.files import UNREADABLE, opened, parse_json, replacing, text_of, write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_is_written(tmp_path):
    write_whole(tmp_path / "诗.txt", "春".encode())
    assert (tmp_path / "诗.txt").read_text("utf-8") == "春"
    assert names(tmp_path) == ["诗.txt"]


def test_an_old_file_is_replaced_whole(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"a much longer text")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, OSError])
def test_a_write_that_fails_half_way_leaves_the_old_file(tmp_path, failure):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(failure), replacing(path) as part:
        part.write_bytes(b"ne")
        raise failure
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with replacing(path) as part:
        part.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_folder_is_no_target(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "kept").write_bytes(b"kept")
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "folder", b"new")
    assert names(tmp_path) == ["folder"]
    assert (tmp_path / "folder" / "kept").read_bytes() == b"kept"


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "no" / "a", b"new")
    assert names(tmp_path) == []


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_link_stays_a_link_and_leads_to_the_new_file(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "a")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "a").read_bytes() == b"new"
    assert names(tmp_path) == ["folder", "link"]
    assert names(tmp_path / "folder") == ["a"]


def test_a_link_that_leads_nowhere_or_to_itself_is_no_crash(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "new")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "new").read_bytes() == b"new"
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    write_whole(tmp_path / "loop", b"new")
    assert (tmp_path / "loop").read_bytes() == b"new"


def test_what_is_open_elsewhere_is_written_to_and_not_replaced(tmp_path):
    # As /dev/stdout is where a shell has sent it to a file.
    with (tmp_path / "a").open("wb") as file:
        write_whole(pathlib.Path(f"/dev/fd/{file.fileno()}"), b"through")
        assert os.fstat(file.fileno()).st_size == len(b"through")
    assert (tmp_path / "a").read_bytes() == b"through"


def test_json_is_read():
    assert parse_json('{"诗": [1, 2.5, null]}') == {"诗": [1, 2.5, None]}


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, "9" * 5000], ids=["none", "half", "deep", "long"]
)
def test_whatever_is_no_json_is_one_kind_of_error(text):
    with pytest.raises(json.JSONDecodeError):
        parse_json(text)


# --- reading

POEM = "\ufeff床前明月光\r\n疑是地上霜\n".encode()
PACKED = {"plain": POEM, "gzip": gzip.compress(POEM), "xz": lzma.compress(POEM)}


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED)
def test_text_is_unpacked_whatever_the_name_of_its_file(tmp_path, packed):
    path = tmp_path / "诗.txt"
    path.write_bytes(packed)
    assert text_of(path) == "床前明月光\r\n疑是地上霜\n"
    with opened(path) as file:
        assert list(file) == ["床前明月光\n", "疑是地上霜\n"]


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED)
def test_standard_input_is_unpacked_and_stays_open(monkeypatch, packed):
    stdin = types.SimpleNamespace(buffer=io.BytesIO(packed))
    monkeypatch.setattr("sys.stdin", stdin)
    with opened(pathlib.Path("-")) as file:
        assert file.readline() == "床前明月光\n"
    assert not stdin.buffer.closed


def test_a_pipe_is_read_whole_though_it_brings_a_byte_at_first(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def write():
        with path.open("wb", buffering=0) as pipe:
            pipe.write(PACKED["xz"][:1])
            time.sleep(0.05)  # so that the reader gets it alone
            pipe.write(PACKED["xz"][1:])

    writer = threading.Thread(target=write)
    writer.start()
    assert text_of(path).startswith("床前明月光")
    writer.join()


@pytest.mark.parametrize("kind", ["gzip", "xz"])
def test_packed_text_that_is_cut_off_is_unreadable(tmp_path, kind):
    path = tmp_path / "诗"
    path.write_bytes(PACKED[kind][:-9])
    with pytest.raises(UNREADABLE):
        text_of(path)
    path.write_bytes(PACKED[kind][:8] + b"?" * 20)
    with pytest.raises(UNREADABLE), opened(path) as file:
        file.read()
