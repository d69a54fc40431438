"""`nlg classify`: say which label a text has."""

import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import DEVICE, JSON, OUTPUT, progress, read_text, write_lines

if TYPE_CHECKING:
    from nlg.classify.classifier import Classifier, Labelled
    from nlg.text.labelled import Row


@click.command("classify")
@click.argument("text", required=False)
@click.option(
    "--input",
    "source",
    type=click.Path(path_type=pathlib.Path, dir_okay=False, allow_dash=True),
    help="A text a line, or JSON lines with text or lines; - is standard input.",
)
@OUTPUT
@JSON
@click.option(
    "--checkpoint",
    type=click.Path(path_type=pathlib.Path),
    help="Model folder, from `nlg train classifier`; none is shipped.",
)
@DEVICE
def classify(
    text: str | None,
    source: pathlib.Path | None,
    output: pathlib.Path | None,
    as_json: bool,
    checkpoint: pathlib.Path | None,
    device: str,
) -> None:
    """Say which label TEXT has, and how probable each label is.

    \b
    nlg classify 服务很好，下次还来 --checkpoint runs/reviews/checkpoint
    nlg classify --input 评论.txt --output 评论.tsv --checkpoint …
    nlg classify --input poems.jsonl.gz --output labelled.jsonl --checkpoint …

    Of a file, each line is printed with its label after a tab, in the order of the
    file; rows of JSON lines keep their fields and get "label" and "probability". What
    stands after the last tab of a line is taken for a label and not read. TEXT may be
    -, standard input.
    """
    if (text is None) == (source is None):
        raise click.UsageError("give TEXT, or --input FILE")
    from nlg.classify.classifier import Classifier

    classifier = Classifier.from_checkpoint(checkpoint, device)
    if source is not None:
        lines = _of_file(classifier, source, as_json)
    else:
        lines = _of_text(classifier, read_text(text or "").strip(), as_json)
    write_lines(lines, output)


def _of_text(classifier: "Classifier", text: str, as_json: bool) -> Iterator[str]:
    """Yield what to print of one text: a label a line, the most probable first."""
    found = classifier.label(text)
    if as_json:
        yield _as_json({"text": text, **found.to_dict()})
        return
    for name, p in sorted(found.probabilities.items(), key=lambda one: -one[1]):
        yield f"{name}\t{p:.4f}"


def _of_file(
    classifier: "Classifier", source: pathlib.Path, as_json: bool
) -> Iterator[str]:
    """Yield a line for each row of a file."""
    from nlg.text.labelled import load_rows

    rows = load_rows(source, progress)
    found = classifier.label_all([row.text for row in rows], _watched)
    for row, one in zip(rows, found, strict=True):
        yield _line(row, one, as_json)


def _line(row: "Row", found: "Labelled", as_json: bool) -> str:
    """Return a row with its label, as `nlg train classifier` reads it."""
    if row.fields is None and not as_json:
        return f"{row.written}\t{found.label}"
    fields = {"text": row.written} if row.fields is None else row.fields
    added = {"label": found.label, "probability": found.probability}
    return _as_json({**fields, **added})


def _watched(batches: list[Any]) -> Iterable[Any]:
    return progress(batches, "labelling", len(batches))


def _as_json(fields: dict[str, Any]) -> str:
    """Return a row; if a field has what UTF-8 cannot hold, with its escapes."""
    from nlg.text.collect import HALF

    text = json.dumps(fields, ensure_ascii=False)
    return json.dumps(fields) if HALF.search(text) else text
