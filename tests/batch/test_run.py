import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from nlg.batch.journal import journal_path
from nlg.batch.rows import read_rows
from nlg.batch.run import Batch, run
from nlg.batch.work import Work, fingerprint
from nlg.errors import CheckpointError

HERE = pathlib.Path(__file__).parent
COUNT = 300


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)  # for the processes of the pool
    monkeypatch.syspath_prepend(HERE)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [{"id": f"q{n}", "text": f"春{n}"} for n in range(COUNT)]
    rows[7] = {"id": "q7"}  # has no text
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_text(text + "{broken\n", "utf-8")
    return path


def batch(workers=1, block_rows=16, **settings):
    work = Work("echoes:open_echo", settings)
    return Batch(work, fingerprint(work), block_rows, workers)


def answered(source, output, **how):
    outcome = run(read_rows([str(source)]), batch(**how), output)
    return outcome, output.read_text("utf-8")


def test_answers_stand_in_the_order_of_the_rows_with_their_ids(source, tmp_path):
    outcome, text = answered(source, tmp_path / "out.jsonl")
    found = [json.loads(line) for line in text.splitlines()]
    assert outcome == (COUNT + 1, 2, 0, ())
    assert [one["id"] for one in found[:3]] == ["q0", "q1", "q2"]
    assert found[3] == {"id": "q3", "text": "3春", "characters": 2}
    assert found[7] == {"id": "q7", "error": "no text", "line": 8}
    assert found[-1]["id"] == COUNT + 1 and "not JSON" in found[-1]["error"]
    assert sorted(os.listdir(tmp_path)) == ["out.jsonl", "rows.jsonl"]


@pytest.mark.parametrize(
    "how", [{"workers": 2}, {"workers": 3, "block_rows": 7}, {"block_rows": 1000}]
)
def test_bytes_are_the_same_on_any_number_of_processes_and_any_block(
    source, tmp_path, how
):
    _, expected = answered(source, tmp_path / "one.jsonl")
    _, found = answered(source, tmp_path / "other.jsonl", **how)
    assert found == expected


def test_row_that_kills_its_process_is_an_error_and_the_others_are_answered(tmp_path):
    source = tmp_path / "rows.txt"
    texts = [f"春{n}" for n in range(40)]
    texts[21] = "die"
    source.write_text("\n".join(texts), "utf-8")
    outcome, text = answered(source, tmp_path / "out.jsonl", workers=2)
    found = [json.loads(line) for line in text.splitlines()]
    assert outcome.errors == 1 and "died" in found[21]["error"]
    assert [one.get("text") for one in found[19:24]] == [
        "91春",
        "02春",
        None,
        "22春",
        "32春",
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_work_that_cannot_be_opened_is_its_own_error(source, tmp_path, workers):
    work = Work("echoes:open_nothing", {})
    with pytest.raises(CheckpointError, match="nowhere: no such checkpoint"):
        run(
            read_rows([str(source)]), Batch(work, "", 16, workers), tmp_path / "o.jsonl"
        )
    assert not (tmp_path / "o.jsonl").exists()


PROGRAM = """
import pathlib, sys
from nlg.batch.rows import read_rows
from nlg.batch.run import Batch, run
from nlg.batch.work import Work, fingerprint
if __name__ == "__main__":
    source, output, log = sys.argv[1:]
    work = Work("echoes:open_echo", {"log": log, "slow": 0.004})
    batch = Batch(work, fingerprint(work), 8, 1)
    run(read_rows([source]), batch, pathlib.Path(output))
"""


def test_killed_run_goes_on_and_answers_nothing_twice(source, tmp_path):
    output, log = tmp_path / "out.jsonl", tmp_path / "answered.txt"
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    command = [sys.executable, str(program), str(source), str(output), str(log)]
    kills = 0
    while not output.exists() and kills < 30:
        process = subprocess.Popen(command)
        before = log.stat().st_size if log.exists() else 0
        until = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < until:
            if log.exists() and log.stat().st_size > before + 300:
                process.send_signal(signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.005)
        process.wait()
    assert kills >= 2
    texts = log.read_text("utf-8").split()
    again = len(texts) - len(set(texts))
    assert set(texts) == {f"春{n}" for n in range(COUNT) if n != 7}
    assert again <= 8 * kills  # a block each time, no more
    _, expected = answered(source, tmp_path / "whole.jsonl")
    assert output.read_text("utf-8") == expected
    assert not journal_path(output).exists()


def test_run_goes_on_with_what_is_left_and_says_what_it_kept(source, tmp_path):
    output = tmp_path / "out.jsonl"
    blocks = read_rows([str(source)])

    def some():
        for row in blocks:
            if row.number == 100:
                raise KeyboardInterrupt
            yield row

    with pytest.raises(KeyboardInterrupt):
        run(some(), batch(), output)
    assert not output.exists()
    outcome, _ = answered(source, output)
    assert outcome.kept == 96  # whole blocks of 16


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"settings": {"slow": 0.0}}, "made with other options or another model"),
        ({"row": 3}, "1 rows have changed since"),
    ],
)
def test_answers_of_other_options_or_rows_are_not_kept(source, tmp_path, changes, note):
    output = tmp_path / "out.jsonl"
    rows = list(read_rows([str(source)]))

    def first():
        yield from rows[:160]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(first(), batch(), output)
    if "row" in changes:
        rows[3] = rows[3]._replace(fields={"id": "q3", "text": "冬天"})
    outcome = run(iter(rows), batch(**changes.get("settings", {})), output)
    assert len(outcome.notes) == 1 and note in outcome.notes[0]
    found = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    assert found[3]["text"] == ("天冬" if "row" in changes else "3春")


def test_pipe_and_device_are_written_to_as_they_are(source, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    outcome = run(read_rows([str(source)]), batch(), pipe)
    text = reader.communicate()[0].decode()
    assert pipe.is_fifo() and outcome.rows == COUNT + 1
    assert text == answered(source, tmp_path / "whole.jsonl")[1]
    with pytest.raises(OSError, match="No space left"):
        run(read_rows([str(source)]), batch(), pathlib.Path("/dev/full"))


def test_link_stays_a_link(source, tmp_path):
    target, link = tmp_path / "target.jsonl", tmp_path / "link.jsonl"
    target.write_text("old", "utf-8")
    link.symlink_to(target)
    _, text = answered(source, link)
    assert link.is_symlink() and target.read_text("utf-8") == text
