"""One batch: rows in, answers out, in order; a killed run goes on where it was.

To a file, answers first stand in a journal beside it (`nlg.batch.journal`), and the
file is written once all are there, whole or not at all. To stdout, a pipe or a device
they go as they come.
"""

import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from nlg.batch.journal import Journal
from nlg.batch.local import answer_rows
from nlg.batch.rows import Row
from nlg.batch.table import write_answers
from nlg.batch.work import Fields, Work, failed
from nlg.files import has_no_place, json_line, replacing

Watch = Callable[[Iterable[Row]], Iterable[Row]]  # hands rows on, and shows how many


class Batch(NamedTuple):
    """What is answered, and how."""

    work: Work
    fingerprint: str  # see `nlg.batch.work.fingerprint`
    block_rows: int = 128
    workers: int = 1


class Outcome(NamedTuple):
    """What became of a batch."""

    rows: int
    errors: int  # rows that could not be answered
    kept: int = 0  # answers that an earlier run had left
    notes: tuple[str, ...] = ()  # why earlier answers were not kept


def run(
    rows: Iterable[Row],
    batch: Batch,
    output: pathlib.Path | None,
    watch: Watch = lambda rows: rows,
) -> Outcome:
    """Answer `rows` into `output`, or to stdout if that is None.

    Raises:
        NlgError: the work cannot be opened, or `output` not be written; what was
            answered is in the journal.
    """
    if output is None or has_no_place(output):
        return _stream(watch(rows), batch, output)
    return _to_file(watch(rows), batch, output)


def _stream(rows: Iterable[Row], batch: Batch, output: pathlib.Path | None) -> Outcome:
    count = errors = 0
    file = output.open("w", encoding="utf-8") if output else sys.stdout
    try:
        for block in answer_rows(rows, batch.work, batch.block_rows, batch.workers):
            for _, answer in block:
                file.writelines(f"{json_line(one)}\n" for one in answer)
                errors += failed(answer)
            count += len(block)
            file.flush()
    finally:
        if output:
            file.close()
    return Outcome(count, errors)


def _to_file(rows: Iterable[Row], batch: Batch, output: pathlib.Path) -> Outcome:
    with Journal(output, batch.fingerprint) as journal:
        kept = 0
        count = 0

        def missing() -> Iterator[Row]:
            nonlocal kept, count
            for row in rows:
                count += 1
                if journal.answer(row) is None:
                    yield row
                else:
                    kept += 1

        work = batch.work, batch.block_rows, batch.workers
        for block in answer_rows(missing(), *work):
            journal.add(block)
        errors = 0

        def answers() -> Iterator[Fields]:
            nonlocal errors
            for answer in journal.answers(count):
                errors += failed(answer)
                yield from answer

        with replacing(output) as part:
            write_answers(answers(), part, output.name)
        journal.remove()
        return Outcome(count, errors, kept, tuple(_notes(journal, output)))


def _notes(journal: Journal, output: pathlib.Path) -> Iterator[str]:
    if journal.is_of_other_work:
        yield (
            f"the answers that an earlier run left for {output} were made with other "
            "options or another model: all was answered anew"
        )
    if journal.changed:
        yield f"{journal.changed:,} rows have changed since: they were answered anew"
