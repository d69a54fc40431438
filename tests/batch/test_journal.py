import json
import subprocess
import sys

import pytest

from nlg.batch.journal import Journal, journal_path
from nlg.batch.rows import Row
from nlg.errors import DataError, NlgError


def row(number, text="春"):
    return Row(number, f"x:{number + 1}", {"text": text})


def written(output, *numbers, work="w"):
    with Journal(output, work) as journal:
        journal.add((row(n), {"answer": n}) for n in numbers)


@pytest.fixture
def output(tmp_path):
    return tmp_path / "answers.jsonl"


def test_answers_are_found_again_in_the_order_of_the_rows(output):
    written(output, 2, 0)
    written(output, 1)
    with Journal(output, "w") as journal:
        assert len(journal) == 3
        assert list(journal.answers(3)) == [{"answer": n} for n in range(3)]
        assert journal.answer(row(1)) == {"answer": 1}
        assert journal.answer(row(3)) is None


def test_row_that_has_changed_has_no_answer(output):
    written(output, 0, 1)
    with Journal(output, "w") as journal:
        assert journal.answer(row(0, "夏")) is None
        assert journal.answer(row(1)) == {"answer": 1}
        assert journal.changed == 1
        journal.add([(row(0, "夏"), {"answer": "new"})])
        assert list(journal.answers(2)) == [{"answer": "new"}, {"answer": 1}]


def test_other_work_starts_anew_and_says_so(output):
    written(output, 0, 1)
    with Journal(output, "other") as journal:
        assert journal.is_of_other_work and len(journal) == 0
    with Journal(output, "other") as journal:
        assert not journal.is_of_other_work


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_line_that_a_kill_cut_off_is_left_out(output, cut):
    written(output, 0, 1)
    path = journal_path(output)
    path.write_bytes(path.read_bytes()[:-cut])
    written(output, 2)
    with Journal(output, "w") as journal:
        assert [journal.answer(row(n)) for n in range(3)] == [
            {"answer": 0},
            None,
            {"answer": 2},
        ]


def test_file_of_a_person_is_never_taken_for_a_journal(output):
    path = journal_path(output)
    for content in ("my notes\n", '{"a": 1}\n', "[1]\n", '{"nlg": "batch"}'):
        path.write_text(content, "utf-8")
        with pytest.raises(DataError, match=r"is no journal of nlg; move it"):
            Journal(output, "w")
        assert path.read_text("utf-8") == content


def test_second_process_is_refused_while_the_first_writes(output):
    code = f"""
import pathlib
from nlg.batch.journal import Journal
Journal(pathlib.Path({str(output)!r}), "w")
"""
    with Journal(output, "w"):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True)
        assert b"is being written by another process" in done.stderr
        with pytest.raises(NlgError, match="another process"):
            Journal(output, "w")
    written(output, 0)  # and let in when it is done


def test_header_tells_who_writes(output):
    import os

    written(output, 0)
    header = json.loads(journal_path(output).read_text("utf-8").splitlines()[0])
    assert header["nlg"] == "batch" and header["pid"] == os.getpid()
