"""Read, clean and split poems.

    path, text -> records (one a poem, as found) -> poems (cleaned) -> train and dev

Three layouts are read, gzipped or not: JSON arrays of `{title, author, paragraphs}`
(chinese-poetry), JSON lines of `{form, dynasty, author, title, lines}` (what `nlg data
poem` writes; one object over many lines will do), and plain text, one poem a line or
one a block between blank lines.
"""

import dataclasses
import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nlg.files import UNREADABLE, text_of
from nlg.text import collect
from nlg.text.collect import (
    HALF,
    Report,
    Value,
    array_values,
    json_values,
    name_of,
    readable,
)
from nlg.text.forms import FORMS, cut_unmarked, form_of
from nlg.text.normalize import fold_width, is_han, simplified, to_simplified, verses

SUFFIXES = (".json", ".jsonl", ".txt")
HEADS = 2  # lines before a poem at most: its title, its author


@dataclasses.dataclass(frozen=True)
class Poem:
    """A poem whose lines are simplified characters without punctuation."""

    form: str
    lines: tuple[str, ...]
    title: str = ""
    author: str = ""
    dynasty: str = ""

    def to_json(self) -> str:
        """Return one JSON line."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)


class Record(NamedTuple):
    """A poem as found at `where` (file:line); `problem` says why it is unreadable."""

    where: str
    lines: tuple[str, ...] = ()
    title: str = ""
    author: str = ""
    dynasty: str = ""
    problem: str = ""


def load_poems(path: pathlib.Path) -> list[Poem]:
    """Read what `nlg data poem` wrote; raise at the first bad record."""
    return list(clean(read(path), FORMS, Report(), strict=True))


def find_files(inputs: Iterable[str]) -> list[pathlib.Path]:
    """Return the files that `inputs` name; a folder means all below it."""
    return collect.find_files(inputs, SUFFIXES)


def read(path: pathlib.Path) -> Iterator[Record]:
    """Yield the records of one file; `-` is standard input.

    A record that cannot be read is yielded with its `problem`, never skipped.
    """
    name = name_of(path)
    try:
        text = text_of(path)
    except UNREADABLE as error:
        yield Record(name, problem=f"cannot be read: {error}")
        return
    start = text.lstrip()[:1]
    if start == "[":
        yield from map(_record, array_values(name, text))
    elif start == "{":
        yield from map(_record, json_values(name, text))
    else:
        yield from _read_plain(name, text)


def clean(
    records: Iterable[Record], forms: Iterable[str], report: Report, strict: bool
) -> Iterator[Poem]:
    """Yield each poem of the asked `forms` once; count every other record in `report`.

    Raises:
        DataError: with `strict`, at the first record that cannot be read.
    """
    seen: set[tuple[str, ...]] = set()
    wanted = set(forms)
    for record in readable(records, report, strict):
        lines = simplified(record.lines)
        form = form_of(lines)
        reason = _reason_to_drop(lines, form and form.name, wanted, seen)
        if reason:
            report.dropped[reason] += 1
            continue
        assert form is not None
        seen.add(lines)
        report.kept[form.name] += 1
        about = (
            to_simplified(x) for x in (record.title, record.author, record.dynasty)
        )
        yield Poem(form.name, lines, *about)


def write(poems: Iterable[Poem], path: pathlib.Path) -> None:
    """Write JSON lines, gzipped if `path` ends in .gz; whole or not at all."""
    collect.write_lines((poem.to_json() for poem in poems), path)


def _reason_to_drop(
    lines: tuple[str, ...], form: str | None, wanted: set[str], seen: set
) -> str:
    """Return why a poem of these simplified lines is not kept, or ""."""
    text = "".join(lines)
    if not text:
        return "empty"
    if not is_han(text):
        return "gaps or foreign characters"
    if form is None:
        return "not a regulated form"
    if form not in wanted:
        return "a form not asked for"
    return "duplicate" if lines in seen else ""


def _record(found: Value) -> Record:
    """Return the record that a JSON object describes."""
    where, fields, problem = found
    if problem:
        return Record(where, problem=problem)
    if not isinstance(fields, dict):
        return Record(where, problem="not a JSON object")
    body = fields.get("paragraphs", fields.get("lines"))
    if not isinstance(body, list) or not all(isinstance(line, str) for line in body):
        return Record(where, problem="no list of strings under paragraphs or lines")
    about = [fields.get(key) or "" for key in ("title", "author", "dynasty")]
    if not all(isinstance(value, str) for value in about):
        return Record(where, problem="title, author and dynasty must be strings")
    if HALF.search("".join([*body, *about])):
        return Record(where, problem="half a character, such as \\ud840 by itself")
    return Record(where, _lines_of("\n".join(body)), *about)


def _lines_of(text: str) -> tuple[str, ...]:
    """Split at marks and line ends, keeping other signs so that gaps show."""
    text = fold_width(text)
    for mark in ",.!?;:。、":
        text = text.replace(mark, "\n")
    return tuple(line for line in "".join(text.split(" ")).split("\n") if line)


def _read_plain(name: str, text: str) -> Iterator[Record]:
    block: list[str] = []
    start = 1
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            block.append(line)
            continue
        yield from _records_of_block(name, start, block)
        block, start = [], number + 1


def _records_of_block(name: str, start: int, block: list[str]) -> Iterator[Record]:
    """Yield one record if the block is one poem, else one a line if a line is one."""
    if not block:
        return
    heads = _heads_of(block)
    if heads is None and any(map(_is_poem, block)):
        for number, line in enumerate(block, start):
            yield Record(f"{name}:{number}", _plain_lines([line]))
        return
    about, body = block[: heads or 0], block[heads or 0 :]
    yield Record(f"{name}:{start}", _plain_lines(body), *map(str.strip, about))


def _heads_of(block: list[str]) -> int | None:
    """Return how many lines, title and author, precede the block's one poem.

    None if the block is not one poem. What reads like two lines of the verse is no
    head: a poem of six lines is not one of four with a title.
    """
    if sum(map(_is_poem, block)) > 1:
        return None
    for heads in range(min(HEADS + 1, len(block))):
        form = form_of(_plain_lines(block[heads:]))
        lengths = [len(line) for line in _plain_lines(block[:heads])]
        if form and (len(lengths) < 2 or not {*lengths} <= {*form.line_lengths}):
            return heads
    return None


def _is_poem(line: str) -> bool:
    """Return whether a line of text holds a whole poem."""
    return form_of(cut_unmarked(verses(line))) is not None


def _plain_lines(block: list[str]) -> tuple[str, ...]:
    """Return the lines of the verse in lines of text."""
    return cut_unmarked(_lines_of("\n".join(block)))
