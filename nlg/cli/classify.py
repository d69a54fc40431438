"""`nlg classify`: say which label a text has."""

import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import (
    DEVICE,
    JSON,
    read_text,
    write_lines,
)
from nlg.cli.rows_options import RowsOptions, answer_rows, rows_options

if TYPE_CHECKING:
    from nlg.batch.rows import Row
    from nlg.classify.classifier import Classifier

BLOCK_ROWS = 512  # texts that are labelled, and kept on the disk, together


@click.command("classify")
@click.argument("text", required=False)
@rows_options("Texts, or rows with text or lines; prints JSON lines.")
@JSON
@click.option(
    "--checkpoint",
    type=click.Path(path_type=pathlib.Path),
    help="Model folder, from `nlg train classifier`; none is shipped.",
)
@DEVICE
@click.pass_context
def classify(
    ctx: click.Context,
    text: str | None,
    rows: RowsOptions,
    as_json: bool,
    checkpoint: pathlib.Path | None,
    device: str,
) -> None:
    """Say which label TEXT has, and how probable each label is.

    \b
    nlg classify 服务很好，下次还来 --checkpoint runs/reviews/checkpoint
    nlg classify --input 评论.txt --output 评论.tsv --checkpoint …
    nlg classify --input poems.jsonl.gz --output labelled.jsonl --checkpoint …

    Rows of --input keep their fields and get "label" and "probability". Of a line with
    tabs the last column, or the first if values recur in that one alone, is taken for a
    label and not read. TEXT may be -, standard input.
    """
    if (text is None) == (rows.source is None):
        raise click.UsageError("give TEXT, or --input FILES")
    if rows.source is not None:
        ctx.exit(_label_rows(rows, checkpoint, device))
    from nlg.classify.classifier import Classifier

    classifier = Classifier.from_checkpoint(checkpoint, device)
    lines = _of_text(classifier, read_text(text or "").strip(), as_json)
    write_lines(lines, rows.output)


def _label_rows(rows: RowsOptions, checkpoint: pathlib.Path | None, device: str) -> int:
    """Label the rows of files; return the exit code."""
    from nlg.batch.judging import LABEL_NAMES
    from nlg.batch.work import Work
    from nlg.text.columns import TEXT_NAMES

    settings = {"checkpoint": checkpoint and str(checkpoint), "device": device}
    names = (*TEXT_NAMES, "lines", *LABEL_NAMES)
    work = Work("nlg.batch.judging:classify", settings, rows.id_field, names=names)
    return answer_rows(rows, work, BLOCK_ROWS, settle=_settled)


def _settled(head: "list[Row]") -> dict[str, Any]:
    """Return which column of text lines is a label, as the first rows tell.

    Raises:
        DataError: they do not.
    """
    from nlg.batch.formats import COLUMNS
    from nlg.errors import DataError
    from nlg.text.columns import label_is_last

    columns = [row.fields[COLUMNS] for row in head if COLUMNS in row.fields]
    try:
        return {"label_is_last": label_is_last(columns)}
    except ValueError as error:
        raise DataError(f"{head[0].where}: {error}") from None


def _of_text(classifier: "Classifier", text: str, as_json: bool) -> Iterator[str]:
    """Yield what to print of one text: a label a line, the most probable first."""
    from nlg.files import json_line

    found = classifier.label(text)
    if as_json:
        yield json_line({"text": text, **found.to_dict()})
        return
    for name, p in sorted(found.probabilities.items(), key=lambda one: -one[1]):
        yield f"{name}\t{p:.4f}"
