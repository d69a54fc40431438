"""Tunes (词牌): the patterns that 词 are written to.

`tunes.txt.gz` beside this file is made by data/make_tunes.py, which says how a line of
it reads. A tune has several variants; a variant is a row of clauses, each with its
tones (平, 仄, and 中 for either), a sign for how it ends, and what it says again (叠):

    归字谣    平A中仄平平中仄平A平平仄，中仄仄平平A
    lengths   1   7           3    5
    忆秦娥    …平平仄仄平平仄a平平仄a=…      秦娥梦断秦楼月。秦楼月。

Nothing is read before a tune is asked for. Names are in simplified characters.
"""

import collections
import difflib
import functools
import gzip
import itertools
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nlg.errors import OptionError
from nlg.text.normalize import to_simplified
from nlg.text.patterns import FREE
from nlg.text.readings import tones
from nlg.text.rhymes import PINGSHUI

CLAUSE = re.compile(r"([平仄中]+)([，、A-Za-z])(?:([=~])(\d?))?(\|?)")
STOPS = {"，": "句", "、": "读"}
BOOKS = ("钦谱", "龙谱")  # 钦定词谱, and 龙榆生's 唐宋词格律
HEAD = re.compile(
    "[^·・（(〔［\\[\\s　/,，、:：]*"
)  # of a title, before what it is about
KIND = re.compile("(.+?)[·・]([令引近慢])")  # of a title that tells it apart: 卜算子·慢
AFTER = re.compile("词?(其?[一二三四五六七八九十百]+[首阕阙]?)?$")  # 竹枝词九首


class Clause(NamedTuple):
    """What stands between two stops."""

    tones: str  # 平, 仄 and 中
    end: str  # ， or 、 or the letter of its rhyme: A in level tone, a in oblique
    back: int = 0  # clauses to the one that it says again (叠); 0 if none
    again: int = 0  # its last characters that are the last of that one
    last: bool = False  # whether another part (片) begins after it

    @property
    def rhymes(self) -> bool:
        """Return whether its last character rhymes."""
        return self.end.isalpha()


class Variant(NamedTuple):
    """A pattern of a tune."""

    book: str  # of `BOOKS`
    clauses: tuple[Clause, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """Return the characters of each clause."""
        return tuple(len(clause.tones) for clause in self.clauses)

    @property
    def characters(self) -> int:
        """Return the number of characters."""
        return sum(self.lengths)

    @property
    def rhymes(self) -> str:
        """Return its kind of rhyme: 平韵, 仄韵, 平仄通叶 or 换韵."""
        letters = {clause.end for clause in self.clauses if clause.rhymes}
        if len({letter.lower() for letter in letters}) > 1:
            return "换韵"
        if len(letters) > 1:
            return "平仄通叶"
        return "平韵" if max(letters, default="").isupper() else "仄韵"

    @property
    def words(self) -> tuple[str, ...]:
        """Return how 词谱 calls the end of each clause: 句 读 韵 换 叶 叠.

        换 begins another group of rhymes. 叶 rhymes in the other tone of a group, or in
        one that was left before. 叠 says again what stands before, 叠韵 its last
        character.
        """
        return tuple(_words(self.clauses))

    @property
    def parts(self) -> tuple[tuple[Clause, ...], ...]:
        """Return the clauses of each part (片), one where the table knows no more."""
        ends = [n for n, clause in enumerate(self.clauses, 1) if clause.last]
        bounds = itertools.pairwise([0, *ends, len(self.clauses)])
        return tuple(self.clauses[first:end] for first, end in bounds)


class Tune(NamedTuple):
    """A tune by all its names, the chief one first."""

    kind: str  # 单调, 双调, 三段 or 四段
    names: tuple[str, ...]
    variants: tuple[Variant, ...]

    @property
    def name(self) -> str:
        """Return the chief name."""
        return self.names[0]


@functools.cache
def all_tunes() -> tuple[Tune, ...]:
    """Return every tune.

    Example:
        >>> tune = all_tunes()[1]
        >>> tune.names, tune.variants[0].lengths
        (('归字谣', '苍梧谣', '十六字令'), (1, 7, 3, 5))
        >>> tune.kind, tune.variants[0].rhymes, tune.variants[0].words
        ('单调', '平韵', ('韵', '韵', '句', '韵'))
    """
    packed = pathlib.Path(__file__).with_name("tunes.txt.gz").read_bytes()
    _, *blocks = gzip.decompress(packed).decode().rstrip().split("\n\n")
    return tuple(map(_tune, blocks))


def find(name: str) -> tuple[Tune, ...]:
    """Return the tunes of a name that a person typed, traditional or with 《》 too.

    Raises:
        OptionError: there is none; it tells the nearest.

    Example:
        >>> [tune.name for tune in find("《乳燕飞》")]
        ['贺新郎']
    """
    typed = name.strip(" 　《》")
    found = named(typed) or named(to_simplified(typed))
    if not found:
        near = nearest(to_simplified(typed))
        others = f"; near are {', '.join(near)}" if near else ""
        raise OptionError(f"no tune {typed!r}{others}; nlg poem tunes lists them")
    return found


def numbered(tune: Tune, book: str = "", number: int = 0) -> list[tuple[int, Variant]]:
    """Return variants of a tune, each with its number from 1, which no filter changes.

    Args:
        tune: the tune.
        book: only those of this book, of `BOOKS`; "" is either.
        number: only this one; 0 is all.

    Raises:
        OptionError: there is none such.
    """
    every = list(enumerate(tune.variants, 1))
    of_book = [one for one in every if book in ("", one[1].book)]
    if not of_book:
        raise OptionError(f"{book} has no {tune.name}; leave --book out")
    found = [one for one in of_book if number in (0, one[0])]
    if not found:
        numbers = " ".join(str(one[0]) for one in of_book)
        raise OptionError(
            f"{tune.name} has no variant {number}{' in ' if book else ''}{book}; "
            f"there are {numbers}"
        )
    return found


def nearest(name: str) -> list[str]:
    """Return up to three names that share most with `name`.

    Example:
        >>> nearest("沁园夏")[0]
        '沁园春'
    """
    return difflib.get_close_matches(name, _by_name(), cutoff=0.4)


def named(name: str) -> tuple[Tune, ...]:
    """Return the tunes of that name; 卖花声 is 浪淘沙令, and 谢池春."""
    return _by_name().get(name, ())


def titled(title: str) -> tuple[Tune, ...]:
    """Return the tunes that a title begins with: 浣溪沙·春闺, 竹枝词九首.

    Example:
        >>> [tune.names[0] for tune in titled("如梦令（其二）")]
        ['如梦令']
        >>> [tune.names[0] for tune in titled("卜算子·慢")], titled("如梦令望")
        (['卜算子慢'], ())
    """
    head, kind = HEAD.match(title.strip()), KIND.match(title.strip())
    name = head.group() if head else ""
    longer = named("".join(kind.groups())) if kind else ()
    return longer or named(name) or named(AFTER.sub("", name))


def sung_to(tunes: Sequence[Tune], lines: Sequence[str]) -> Tune | None:
    """Return the tune whose line lengths and rhymes' tones `lines` have, or None.

    Example:
        >>> lines = ["桃溪不作从容住", "秋藕绝来无续处", "当时相候赤阑桥"]
        >>> lines += ["今日独寻黄叶路", "烟中列岫青无数", "雁背夕阳红欲暮"]
        >>> lines += ["人如风后入江云", "情似雨馀粘地絮"]
        >>> sung_to(named("玉楼春"), lines) in named("玉楼春")
        True
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


def _words(clauses: Sequence[Clause]) -> Iterator[str]:
    opened: dict[str, str] = {}  # the first letter of each group
    here = ""
    for clause in clauses:
        group = clause.end.lower()
        if clause.again:
            yield "叠" if clause.again == len(clause.tones) else "叠韵"
        elif not clause.rhymes:
            yield STOPS[clause.end]
        elif group not in opened:
            yield "换" if opened else "韵"
        else:
            yield "韵" if clause.end == opened[group] and group == here else "叶"
        if clause.rhymes:
            opened.setdefault(group, clause.end)
            here = group


def _tune(block: str) -> Tune:
    head, *rows = block.split("\n")
    kind, *names = head.split("\t")
    return Tune(kind, tuple(names), tuple(map(_variant, rows)))


def _variant(row: str) -> Variant:
    source, _, pattern = row.partition("\t")
    return Variant(f"{source}谱", tuple(map(_clause, CLAUSE.finditer(pattern))))


def _clause(found: re.Match[str]) -> Clause:
    marks, end, sign, back, last = found.groups()
    again = {"=": len(marks), "~": 1}.get(sign, 0)
    return Clause(marks, end, int(back or bool(again)), again, bool(last))
