"""Labelled texts, and texts that want a label, from files.

    text TAB label                                  as sentiment corpora are
    {"text": "服务很好", "label": "1"}               JSON lines
    {"lines": ["床前明月光", …], "sentiment": 2}     poems, in lines

A file is one or the other throughout, as its first line is; it may be gzipped. A label
is text: 1 and "1" are the same one.
"""

import json
import pathlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from nlg.errors import DataError
from nlg.files import UNREADABLE, parse_json, text_of
from nlg.text.collect import HALF
from nlg.text.forms import verse
from nlg.text.normalize import to_simplified

WANTED = 'an object with "text" or "lines"'
LABELS = ("sentiment", "label")  # what is told, before what `nlg classify` found

# Called with lines and what is done with them; yields them, and may show how far it is.
Counted = Callable[[list[tuple[int, str]], str], Iterable[tuple[int, str]]]


def uncounted(lines: list[tuple[int, str]], doing: str) -> Iterable[tuple[int, str]]:
    """Return `lines`, showing nothing."""
    return lines


class Row(NamedTuple):
    """A line of a file."""

    number: int  # from 1
    written: str  # its text as it stands there
    text: str  # in simplified characters
    label: str | None
    fields: dict[str, Any] | None  # of its JSON; None if the line was plain text


def load_rows(path: pathlib.Path, counted: Counted = uncounted) -> list[Row]:
    """Read the texts of a file, blank lines left out; `-` is stdin.

    Raises:
        DataError: the file cannot be read, or a line is not of the file's kind.
    """
    try:
        lines = text_of(path).split("\n")
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    numbered = [(n, x.rstrip("\r")) for n, x in enumerate(lines, 1) if x.strip()]
    is_json = bool(numbered) and numbered[0][1].lstrip().startswith("{")
    read = _json_row if is_json else _plain_row
    rows = []
    for number, line in counted(numbered, f"reading {path.name}"):
        try:
            rows.append(read(number, line))
        except ValueError as error:
            raise DataError(f"{path}:{number}: {error}") from None
    return rows


def load_labelled(
    path: pathlib.Path, known: Sequence[str] = (), counted: Counted = uncounted
) -> list[Row]:
    """Read a file all of whose texts have a label, one of `known` if there are any.

    Raises:
        DataError: as `load_rows`; or a line without a label, with an unknown one, or
            none at all.
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
    return rows


def _plain_row(number: int, line: str) -> Row:
    text, tab, label = line.rpartition("\t")
    if not tab:
        text, label = line, ""
    if not text.strip():
        raise ValueError("no text before the tab")
    return Row(number, text, to_simplified(text.strip()), _one_line(label), None)


def _json_row(number: int, line: str) -> Row:
    try:
        fields = parse_json(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg}") from None
    if not isinstance(fields, dict):
        raise ValueError(f"not {WANTED}")
    found = next((fields[name] for name in LABELS if name in fields), None)
    label = _one_line(str(found)) if isinstance(found, str | int) else None
    text = _text_in(fields)
    return Row(number, text, to_simplified(text.strip()), label, fields)


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
