"""Read, clean and split poems.

    path, text -> records (one a poem, as found) -> poems (cleaned) -> train and dev

Four layouts are read, gzipped or not: JSON arrays and JSON lines of what collections
write (`nlg.text.poem_records`; `{form, dynasty, author, title, lines}` is what `nlg
data poem` writes; one object over many lines will do), comma-separated values, and
plain text, one poem a line or one a block between blank lines.
"""

import pathlib
from collections.abc import Iterable, Iterator

from nlg.text import collect
from nlg.text.collect import (
    Report,
    is_json,
    name_of,
    readable,
    text_and_problem,
    values,
)
from nlg.text.forms import FORMS, cut_unmarked, form_of
from nlg.text.normalize import is_han, simplified, to_simplified
from nlg.text.poem_records import (
    Poem,
    Record,
    is_table,
    lines_of,
    of_table,
    of_value,
    parts_of,
)

SUFFIXES = (".json", ".jsonl", ".csv", ".txt")
PARTED = "a record of several poems, parted"
HEADS = 2  # lines before a poem at most: its title, its author


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
    text, problem = text_and_problem(path)
    if problem:
        yield Record(name, problem=problem)
        return
    if is_json(text):
        for found in values(name, text):
            yield from of_value(found)
    elif is_table(text):
        yield from of_table(name, text)
    else:
        yield from _read_plain(name, text)


def clean(
    records: Iterable[Record],
    forms: Iterable[str],
    report: Report,
    strict: bool,
    part: bool = False,
) -> Iterator[Poem]:
    """Yield each poem of the asked `forms` once; count every other record in `report`.

    Args:
        records: as found.
        forms: their names.
        report: is added to.
        strict: raise a DataError at the first record that cannot be read.
        part: a record may hold several poems, or a 词 (`nlg.text.apart`).
    """
    seen: set[tuple[str, ...]] = set()
    wanted = set(forms)
    for record in _poems_in(readable(records, report, strict), report, part):
        lines = record.lines
        form = form_of(lines)
        reason = record.reason or _reason_to_drop(
            lines, form and form.name, wanted, seen
        )
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


def _poems_in(
    records: Iterable[Record], report: Report, part: bool
) -> Iterator[Record]:
    """Yield the records in simplified characters, those that hold several parted."""
    from nlg.text.apart import apart  # here, as what writes poems does without

    for record in records:
        found = [record._replace(lines=simplified(record.lines))]
        if part:
            found = apart(found[0]._replace(title=to_simplified(record.title)))
        report.read += len(found) - 1
        report.changed[PARTED] += found[0].part == 1
        yield from found


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
    """Yield the poems of a block: one, one a line, or those that it numbers."""
    if not block:
        return
    parts = parts_of("\n".join(block))
    if len(parts) > 1:
        yield from _numbered(f"{name}:{start}", parts)
        return
    heads = _heads_of(block)
    if heads is None and any(map(_is_poem, block)):
        for number, line in enumerate(block, start):
            yield Record(f"{name}:{number}", _plain_lines([line]))
        return
    title, author = _about(block[: heads or 0])
    yield Record(f"{name}:{start}", _plain_lines(block[heads or 0 :]), title, author)


def _numbered(where: str, parts: list[str]) -> Iterator[Record]:
    """Yield the poems of a block that numbers them; before the first are its heads."""
    title, author = "", ""
    if not _is_poem(parts[0]):
        title, author = _about(parts[0].split("\n"))
        parts = parts[1:]
    for number, part in enumerate(parts, 1):
        yield Record(where, _plain_lines([part]), title, author, part=number)


def _about(heads: list[str]) -> tuple[str, str]:
    """Return the title and the author that stand before a poem, "" if they do not."""
    title, author = (*map(str.strip, heads[:HEADS]), "", "")[:2]
    return title, author


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
    return form_of(_plain_lines([line])) is not None


def _plain_lines(block: list[str]) -> tuple[str, ...]:
    """Return the lines of the verse in lines of text."""
    return cut_unmarked(lines_of("\n".join(block)))
