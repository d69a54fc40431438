"""Tunes (词牌): the patterns that 词 are written to.

`tunes.txt.gz` beside this file is made by data/make_tunes.py, which says how a line of
it reads. A tune has several variants; a variant is a row of clauses, each with its
tones (平, 仄, and 中 for either) and a sign for how it ends:

    归字谣    平A中仄平平中仄平A平平仄，中仄仄平平A
    lengths   1   7           3    5

Nothing is read before a tune is asked for. Names are in simplified characters.
"""

import collections
import functools
import gzip
import pathlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from nlg.text.patterns import FREE
from nlg.text.readings import tones
from nlg.text.rhymes import PINGSHUI

CLAUSE = re.compile("([平仄中]+)([，、A-Za-z])(=?)")
HEAD = re.compile(
    "[^·・（(〔［\\[\\s　/,，、:：]*"
)  # of a title, before what it is about
AFTER = re.compile("词?(其?[一二三四五六七八九十百]+[首阕阙]?)?$")  # 竹枝词九首


class Clause(NamedTuple):
    """What stands between two stops."""

    tones: str  # 平, 仄 and 中
    end: str  # ， or 、 or the letter of its rhyme: A in level tone, a in oblique
    again: bool  # whether it says again what the clause before it says (叠)

    @property
    def rhymes(self) -> bool:
        """Return whether its last character rhymes."""
        return self.end.isalpha()


class Variant(NamedTuple):
    """A pattern of a tune."""

    source: str  # 钦 for 钦定词谱, 龙 for 龙榆生's 唐宋词格律
    clauses: tuple[Clause, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """Return the characters of each clause."""
        return tuple(len(clause.tones) for clause in self.clauses)


class Tune(NamedTuple):
    """A tune by all its names, the chief one first."""

    names: tuple[str, ...]
    variants: tuple[Variant, ...]


@functools.cache
def all_tunes() -> tuple[Tune, ...]:
    """Return every tune.

    Example:
        >>> tune = all_tunes()[1]
        >>> tune.names, tune.variants[0].lengths
        (('归字谣', '苍梧谣', '十六字令'), (1, 7, 3, 5))
    """
    packed = pathlib.Path(__file__).with_name("tunes.txt.gz").read_bytes()
    _, *blocks = gzip.decompress(packed).decode().rstrip().split("\n\n")
    return tuple(map(_tune, blocks))


def named(name: str) -> tuple[Tune, ...]:
    """Return the tunes of that name; 卖花声 is 浪淘沙令, and 谢池春."""
    return _by_name().get(name, ())


def titled(title: str) -> tuple[Tune, ...]:
    """Return the tunes that a title begins with: 浣溪沙·春闺, 竹枝词九首.

    Example:
        >>> [tune.names[0] for tune in titled("玉楼春（其二）")]
        ['玉楼春']
        >>> titled("玉楼春望")
        ()
    """
    head = HEAD.match(title.strip())
    name = head.group() if head else ""
    return named(name) or named(AFTER.sub("", name))


def sung_to(tunes: Sequence[Tune], lines: Sequence[str]) -> Tune | None:
    """Return the tune whose line lengths and rhymes' tones `lines` have, or None.

    Example:
        >>> lines = ["桃溪不作从容住", "秋藕绝来无续处", "当时相候赤阑桥"]
        >>> lines += ["今日独寻黄叶路", "烟中列岫青无数", "雁背夕阳红欲暮"]
        >>> lines += ["人如风后入江云", "情似雨馀粘地絮"]
        >>> sung_to(named("玉楼春"), lines).names[0]
        '玉楼春'
    """
    lengths = tuple(map(len, lines))
    for tune in tunes:
        for variant in tune.variants:
            if variant.lengths == lengths and _rhymes(variant, lines):
                return tune
    return None


def _rhymes(variant: Variant, lines: Sequence[str]) -> bool:
    """Return whether every rhyme is in the tone that it should have, or unknown."""
    feet = (
        (tones(line[-1], PINGSHUI), clause.tones[-1])
        for line, clause in zip(lines, variant.clauses, strict=True)
        if clause.rhymes
    )
    return all(not found or wanted in found | {FREE} for found, wanted in feet)


@functools.cache
def _by_name() -> dict[str, tuple[Tune, ...]]:
    found = collections.defaultdict(list)
    for tune in all_tunes():
        for name in tune.names:
            found[name].append(tune)
    return {name: tuple(tunes) for name, tunes in found.items()}


def _tune(block: str) -> Tune:
    names, *rows = block.split("\n")
    return Tune(tuple(names.split("\t")), tuple(map(_variant, rows)))


def _variant(row: str) -> Variant:
    source, _, pattern = row.partition("\t")
    found = CLAUSE.findall(pattern)
    return Variant(
        source, tuple(Clause(marks, end, again == "=") for marks, end, again in found)
    )
