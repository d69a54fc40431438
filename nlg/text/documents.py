"""Plain text, parted into documents and sentences.

Reads text with a blank line between documents, JSON lines or an array (`passage`,
`text`, or the `lines` or `paragraphs` of a poem), recognised by how a file begins;
gzipped or xz'd.
"""

import io
import itertools
import json
import pathlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from nlg.errors import DataError
from nlg.files import UNREADABLE, opened, parse_json
from nlg.text.collect import HALF, name_of, source_of
from nlg.text.forms import verse

SENTENCE = re.compile(
    r"[^。！？；!?;\n]*[。！？；!?;\n]+[”’」』)）]*|[^。！？；!?;\n]+$"
)
LONGEST_DOCUMENT = 20_000  # characters; longer ones are cut, so that nothing blows up


def cut_sentences(text: str) -> list[str]:
    """Return the sentences of `text`; joined, they are `text`.

    Example:
        >>> cut_sentences("「好！」他说。走吧")
        ['「好！」', '他说。', '走吧']
    """
    return SENTENCE.findall(text)


def in_turn(paths: Iterable[pathlib.Path]) -> Iterator[tuple[str, str]]:
    """Yield the documents of all files, one of each in turn, after the file's source.

    Raises:
        DataError: as `documents` does.
    """
    left = {path: documents(path) for path in paths}
    while left:
        for path, found in list(left.items()):
            text = next(found, None)
            if text is None:
                del left[path]
            else:
                yield source_of(path), text


def documents(path: pathlib.Path) -> Iterator[str]:
    """Yield the documents of a file; `-` is standard input.

    Raises:
        DataError: not text, not what its name says, or a record that is no document.
    """
    try:
        with opened(path) as file:
            yield from _documents(path, file)
    except UNREADABLE as error:
        raise DataError(
            f"{name_of(path)}: cannot be read as UTF-8 text: {error}"
        ) from None


def _documents(path: pathlib.Path, file: Iterator[str]) -> Iterator[str]:
    """Yield the documents of an open file, by what its first line is."""
    number, first = next(((n, x) for n, x in enumerate(file, 1) if x.strip()), (1, ""))
    lines: Iterator[str] = itertools.chain([first], file)
    if ".jsonl" in path.suffixes or isinstance(_parsed(first), dict):
        found = ((n, _parsed(x)) for n, x in enumerate(lines, number) if x.strip())
        yield from _of_records(f"{name_of(path)}:", found)
        return
    if first.startswith("["):  # an array has to be read whole, and so is what is none
        text = "".join(lines)
        records = _parsed(text)
        if isinstance(records, list):
            yield from _of_records(f"{name_of(path)}: record ", enumerate(records, 1))
            return
        lines = io.StringIO(text)
    yield from _of_text(lines)


def _of_text(file: Iterable[str]) -> Iterator[str]:
    lines: list[str] = []
    size = 0
    for line in file:
        if line.strip() and size < LONGEST_DOCUMENT:
            lines.append(line[:LONGEST_DOCUMENT])
            size += len(line)
            continue
        if lines:
            yield "".join(lines)
        lines, size = (
            ([line[:LONGEST_DOCUMENT]], len(line)) if line.strip() else ([], 0)
        )
    if lines:
        yield "".join(lines)


def _of_records(name: str, numbered: Iterable[tuple[int, Any]]) -> Iterator[str]:
    """Yield the texts of JSON values, one for several questions about one passage."""
    before = ""
    for number, record in numbered:
        try:
            text = _text_of(record)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise DataError(
                f"{name}{number}: no JSON object with passage, text or lines"
            ) from None
        if text != before:
            yield text[:LONGEST_DOCUMENT]
        before = text


def _parsed(text: str) -> Any:
    """Return the value of a JSON text; None if it is none."""
    try:
        return parse_json(text)
    except json.JSONDecodeError:
        return None


def _text_of(record: Any) -> str:
    if isinstance(record.get("paragraphs"), list):  # chinese-poetry's: marks are there
        text = "".join(record["paragraphs"])
    elif isinstance(record.get("lines"), list):
        "".join(record["lines"])  # raises for what is no text
        text = verse(record["lines"])
    else:
        text = record["passage"] if "passage" in record else record["text"]
    if HALF.search(text):
        raise ValueError("half a character")
    return text
