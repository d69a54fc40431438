"""Poems as collections write them, each brought to a `Record`; clean, a `Poem`.

    {"title", "author", "paragraphs": ["甲，乙。", …]}    chinese-poetry; "rhythmic"
    {"content": [{"chapter", "author", "paragraphs"}]}   the same, poems inside a book
    {"title", "poet", "poem": "甲|乙|丙|丁"}              FSPC, PQED; "content" in CCPC
    题目,朝代,作者,内容                                  the tables of Werneror/Poetry

Of the text, notes are left out, marks inside a line too; a character that an editor
supplied, [雨], stays. Other signs stay, so that gaps (□) show. 其一 … 其二 part poems.
This file does not know what forms there are.
"""

import csv
import dataclasses
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from nlg.text.collect import HALF, Value
from nlg.text.normalize import fold_width

BODIES = ("paragraphs", "lines", "content", "poem", "内容")
TITLES = ("title", "chapter", "rhythmic", "题目", "标题")
AUTHORS = ("author", "poet", "作者")
DYNASTIES = ("dynasty", "朝代")

STOP = "[,.!?;:。、|\n]"
QUOTES = re.compile("[「」『』“”‘’\"'〝〞《》〈〉]")
NUMBER = "[一二三四五六七八九十百]+"
OPENS, CLOSES = r"[\[〔【]", r"[\]〕】]"
# (…) is a note; so are [1], [一] before a stop, and three characters in brackets.
NOTE = re.compile(
    r"\([^()]*\)"
    rf"|{OPENS}(?:\d+{CLOSES}|{NUMBER}{CLOSES}(?={STOP}|\Z)|[^\[\]〔〕【】]{{3,}}{CLOSES})"
)
SUPPLIED = re.compile(rf"{OPENS}([^\[\]〔〕【】]{{1,2}}){CLOSES}")
# A book after a line is where the line is from: 。《全唐诗》卷一, 。见《纪事》
BEGINS = r"(?:(?<=[.!?。|\n])|\A) ?"
BOOK = re.compile(rf"{BEGINS}[见見出载載]?《[^《》]*》(?:卷{NUMBER})?(?=[ \n.。(]|\Z)")
PART = re.compile(
    rf"{BEGINS}(?:[(\[〔【]其{NUMBER}[)\]〕】][:、,]?"
    rf"|其{NUMBER}[:、. \n]|{NUMBER}[、.]?\n)"
)


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
    tune: str = ""  # that the record says it is sung to
    part: int = 0  # which one of a record that held several, from 1
    reason: str = ""  # why it is no regulated poem, as nlg.text.apart found


def of_value(found: Value, around: Record | None = None) -> Iterator[Record]:
    """Yield the poems of a JSON value.

    Args:
        found: the value and where it stands.
        around: what holds for all poems of the value that this one stands in.
    """
    where, fields, problem = found
    if problem:
        yield Record(where, problem=problem)
        return
    try:
        yield from _of_object(where, fields, around or Record(where))
    except ValueError as error:
        yield Record(where, problem=str(error))
    except RecursionError:
        yield Record(where, problem="nested too deep")


def of_table(name: str, text: str) -> Iterator[Record]:
    """Yield the poems of comma-separated values, whose first line names the columns."""
    reader, number = csv.reader(text.splitlines(keepends=True)), 1
    names: list[str] = []
    try:
        for row in reader:
            if names and row:
                cells = itertools.zip_longest(names, row[: len(names)], fillvalue="")
                yield from of_value(Value(f"{name}:{number}", dict(cells)))
            names = names or row
            number = reader.line_num + 1
    except csv.Error as error:
        yield Record(f"{name}:{number}", problem=f"no values between commas: {error}")


def is_table(text: str) -> bool:
    """Return whether the first line of `text` names columns, one of them the poem."""
    first = text.lstrip().partition("\n")[0]
    return not {*BODIES}.isdisjoint(name.strip(' "\r') for name in first.split(","))


def parts_of(text: str) -> list[str]:
    """Return the poems of a text that numbers them, else the text alone.

    Example:
        >>> parts_of("其一：甲乙。其二：丙丁。")
        ['甲乙。', '丙丁。']
    """
    text = _tidy(text)
    return [part for part in PART.split(text) if part.strip()] or [text]


def lines_of(text: str) -> tuple[str, ...]:
    """Split a poem at its stops and line ends, without notes and marks inside a line.

    Example:
        >>> lines_of("劝君更尽“一杯”酒，西出《阳关》无[故]人。（一作友）")
        ('劝君更尽一杯酒', '西出阳关无故人')
    """
    text = NOTE.sub("", NOTE.sub("", _tidy(text)))  # a note may stand in a note
    text = QUOTES.sub("", SUPPLIED.sub(r"\1", BOOK.sub("", text)))
    return tuple(filter(None, re.split(STOP, text.replace(" ", ""))))


def _of_object(where: str, fields: Any, around: Record) -> Iterator[Record]:
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")
    known = around._replace(
        title=_first_text(fields, TITLES) or around.title,
        author=_first_text(fields, AUTHORS) or around.author,
        dynasty=_first_text(fields, DYNASTIES) or around.dynasty,
        tune=_first_text(fields, ("rhythmic",)),
    )
    body = next((fields[key] for key in BODIES if key in fields), None)
    if isinstance(body, dict):
        body = [body]
    if isinstance(body, list) and any(isinstance(part, dict) for part in body):
        inside = known._replace(title="")
        for number, part in enumerate(body, 1):
            yield from of_value(Value(f"{where}, {number}", part), inside)
        return
    text = _text(body)
    if HALF.search("".join([text, *known[2:5]])):
        raise ValueError("half a character, such as \\ud840 by itself")
    parts = parts_of(text)
    for number, part in enumerate(parts, 1):
        yield known._replace(
            where=where, lines=lines_of(part), part=number if len(parts) > 1 else 0
        )


def _first_text(fields: dict[str, Any], keys: tuple[str, ...]) -> str:
    """Return the text under the first of `keys` that has one."""
    found = next((fields[key] for key in keys if fields.get(key)), "")
    if not isinstance(found, str):
        raise ValueError("title, author and dynasty must be strings")
    return found


def _text(body: Any) -> str:
    """Return the text of a poem: a string, or lists of strings."""
    if isinstance(body, list):
        return "\n".join(map(_text, body))
    if not isinstance(body, str):
        raise ValueError(f"no list of strings, nor a text, under {', '.join(BODIES)}")
    return body


def _tidy(text: str) -> str:
    """Return `text` half-width, blanks made one, and none at the ends of lines."""
    lines = (" ".join(line.split()) for line in fold_width(text).splitlines())
    return "\n".join(filter(None, lines))
