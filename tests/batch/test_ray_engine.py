"""A cluster of three nodes of one core each, on this machine, started once."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

import pytest

import nlg
from nlg.batch.chunks import find_chunks
from nlg.batch.formats import ANY
from nlg.batch.parts import Folder, Manifest, part_name
from nlg.batch.ray_engine import Cluster, Job, run_chunks
from nlg.batch.rows import read_rows
from nlg.batch.run import Batch, run, run_on_cluster
from nlg.batch.work import Work, fingerprint
from nlg.errors import DataError, NlgError

ray = pytest.importorskip("ray")
HERE = pathlib.Path(__file__).parent
COUNT, BLOCK, CHUNK = 300, 8, 24
pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster as RayCluster

    path = [str(HERE), str(HERE.parent.parent), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(path)
    sys.path.insert(0, str(HERE))
    nodes = RayCluster(
        initialize_head=True,
        head_node_args={"num_cpus": 1, "object_store_memory": 100_000_000},
    )
    for _ in range(2):
        nodes.add_node(num_cpus=1, object_store_memory=100_000_000)
    ray.init(nodes.address, log_to_driver=False)
    yield nodes
    ray.shutdown()
    nodes.shutdown()
    sys.path.remove(str(HERE))


@pytest.fixture
def source(tmp_path):
    texts = [json.dumps({"text": f"春{n}"}) for n in range(COUNT)]
    texts[7] = "{broken"
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(texts), "utf-8")
    return path


def asked(source, tmp_path, opener="echoes:open_echo", **settings):
    work = Work(opener, settings)
    chunks = find_chunks([str(source)], CHUNK)
    output = str(tmp_path / "parts")
    manifest = Manifest(Folder(output), "w", chunks)
    return manifest, Job(work, BLOCK, ANY, output)


def bytes_of(folder):
    return b"".join(x.read_bytes() for x in sorted(folder.glob("part-*.jsonl")))


def of_local(source, tmp_path):
    output = tmp_path / "local.jsonl"
    batch = Batch(Work("echoes:open_echo", {}), "w", BLOCK, 1)
    run(read_rows([str(source)]), batch, output)
    return output.read_bytes()


@pytest.mark.parametrize("workers", [1, 3])
def test_bytes_are_those_of_the_local_engine(cluster, source, tmp_path, workers):
    manifest, job = asked(source, tmp_path)
    run_chunks(manifest, job, Cluster(workers=(workers, workers)))
    assert bytes_of(tmp_path / "parts") == of_local(source, tmp_path)
    found = json.loads((tmp_path / "parts/manifest.json").read_text("utf-8"))
    assert found["rows"] == COUNT and found["errors"] == 1
    assert sum(part["rows"] for part in found["parts"]) == COUNT


def test_node_that_is_lost_half_way_loses_no_row_and_repeats_few(
    cluster, source, tmp_path
):
    log = tmp_path / "answered.txt"
    node = cluster.add_node(num_cpus=1, object_store_memory=100_000_000)
    manifest, job = asked(source, tmp_path, log=str(log), slow=0.02)

    def lose():
        while not log.exists() or log.stat().st_size < 500:
            time.sleep(0.01)
        cluster.remove_node(node)

    thread = threading.Thread(target=lose)
    thread.start()
    run_chunks(manifest, job, Cluster(workers=(3, 3)))
    thread.join()
    assert bytes_of(tmp_path / "parts") == of_local(source, tmp_path)
    texts = log.read_text("utf-8").split()
    assert len(set(texts)) == COUNT - 1
    assert len(texts) - len(set(texts)) <= 3 * CHUNK


def test_second_run_computes_only_what_is_missing(cluster, source, tmp_path):
    log = tmp_path / "answered.txt"
    manifest, job = asked(source, tmp_path, log=str(log))
    run_chunks(manifest, job, Cluster())
    whole = bytes_of(tmp_path / "parts")
    log.unlink()
    (tmp_path / "parts" / part_name(1)).unlink()
    (tmp_path / "parts" / part_name(2)).write_text('{"id": 0}\n', "utf-8")
    manifest, job = asked(source, tmp_path, log=str(log))
    assert [chunk.part for chunk in manifest.missing()] == [1, 2]
    run_chunks(manifest, job, Cluster())
    assert bytes_of(tmp_path / "parts") == whole
    assert log.read_text("utf-8").split() == [f"春{n}" for n in range(24, 72)]


def test_row_that_kills_its_actor_is_an_error_of_its_own(cluster, tmp_path):
    source = tmp_path / "rows.txt"
    source.write_text("\n".join(["春", "夏", "die", "秋", "冬"]), "utf-8")
    manifest, job = asked(source, tmp_path)
    run_chunks(manifest, job, Cluster())
    found = [json.loads(line) for line in bytes_of(tmp_path / "parts").splitlines()]
    assert [one.get("text") for one in found] == ["春", "夏", None, "秋", "冬"]
    assert "died" in found[2]["error"] and found[2]["line"] == 3


def test_work_that_cannot_be_opened_is_one_clear_line(cluster, source, tmp_path):
    manifest, job = asked(source, tmp_path, "echoes:open_nothing")
    with pytest.raises(NlgError, match="nowhere: no such checkpoint folder"):
        run_chunks(manifest, job, Cluster())


def test_folder_of_another_run_is_refused(source, tmp_path):
    asked(source, tmp_path)
    with pytest.raises(DataError, match="holds another run, of other options"):
        Manifest(Folder(str(tmp_path / "parts")), "other", [])


def test_address_that_nothing_answers_is_one_line_at_once(source, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    code = f"""
from nlg.batch.ray_cluster import connected
with connected("127.0.0.1:{port}"):
    pass
"""
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert b"no Ray cluster at 127.0.0.1" in done.stderr.splitlines()[-1]
    assert time.monotonic() - start < 15


def test_actors_that_cannot_start_are_one_clear_line(cluster, source, tmp_path):
    manifest, job = asked(source, tmp_path)
    no_folder = str(source / "below a file")
    said = r"13 of 13 parts could not be computed; .* tries them again \(.*below a file"
    with pytest.raises(NlgError, match=said):
        run_chunks(manifest, job._replace(output=no_folder), Cluster())


def test_node_with_another_nlg_is_named(cluster, source, tmp_path, monkeypatch):
    manifest, job = asked(source, tmp_path)
    monkeypatch.setattr(nlg, "__version__", "0.0.1")  # here, not in a node's processes
    with pytest.raises(NlgError, match=r"has nlg .*, this machine 0.0.1; install the"):
        run_chunks(manifest, job, Cluster())


def test_rows_of_a_run_are_counted_as_their_parts_are_written(
    cluster, source, tmp_path
):
    manifest, job = asked(source, tmp_path)
    counted = []
    run_chunks(manifest, job, Cluster(), counted.append)
    assert sum(counted) == COUNT and len(counted) == len(manifest.chunks)


def test_file_of_a_cluster_is_that_of_this_machine(cluster, source, tmp_path):
    output = tmp_path / "out.jsonl"
    work = Work("echoes:open_echo", {})
    batch = Batch(work, fingerprint(work), BLOCK, 1)
    outcome = run_on_cluster([str(source)], batch, str(output), Cluster(), CHUNK)
    assert (outcome.rows, outcome.errors) == (COUNT, 1)
    assert output.read_bytes() == of_local(source, tmp_path)
    assert not (tmp_path / "out.jsonl.nlg-parts").exists()


def test_checkpoint_that_a_node_lacks_comes_by_the_object_store(cluster, tmp_path):
    from nlg.batch.ray_engine import _local_work

    files = {"config.json": b"{}"}
    work = Work("echoes:open_echo", {"checkpoint": str(tmp_path / "elsewhere")})
    there = _local_work(Job(work, 1, ANY, "", checkpoint=ray.put(files)))
    copy = pathlib.Path(there.settings["checkpoint"])
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == files
