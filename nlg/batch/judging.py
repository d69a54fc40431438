"""Tasks that judge, as work on rows: see `nlg.batch.tasks`.

classify        {"text": …}, another of TEXT_NAMES, or the lines of a poem
check_couplet   {"first_line": 上联, "second_line": 下联}, a line of text with both,
                or a poem, whose parallel couplets are checked
check_poem      {"text": a poem}, or {"lines": […]}
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from nlg.batch.formats import COLUMNS, TEXT
from nlg.batch.tasks import path_of, text_of
from nlg.batch.work import ERROR, Answer, Answerer, Fields, answerer
from nlg.errors import DataError, NlgError
from nlg.text.columns import TEXT_NAMES

LABEL_NAMES = ("label", "labels")
ENGLISH = {"上联": "first_line", "下联": "second_line"}


class Labelled(NamedTuple):
    """What is read of a row, and what of the row stands in the answer."""

    text: str
    kept: Fields


def classify(checkpoint: str | None, device: str, label_is_last: bool) -> Answerer:
    """Open a classifier.

    Args:
        checkpoint: a folder; None is the shipped one.
        device: "cpu" or "gpu".
        label_is_last: which column of a text line is a label, which is not read.
    """
    from nlg.classify.classifier import Classifier

    classifier = Classifier.from_checkpoint(path_of(checkpoint), device)

    def parse(fields: Fields) -> Labelled:
        columns = fields.get(COLUMNS)
        if columns:
            texts = columns[:-1] if label_is_last else columns[1:]
            return _labelled({TEXT: "\t".join(texts)})
        return _labelled(fields)

    def answers(rows: Sequence[Labelled]) -> Iterable[Fields]:
        found = classifier.label_all([row.text for row in rows])
        for row, one in zip(rows, found, strict=True):
            added = {"label": one.label, "probability": one.probability}
            yield {**row.kept, **added}

    return answerer(parse, answers)


def _labelled(fields: Fields) -> Labelled:
    text = poem_of(fields) or text_of(fields, _name_of(fields))
    if not text.strip():
        raise DataError("no text")
    return Labelled(text, fields)


def _name_of(fields: Fields) -> str:
    """Return the field that is the text; of two, the one that is no label."""
    names = [name for name in fields if name.strip().lower() in TEXT_NAMES]
    others = [name for name in fields if name.strip().lower() not in LABEL_NAMES]
    if not names and (len(fields), len(others)) == (2, 1):
        names = others
    return names[0] if names else TEXT


def check_couplet(strict: bool, parallelism: bool, **options: Any) -> Answerer:
    """Open the examination of couplets; it needs no model.

    Args:
        strict: a broken rule is an error, beside the verdict.
        parallelism: look for the words that face each other, by jieba.
        **options: see `nlg.couplet.check.checked`.
    """
    from nlg.couplet.check import checked
    from nlg.couplet.dataset import cleaned, record_of_line, records_of
    from nlg.text.collect import Value
    from nlg.text.couplets import Couplet

    def parse(fields: Fields) -> list[Couplet]:
        fields = {ENGLISH.get(name, name): value for name, value in fields.items()}
        if TEXT in fields and fields.keys().isdisjoint(Couplet._fields):
            records = [record_of_line("", text_of(fields))]
        else:
            records = list(records_of(Value("", fields)))
        for record in records:
            if record.problem:
                raise DataError(record.problem)
        if not records:
            raise DataError("no couplet in it")
        return [cleaned(record.first_line, record.second_line) for record in records]

    def answers(rows: Sequence[list[Couplet]]) -> Iterable[Answer]:
        for row in rows:
            found = (checked(one, **options, parallelism=parallelism) for one in row)
            yield [_with_error(one.to_dict(), strict) for one in found]

    return answerer(parse, answers)


def _with_error(verdict: Fields, strict: bool) -> Fields:
    if not strict or verdict["clean"]:
        return verdict
    broken = dict.fromkeys(one["kind"] for one in verdict["violations"])
    return verdict | {ERROR: f"not clean: {' '.join(broken)}".rstrip(": ")}


def check_poem(strict: bool, **options: Any) -> Answerer:
    """Open the examination of poems; it needs no model.

    Args:
        strict: what is no regulated verse without a fault is an error, beside the
            verdict.
        **options: see `nlg.poem.check.examine`.
    """
    from nlg.poem.check import examine

    def parse(fields: Fields) -> str:
        return poem_of(fields) or text_of(fields)

    def answers(poems: Sequence[str]) -> Iterable[Fields | NlgError]:
        for poem in poems:
            try:
                facts = examine(poem, **options).to_dict() | {"book": options["book"]}
                yield _with_error(facts, strict)
            except NlgError as error:
                yield error

    return answerer(parse, answers)


def poem_of(fields: Fields) -> str:
    """Return the poem of a row that has its lines; "" for any other."""
    from nlg.text.forms import verse

    lines = fields.get("lines")
    is_poem = isinstance(lines, list) and all(isinstance(one, str) for one in lines)
    return verse(lines) if is_poem and lines and not fields.get(TEXT) else ""
