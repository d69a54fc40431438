"""The answers of a batch so far, on the disk, so that a killed run goes on.

    {"nlg": "batch", "work": "5f0c…", "pid": 1234, "host": "…"}
    [0, "9a41…", {"id": 1, "answer": "杜甫"}]
    [1, "77b0…", {"id": 2, "answer": "李白"}]

A line an answer, in any order: the number of its row, a fingerprint of the row, and the
answer; of two for one row the later holds. A row that has changed since, and all rows
when the work has, are answered anew. What a kill cut off at the end is left out.

Answers stay on the disk; memory holds eight bytes a row.
"""

import array
import contextlib
import hashlib
import json
import os
import pathlib
import platform
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from nlg.batch.rows import Row
from nlg.batch.work import Answer
from nlg.errors import DataError
from nlg.files import json_line, locked

_content = json.JSONEncoder(sort_keys=True, default=str).encode
NOWHERE = -1  # offset of a row without an answer


def journal_path(output: pathlib.Path) -> pathlib.Path:
    """Return where the answers for `output` stand until all are there."""
    return output.with_name(f"{output.name}.nlg-journal")


class Journal:
    """An open journal, locked against other processes.

    Args:
        output: what it is for.
        work: the fingerprint of what is done.

    Raises:
        DataError: a file of that name is no journal.
        NlgError: another process writes to `output`.
    """

    def __init__(self, output: pathlib.Path, work: str):
        self.path = journal_path(output)
        self.changed = 0  # rows whose answer was of another row
        self.is_of_other_work = False
        self._offsets = array.array("q")
        with contextlib.ExitStack() as stack:
            stack.enter_context(locked(self.path, output))
            self._file: BinaryIO = stack.enter_context(self.path.open("r+b"))
            self._load(work)
            self._open = stack.pop_all()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def __len__(self) -> int:
        """Return how many rows have an answer."""
        return len(self._offsets) - self._offsets.count(NOWHERE)

    def answer(self, row: Row) -> Answer | None:
        """Return the answer of `row`; None if there is none, or one of another row."""
        if row.number >= len(self._offsets) or self._offsets[row.number] == NOWHERE:
            return None
        _, known, answer = self._read(row.number)
        if known == mark_of(row):
            return answer
        self.changed += 1
        return None

    def add(self, answers: Iterable[tuple[Row, Answer]]) -> None:
        """Write answers; they are safe from a kill when this returns."""
        self._file.seek(0, os.SEEK_END)
        for row, answer in answers:
            missing = row.number + 1 - len(self._offsets)
            self._offsets.extend([NOWHERE] * missing)
            self._offsets[row.number] = self._file.tell()
            entry = json_line([row.number, mark_of(row), answer])
            self._file.write(f"{entry}\n".encode())
        self._file.flush()

    def answers(self, count: int) -> Iterator[Answer]:
        """Yield the answers of the first `count` rows, in their order."""
        for number in range(count):
            yield self._read(number)[2]

    def remove(self) -> None:
        """Delete the file: all that it held stands elsewhere."""
        self.path.unlink()

    def _read(self, number: int) -> list[Any]:
        self._file.seek(self._offsets[number])
        return json.loads(self._file.readline().decode())

    def _load(self, work: str) -> None:
        """Read what is there, and leave the file ready to be written on."""
        header = self._file.readline()
        if header:
            self._check(header)
            self.is_of_other_work = json.loads(header)["work"] != work
        if not header or self.is_of_other_work:
            self._begin(work)
            return
        end = self._file.tell()
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            number = json.loads(line)[0]
            self._offsets.extend([NOWHERE] * (number + 1 - len(self._offsets)))
            self._offsets[number] = end
            end += len(line)
        self._file.seek(end)
        self._file.truncate()

    def _check(self, header: bytes) -> None:
        try:
            is_ours = json.loads(header)["nlg"] == "batch" and header.endswith(b"\n")
        except (ValueError, TypeError, KeyError):
            is_ours = False
        if not is_ours:
            raise DataError(
                f"{self.path} is no journal of nlg; move it, or take another --output"
            )

    def _begin(self, work: str) -> None:
        self._file.seek(0)
        self._file.truncate()
        host = {"pid": os.getpid(), "host": platform.node()}
        header = {"nlg": "batch", "work": work, **host}
        self._file.write(json.dumps(header).encode() + b"\n")
        self._file.flush()


def mark_of(row: Row) -> str:
    """Return what tells the content of a row from others: 12 hexadecimal digits."""
    text = _content([row.fields, row.problem])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
