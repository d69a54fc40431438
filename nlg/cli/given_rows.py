"""Answer rows that a command holds, by the batch engine of `--input`."""

import contextlib
import json
import pathlib
import tempfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from nlg.cli.options import progress, writing
from nlg.cli.rows_options import digest_of
from nlg.files import has_no_place, text_of

if TYPE_CHECKING:
    from nlg.batch.work import Fields, Work

WORKERS = click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="Processes that answer, each with the model open; they share the cores.",
)


def answers_of(
    given: "Sequence[Fields]",
    work: "Work",
    block_rows: int,
    shipped: str,
    workers: int = 1,
    output: pathlib.Path | None = None,
) -> "list[Fields]":
    """Return an answer for each of `given`, in order; some have an error.

    Args:
        given: the fields of each row.
        work: gives a single answer to each.
        block_rows: see `nlg.batch.run.Batch`.
        shipped: see `answer_rows`.
        workers: processes.
        output: a file of JSON lines for the answers; what a killed run left beside it
            is kept.

    Raises:
        DataError: it cannot be written.
    """
    from nlg.batch.formats import SEPARATORS, suffix_of
    from nlg.batch.rows import Row
    from nlg.batch.run import Batch, run
    from nlg.batch.work import fingerprint

    if output and suffix_of(output.name) in (*SEPARATORS, ".parquet"):
        raise click.UsageError(f"--output {output} gets JSON lines; call it .jsonl")
    known = fingerprint(work, digest_of(work, shipped))
    rows = [Row(n, f"row:{n + 1}", fields) for n, fields in enumerate(given)]
    with _place(output) as place, writing(place):
        shown = progress(rows, "answering", len(rows))
        run(shown, Batch(work, known, block_rows, workers), place)
        return [json.loads(line) for line in text_of(place).splitlines()]


@contextlib.contextmanager
def _place(output: pathlib.Path | None) -> Iterator[pathlib.Path]:
    if output and not has_no_place(output):
        yield output
        return
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / "answers.jsonl"
        yield place
        if output:
            output.write_bytes(place.read_bytes())
