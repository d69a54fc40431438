"""One batch: rows in, answers out, in order; a killed run goes on where it was.

To a file, answers first stand in a journal beside it (`nlg.batch.journal`), and the
file is written once all are there, whole or not at all. To stdout, a pipe or a device
they go as they come.
"""

import os
import pathlib
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from nlg.batch.formats import ANY, Wanted
from nlg.batch.journal import Journal
from nlg.batch.local import answer_rows
from nlg.batch.remote import is_remote
from nlg.batch.rows import Row
from nlg.batch.table import write_answers
from nlg.batch.work import Fields, Work, failed
from nlg.files import has_no_place, json_line, replacing
from nlg.progress_bar import meter

if TYPE_CHECKING:
    from nlg.batch.ray_engine import Cluster

PARTS = ".nlg-parts"  # ends the name of a folder beside the output
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


def run_on_cluster(
    files: Sequence[str],
    batch: Batch,
    output: str,
    cluster: "Cluster",
    chunk_rows: int,
    wanted: Wanted = ANY,
) -> Outcome:
    """Answer the rows of `files` on a cluster.

    Args:
        files: names that all its machines know.
        batch: what is answered; its workers are those of `cluster`.
        output: a file, or a folder (with / at its end, or one that is there) for parts;
            the parts of a file stand beside it, in OUTPUT.nlg-parts, until it is there.
        cluster: which machines.
        chunk_rows: rows of a part.
        wanted: see `read_rows`.

    Raises:
        NlgError: see `nlg.batch.ray_engine.run_chunks`.
    """
    from nlg.batch.chunks import find_chunks
    from nlg.batch.parts import Folder, Manifest
    from nlg.batch.ray_engine import Job, run_chunks

    is_folder = output.endswith("/") or is_remote(output) or os.path.isdir(output)
    folder = output.rstrip("/") if is_folder else f"{output}{PARTS}"
    chunks = find_chunks(files, chunk_rows, wanted)
    known = f"{batch.fingerprint} {batch.block_rows} {chunk_rows}"
    place = folder if is_remote(folder) else os.path.abspath(folder)
    manifest = Manifest(Folder(place), known, chunks)
    cores = max(1, int(cluster.cpus))
    job = Job(batch.work, batch.block_rows, wanted, manifest.folder.name, cores)
    left = sum(chunk.rows for chunk in manifest.missing())
    with meter("answering", left) as answered:
        run_chunks(manifest, job, cluster, answered)
    if not is_folder:
        path = pathlib.Path(output)
        with replacing(path) as part:
            write_answers(manifest.answers(), part, path.name)
        shutil.rmtree(folder)
    rows = sum(chunk.rows for chunk in chunks)
    errors = sum(part.errors for part in manifest.parts.values())
    changed = f"{manifest.changed:,} parts of other input were computed anew"
    notes = (changed,) if manifest.changed else ()
    return Outcome(rows, errors, manifest.kept, notes)
