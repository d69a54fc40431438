"""The rhyme books: which groups a character rhymes in, and in which tone.

    平水韵     106 groups, the language of Tang and Song
    词林正韵   19 部, wider, for 词; a 部 has its 平, its 上 and its 去, or is all 入
    中华新韵   14 groups, the language of today
    中华通韵   16 groups, the same, as decreed in 2019

`rhymes.txt` beside this file holds the first two as facts and Mandarin finals, from
which the others follow by rule; data/make_rhymes.py made it. Characters are simplified
ones. A reading that is in a book may be rare: `nlg.text.readings` knows which are used.
"""

import collections
import functools
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

from nlg.errors import OptionError

PINGSHUI, CILIN, XINYUN, TONGYUN = BOOKS = (
    "平水韵",
    "词林正韵",
    "中华新韵",
    "中华通韵",
)
LEVEL, OBLIQUE = "平仄"
SPOKEN, BY_USE = "普通话", "用例"  # rows of the table that are of no book
MODERN = {  # the finals of each group; ü is v, that of 知 and 资 is -i
    XINYUN: {
        "一麻": "a ia ua",
        "二波": "o e uo",
        "三皆": "ie ve",
        "四开": "ai uai",
        "五微": "ei uei",
        "六豪": "ao iao",
        "七尤": "ou iou",
        "八寒": "an ian uan van",
        "九文": "en in uen vn",
        "十唐": "ang iang uang",
        "十一庚": "eng ing ong iong ueng",
        "十二齐": "i er v",
        "十三支": "-i",
        "十四姑": "u",
    },
    TONGYUN: {
        "一啊": "a ia ua",
        "二喔": "o uo",
        "三鹅": "e ie ve",
        "四衣": "i -i",
        "五乌": "u",
        "六迂": "v",
        "七哀": "ai uai",
        "八欸": "ei uei",
        "九熬": "ao iao",
        "十欧": "ou iou",
        "十一安": "an ian uan van",
        "十二恩": "en in uen vn",
        "十三昂": "ang iang uang",
        "十四英": "eng ing ueng",
        "十五雍": "ong iong",
        "十六儿": "er",
    },
}
NUMBERS = "一二三四五六七八九"


class Reading(NamedTuple):
    """One way to read a character."""

    tone: str  # 平上去入, or 平仄 in the books of today
    group: str


class Group(NamedTuple):
    """A rhyme group of a book: 一东 is one of the level tone, 一董 of 上声."""

    tone: str
    name: str
    characters: str


@functools.cache
def _table() -> list[list[str]]:
    """Return the rows: book, tone, group or final, 部, characters."""
    text = pathlib.Path(__file__).with_name("rhymes.txt").read_text("utf-8")
    return [row.split("\t") for row in text.splitlines()[1:]]


def _facts(book: str) -> Iterator[Group]:
    """Yield the groups of `book`, a row of the table at a time."""
    for source, tone, name, part, characters in _table():
        if source == PINGSHUI and book == PINGSHUI:
            yield Group(tone, name, characters)
        elif source == PINGSHUI and book == CILIN:
            yield Group(tone, part_named(int(part)), characters)
        elif source == SPOKEN and book in MODERN:
            yield Group(tone, group_of_final(book)[name], characters)


@functools.cache
def group_of_final(book: str) -> dict[str, str]:
    """Return the group of each Mandarin final in a book of today: ong -> 十一庚."""
    return {
        final: group
        for group, finals in MODERN[book].items()
        for final in finals.split()
    }


def part_named(number: int) -> str:
    """Return the name of a 部 of 词林正韵.

    Example:
        >>> part_named(1), part_named(10), part_named(19)
        ('第一部', '第十部', '第十九部')
    """
    tens, ones = divmod(number, 10)
    return f"第{'十' * tens}{NUMBERS[ones - 1] if ones else ''}部"


def refuse_unknown(book: str) -> None:
    """Stop if there is no such book.

    Raises:
        OptionError: the books that there are.
    """
    if book not in BOOKS:
        raise OptionError(f"no rhyme book {book!r}; there are {', '.join(BOOKS)}")


@functools.cache
def groups(book: str = PINGSHUI) -> tuple[Group, ...]:
    """Return the groups of a book, those of one tone and name as one.

    Raises:
        OptionError: there is no such book.
    """
    refuse_unknown(book)
    found: dict[Reading, set[str]] = collections.defaultdict(set)
    for tone, name, characters in _facts(book):
        found[Reading(tone, name)].update(characters)
    if book in MODERN:
        order = list(MODERN[book])
        found = dict(sorted(found.items(), key=lambda one: order.index(one[0].group)))
    return tuple(Group(*reading, "".join(sorted(found[reading]))) for reading in found)


@functools.cache
def _readings(book: str) -> dict[str, tuple[Reading, ...]]:
    refuse_unknown(book)
    found: dict[str, dict[Reading, None]] = collections.defaultdict(dict)
    for tone, name, characters in _facts(book):
        reading = Reading(tone, name)
        for character in characters:
            found[character][reading] = None
    return {character: tuple(readings) for character, readings in found.items()}


def readings(character: str, book: str = PINGSHUI) -> tuple[Reading, ...]:
    """Return all readings that a book has of `character`, rare ones too.

    Raises:
        OptionError: there is no such book.

    Example:
        >>> [tone + group for tone, group in readings("看")]
        ['平十四寒', '去十五翰']
    """
    return _readings(book).get(character, ())


@functools.cache
def parts(group: str) -> frozenset[str]:
    """Return the 部 of 词林正韵 that a level group of 平水韵 is in; some are in two.

    Example:
        >>> sorted(parts("一东")), sorted(parts("十灰"))
        (['第一部'], ['第三部', '第五部'])
    """
    return frozenset(
        part_named(int(part))
        for source, tone, name, part, _ in _table()
        if source == PINGSHUI and tone == LEVEL and name == group
    )


@functools.cache
def tones_by_use() -> dict[str, str]:
    """Return 平 or 仄 for characters that no old book has: what poems want of them."""
    rows = {row[1]: row[4] for row in _table() if row[0] == BY_USE}
    return {c: tone for tone, characters in rows.items() for c in characters}
