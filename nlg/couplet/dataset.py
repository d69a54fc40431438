"""Read, clean and split couplets.

    path, text -> records (one a couplet, as found) -> couplets (clean) -> train, dev

Four layouts are read, gzipped or not: `first line TAB second line` (what `nlg data
couplet` writes; more fields are left alone, and one `；` or `——` will do for the TAB),
JSON lines or a JSON array of `{first_line, second_line}`, in.txt with out.txt beside
it, line n of which answers line n (wb14123/couplet-dataset), and poems in JSON, as
`nlg data poem` reads them: of a 律诗 the two couplets in the middle, which the form
wants to be parallel.

A clean line is simplified characters with single marks out of `，、？` between them.
"""

import io
import pathlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from nlg.errors import DataError
from nlg.files import UNREADABLE, text_of
from nlg.text import collect
from nlg.text.collect import (
    HALF,
    Report,
    Value,
    is_json,
    name_of,
    readable,
    text_and_problem,
    values,
)
from nlg.text.couplets import Couplet
from nlg.text.normalize import HAN, fold_width, simplified

SUFFIXES = (".json", ".jsonl", ".tsv", ".txt")
PARTNERS = {"in.txt": "out.txt", "in.txt.gz": "out.txt.gz"}
MAX_LENGTH = 64  # characters of a line, marks included
MARKS = "，、？"
MARK_OF = str.maketrans(dict.fromkeys(",.!;:。", "，") | {"?": "？"})
MARK = re.compile(f"[{MARKS}]")
CLEAN = re.compile(f"{HAN.pattern}+(?:{MARK.pattern}{HAN.pattern}+)*")
REGULATED, PARALLEL = 8, (2, 4)  # lines of 律诗, and those that begin its couplets
HEADERS = (("上联", "下联"), ("first_line", "second_line"))
HALVES = re.compile(";|；|——")


class Record(NamedTuple):
    """Two lines as found at `where` (file:line); `problem`: why they are unreadable."""

    where: str
    first_line: str = ""
    second_line: str = ""
    problem: str = ""


def load_couplets(path: pathlib.Path) -> list[Couplet]:
    """Read what `nlg data couplet` wrote.

    Raises:
        DataError: a record is no couplet, or its two lines differ in length.
    """
    couplets = [_couplet(record) for record in readable(read(path), Report(), True)]
    if not couplets:
        raise DataError(f"{path}: no couplet in it; make it with nlg data couplet")
    return couplets


def find_files(inputs: Iterable[str]) -> list[pathlib.Path]:
    """Return the files that `inputs` name; a folder stands for what is below it.

    An out.txt is left out in favour of the in.txt beside it, with which it is read.
    """
    first_of = {second: first for first, second in PARTNERS.items()}
    files = collect.find_files(inputs, SUFFIXES)
    paths = (path.with_name(first_of.get(path.name, path.name)) for path in files)
    return list(dict.fromkeys(paths))


def read(path: pathlib.Path) -> Iterator[Record]:
    """Yield the records of one file; `-` is standard input.

    A record that cannot be read is yielded with its `problem`, never skipped.

    Raises:
        DataError: in.txt or the out.txt beside it cannot be read, or they have not the
            same number of lines.
    """
    if path.name in PARTNERS:
        yield from _read_partners(path, path.with_name(PARTNERS[path.name]))
        return
    name = name_of(path)
    text, problem = text_and_problem(path)
    if problem:
        yield Record(name, problem=problem)
        return
    if is_json(text):
        for found in values(name, text):
            yield from records_of(found)
    else:
        yield from _read_plain(name, text)


def clean(
    records: Iterable[Record],
    report: Report,
    strict: bool = False,
    max_length: int = MAX_LENGTH,
    excluded: Collection[str] = (),
) -> Iterator[Couplet]:
    """Yield each good couplet once; count every other record in `report`.

    Args:
        records: as found.
        report: is added to.
        strict: raise a DataError at the first record that cannot be read.
        max_length: characters that a line may have, marks included.
        excluded: lines, of any side, that no couplet may hold (`lines_in`).
    """
    seen: set[Couplet] = set()
    for record in readable(records, report, strict):
        couplet = cleaned(record.first_line, record.second_line)
        reason = _reason_to_drop(couplet, max_length, excluded)
        if reason or couplet in seen:
            report.dropped[reason or "duplicate"] += 1
            continue
        seen.add(couplet)
        report.kept["对联"] += 1
        yield couplet


def cleaned(first_line: str, second_line: str) -> Couplet:
    """Return two lines with simplified characters, as few marks as can be, no spaces.

    Example:
        >>> cleaned("書山有路 勤為徑!", "學海無涯 苦作舟。")
        Couplet(first_line='书山有路勤为径', second_line='学海无涯苦作舟')
        >>> cleaned("海纳百川,有容乃大;", "壁立千仞：无欲则刚").second_line
        '壁立千仞，无欲则刚'
    """
    return Couplet(*simplified([_tidy(first_line), _tidy(second_line)]))


def lines_in(paths: Iterable[pathlib.Path]) -> set[str]:
    """Return the lines of the couplets in files, clean and without marks.

    Raises:
        DataError: at the first record that cannot be read.
    """
    records = (record for path in paths for record in read(path))
    return {
        unmarked(line)
        for record in readable(records, Report(), strict=True)
        for line in cleaned(record.first_line, record.second_line)
    }


def unmarked(line: str) -> str:
    """Return a clean line without its marks, which may be set in more than one way."""
    return MARK.sub("", line)


def split(
    couplets: Sequence[Couplet], dev_share: float, seed: int
) -> tuple[list[Couplet], list[Couplet]]:
    """Return train and dev; no line of dev, on any side, however marked, is in train.

    The same couplets and seed give the same split.
    """
    return collect.split(couplets, dev_share, seed, _families(couplets))


def write(couplets: Iterable[Couplet], path: pathlib.Path) -> None:
    """Write a couplet a line, gzipped if `path` ends in .gz; whole or not at all."""
    collect.write_lines(map("\t".join, couplets), path)


def _couplet(record: Record) -> Couplet:
    """Return a record of training data as it is."""
    first, second = record.first_line, record.second_line
    if len(first) != len(second):
        raise DataError(
            f"{record.where}: 上联 has {len(first)} characters, 下联 {len(second)};"
            " clean the file with nlg data couplet"
        )
    return Couplet(first, second)


def _tidy(line: str) -> str:
    """Return `line` without spaces and end marks, what is not Chinese made narrow."""
    narrow = fold_width("".join(line.split()))
    return narrow.translate(MARK_OF).rstrip(MARKS)


def _reason_to_drop(
    couplet: Couplet, max_length: int, excluded: Collection[str]
) -> str:
    """Return why two lines are no couplet to be kept, or ""."""
    first, second = couplet
    if not (first and second):
        return "empty"
    if not (CLEAN.fullmatch(first) and CLEAN.fullmatch(second)):
        return "gaps or foreign characters"
    if len(first) != len(second):
        return "lines of unequal length"
    if _mark_places(first) != _mark_places(second):
        return "marks at different places"
    if len(first) > max_length:
        return f"longer than {max_length} characters"
    if first == second:
        return "the same line twice"
    if excluded and any(unmarked(line) in excluded for line in couplet):
        return "excluded"
    return ""


def _mark_places(line: str) -> list[int]:
    return [mark.start() for mark in MARK.finditer(line)]


def _families(couplets: Iterable[Couplet]) -> list[str]:
    """Return a label for each couplet, one for all that are linked by lines they share.

    A first line has many answers and an answer may stand first elsewhere: 烟锁池塘柳
    with 桃燃锦江堤 and 烟锁池塘柳 with 炮镇海城楼 are one family.
    """
    parents: dict[str, str] = {}

    def root(line: str) -> str:
        parent = parents.setdefault(line, line)
        while parent != line:
            parents[line] = line = parents[parent]  # halves the way for the next time
            parent = parents[line]
        return line

    firsts = []
    for couplet in couplets:
        first, second = map(unmarked, couplet)
        parents[root(second)] = root(first)
        firsts.append(first)
    return [root(first) for first in firsts]


def _read_partners(first: pathlib.Path, second: pathlib.Path) -> Iterator[Record]:
    """Yield line n of one file with line n of the other."""
    firsts, seconds = _lines_of(first), _lines_of(second)
    if len(firsts) != len(seconds):
        raise DataError(
            f"{first} has {len(firsts):,} lines, {second.name} {len(seconds):,}; "
            "line n of one must answer line n of the other"
        )
    for number, lines in enumerate(zip(firsts, seconds, strict=True), 1):
        yield Record(f"{first}:{number}", *lines)


def _lines_of(path: pathlib.Path) -> list[str]:
    """Return the lines of an in.txt or out.txt."""
    try:
        return list(io.StringIO(text_of(path)))
    except UNREADABLE as error:
        why = getattr(error, "strerror", None) or error
        raise DataError(
            f"{path} cannot be read: {why}; in.txt and out.txt are read together, "
            "couplets in one file need another name"
        ) from None


def _read_plain(name: str, text: str) -> Iterator[Record]:
    for number, line in enumerate(io.StringIO(text), 1):
        halves = tuple(line.rstrip("\r\n").split("\t")[:2])
        if line.strip() and not (number == 1 and halves in HEADERS):
            yield record_of_line(f"{name}:{number}", line)


def record_of_line(where: str, line: str) -> Record:
    """Return the couplet that a line of text holds."""
    lines = line.rstrip("\r\n").split("\t")[:2]
    if len(lines) < 2:
        lines = HALVES.split(lines[0])
    if len(lines) == 2:
        return Record(where, *lines)
    return Record(where, problem="no TAB between 上联 and 下联")


def records_of(found: Value) -> Iterator[Record]:
    """Yield the couplets that a JSON object holds: itself, or those of its poems."""
    where, fields, problem = found
    if problem:
        yield Record(where, problem=problem)
    elif not isinstance(fields, dict):
        yield Record(where, problem="not a JSON object")
    elif fields.keys().isdisjoint(Couplet._fields) and len(fields):
        yield from _of_poems(found)
    else:
        yield _record(where, *(fields.get(key) for key in Couplet._fields))


def _of_poems(found: Value) -> Iterator[Record]:
    """Yield the parallel couplets of each 律诗 of an object, none of any other poem."""
    from nlg.text.apart import apart  # here, as what answers couplets does without
    from nlg.text.forms import form_of
    from nlg.text.poem_records import of_value

    for record in of_value(found):
        if record.problem:
            yield Record(record.where, problem=record.problem)
            continue
        title, *lines = simplified([" ".join(record.title.split()), *record.lines])
        for poem in apart(record._replace(title=title, lines=tuple(lines))):
            if poem.reason or len(poem.lines) != REGULATED or not form_of(poem.lines):
                continue
            for first in PARALLEL:
                yield Record(poem.where, *poem.lines[first : first + 2])


def _record(where: str, first: object, second: object) -> Record:
    """Return two lines, found in a JSON object, as a record."""
    if not isinstance(first, str) or not isinstance(second, str):
        keys = " and ".join(Couplet._fields)
        return Record(where, problem=f"no strings under {keys}")
    if HALF.search(first + second):
        return Record(where, problem="half a character, such as \\ud840 by itself")
    return Record(where, first, second)
