"""Plain text, parted into documents and sentences.

Reads text with a blank line between documents, JSON lines (`passage`, `text`, or the
`lines` or `paragraphs` of a poem), and either of them gzipped or xz'd.
"""

import json
import pathlib
import re
from collections.abc import Iterable, Iterator

from nlg.errors import DataError
from nlg.files import UNREADABLE, opened
from nlg.text.collect import name_of, source_of

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
    """Yield the documents of a file; `-` is plain text from standard input.

    Raises:
        DataError: not text, not what its name says, or a line that is no JSON.
    """
    try:
        with opened(path) as file:
            if ".jsonl" in path.suffixes:
                yield from _of_json_lines(path, file)
            else:
                yield from _of_text(file)
    except UNREADABLE as error:
        raise DataError(
            f"{name_of(path)}: cannot be read as UTF-8 text: {error}"
        ) from None


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


def _of_json_lines(path: pathlib.Path, file: Iterable[str]) -> Iterator[str]:
    before = ""
    for number, line in enumerate(file, 1):
        try:
            record = json.loads(line)
            text = _text_of(record)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DataError(
                f"{path}:{number}: no JSON object with passage, text or lines"
            ) from None
        if text != before:  # several questions about one passage stand together
            yield text[:LONGEST_DOCUMENT]
        before = text


def _text_of(record: dict) -> str:
    if "paragraphs" in record:  # chinese-poetry's: marks are there
        return "".join(record["paragraphs"])
    if "lines" in record:
        marks = ("，", "。")
        verses = (x + marks[i % 2] for i, x in enumerate(record["lines"]))
        return "".join(verses)
    return str(record["passage"] if "passage" in record else record["text"])
