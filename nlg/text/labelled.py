"""Labelled texts, from files.

    text TAB label                                  as sentiment corpora are; with a
                                                    header in any order, see `columns`
    {"text": "服务很好", "label": "1"}               JSON lines
    {"lines": ["床前明月光", …], "sentiment": 2}     poems, in lines

A file is one or the other throughout, as its first line is, or a JSON array of such
objects; it may be gzipped. A label is text: 1 and "1" are the same one.
"""

import json
import pathlib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from nlg.errors import DataError
from nlg.files import UNREADABLE, parse_json, text_of
from nlg.text.collect import HALF
from nlg.text.columns import DOUBT, Cells, Line, cells, mostly_own
from nlg.text.forms import verse
from nlg.text.normalize import to_simplified

WANTED = 'an object with "text" or "lines"'
ARRAY = re.compile(r"\s*\[\s*\{")
LABELS = ("sentiment", "label")  # a given label before one that `nlg classify` found

# Called with lines and what is done with them; yields them, and may show how far it is.
Counted = Callable[[list[Any], str], Iterable[Any]]


def uncounted(lines: list[Any], doing: str) -> Iterable[Any]:
    """Return `lines`, showing nothing."""
    return lines


class Row(NamedTuple):
    """A line of a file."""

    number: int  # from 1
    written: str  # its text as it stands there
    text: str  # in simplified characters
    label: str | None


def load_rows(path: pathlib.Path, counted: Counted = uncounted) -> list[Row]:
    """Read the texts of a file, blank lines left out; `-` is stdin.

    Raises:
        DataError: the file cannot be read, its columns cannot be told apart, or a line
            is not of the file's kind.
    """
    try:
        text = text_of(path)
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if ARRAY.match(text):
        return _all(path, list(enumerate(_array(path, text), 1)), _json_row, counted)
    lines = [
        (n, x.rstrip("\r")) for n, x in enumerate(text.split("\n"), 1) if x.strip()
    ]
    if lines and lines[0][1].lstrip().startswith("{"):
        return _all(path, lines, _json_line, counted)
    try:
        table = cells(lines)
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
    return _all(path, table, _plain_row, counted)


def _array(path: pathlib.Path, text: str) -> list[Any]:
    try:
        return list(parse_json(text))
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: not JSON: {error.msg}") from None


def _all(
    path: pathlib.Path,
    found: list[Any],
    read: Callable[..., Row],
    counted: Counted,
) -> list[Row]:
    """Return a row of each of those `found`, which begin with their line's number."""
    rows = []
    for one in counted(found, f"reading {path.name}"):
        try:
            rows.append(read(one))
        except ValueError as error:
            raise DataError(f"{path}:{one[0]}: {error}") from None
    return rows


def load_labelled(
    path: pathlib.Path, known: Sequence[str] = (), counted: Counted = uncounted
) -> list[Row]:
    """Read a file all of whose texts have a label, one of `known` if there are any.

    Raises:
        DataError: as `load_rows`; or a line without a label, with an unknown one, or
            none at all; or labels that hardly two rows share.
    """
    rows = load_rows(path, counted)
    for row in rows:
        if not row.label:
            raise DataError(f"{path}:{row.number}: no label, a text or a whole number")
        if known and row.label not in known:
            raise DataError(
                f"{path}:{row.number}: label {row.label!r} is not in the training "
                f"data, which has {', '.join(known)}"
            )
    if not rows:
        raise DataError(f"{path}: no text in it; write text TAB label, one a line")
    labels = [row.label for row in rows]
    if len(rows) >= DOUBT and mostly_own(labels):
        raise DataError(
            f"{path}: {len(set(labels)):,} different labels in {len(rows):,} rows, so "
            "most stand once; is the label in another place?"
        )
    return rows


def _plain_row(found: Cells) -> Row:
    number, text, label = found
    if not text.strip():
        raise ValueError("no text")
    return Row(number, text, to_simplified(text.strip()), _one_line(label))


def _json_line(found: Line) -> Row:
    number, line = found
    try:
        return _json_row((number, parse_json(line)))
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg}") from None


def _json_row(found: tuple[int, Any]) -> Row:
    number, fields = found
    if not isinstance(fields, dict):
        raise ValueError(f"not {WANTED}")
    given = next((fields[name] for name in LABELS if name in fields), None)
    label = _one_line(str(given)) if isinstance(given, str | int) else None
    text = _text_in(fields)
    return Row(number, text, to_simplified(text.strip()), label)


def _one_line(label: str) -> str | None:
    """Return a label as a line of a list can hold it; None if nothing is left."""
    return " ".join(label.split()) or None


def _text_in(fields: dict[str, Any]) -> str:
    """Return the text of a JSON row, or the lines of a poem with their marks."""
    text, lines = fields.get("text"), fields.get("lines")
    if isinstance(lines, list) and all(isinstance(x, str) for x in lines):
        text = text or verse(lines)
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"not {WANTED}")
    if HALF.search(text):
        raise ValueError("half a character, a lone surrogate, in its text")
    return text
