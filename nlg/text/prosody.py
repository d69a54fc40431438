"""Tones and rhymes: what regulated verse asks of a character, and what a poem keeps.

A tone is 平 (level) or 仄 (oblique). A line of tones is written one mark a character:
平, 仄, 多 for a character that is read in both tones, ？ for one that the book does not
know; in a pattern 中 is a place that is free. 多 and ？ satisfy either tone, so they
never make a violation by themselves.

    白日依山尽 黄河入海流    仄仄平平仄 平平仄仄平
    欲穷千里目 更上一层楼    仄平平仄仄 多仄仄平平

A book is 平水韵 (106 groups, the language of Tang and Song) or 中华新韵 (14 groups, the
language of today); `rhymes.txt` beside this file holds both, made by
data/make_rhymes.py. Characters are simplified ones.
"""

import collections
import functools
import itertools
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nlg.errors import OptionError
from nlg.text.forms import Form, form_of

PINGSHUI, XINYUN = "平水韵", "中华新韵"
LEVEL, OBLIQUE, BOTH, UNKNOWN, FREE = "平仄多？中"
READINGS = {
    LEVEL: frozenset({LEVEL}),
    OBLIQUE: frozenset({OBLIQUE}),
    BOTH: frozenset({LEVEL, OBLIQUE}),
    UNKNOWN: frozenset[str](),
}
OPPOSITE = {LEVEL: OBLIQUE, OBLIQUE: LEVEL}


class Group(NamedTuple):
    """A rhyme group of a book: 一东 is one of the level tone, 一董 of 上声."""

    tone: str  # 平上去入 in 平水韵, 平仄 in 中华新韵
    name: str
    characters: str


@functools.cache
def _groups(book: str) -> tuple[Group, ...]:
    path = pathlib.Path(__file__).with_name("rhymes.txt")
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    found = tuple(Group(*row[1:]) for row in rows if row[0] == book)
    if not found:
        raise OptionError(f"no rhyme book {book!r}; there are {PINGSHUI} and {XINYUN}")
    return found


@functools.cache
def _homes(book: str, level_only: bool) -> dict[str, frozenset[str]]:
    homes = collections.defaultdict(list)
    for tone, name, characters in _groups(book):
        if tone == LEVEL or not level_only:
            for character in characters:
                homes[character].append(name)
    return {character: frozenset(names) for character, names in homes.items()}


@functools.cache
def _marks(book: str) -> dict[str, str]:
    sides: dict[bool, set[str]] = {True: set(), False: set()}
    for tone, _, characters in _groups(book):
        sides[tone == LEVEL].update(characters)
    marks = dict.fromkeys(sides[True], LEVEL) | dict.fromkeys(sides[False], OBLIQUE)
    return marks | dict.fromkeys(sides[True] & sides[False], BOTH)


def line_tones(line: str, book: str = PINGSHUI) -> str:
    """Return one mark a character: 平, 仄, 多 (both) or ？ (unknown).

    Example:
        >>> line_tones("黄河入海流")
        '平平仄仄平'
    """
    marks = _marks(book)
    return "".join(marks.get(character, UNKNOWN) for character in line)


def tones(character: str, book: str = PINGSHUI) -> frozenset[str]:
    """Return the tones `character` is read in, of 平 and 仄; none if it is unknown.

    Example:
        >>> sorted(tones("看"))  # 十四寒 and 十五翰
        ['仄', '平']
    """
    return READINGS[_marks(book).get(character, UNKNOWN)]


def rhyme_groups(
    character: str, book: str = PINGSHUI, level_only: bool = True
) -> frozenset[str]:
    """Return the groups `character` rhymes in; regulated verse rhymes in level tone.

    Example:
        >>> rhyme_groups("东"), rhyme_groups("月")
        (frozenset({'一东'}), frozenset())
        >>> rhyme_groups("月", level_only=False)
        frozenset({'六月'})
    """
    return _homes(book, level_only).get(character, frozenset())


@functools.cache
def level_groups(book: str = PINGSHUI) -> tuple[str, ...]:
    """Return the names of the groups in level tone, in the order of the book.

    Example:
        >>> len(level_groups()), level_groups()[:3]
        (30, ('一东', '二冬', '三江'))
    """
    return tuple(group.name for group in _groups(book) if group.tone == LEVEL)


class Pattern(NamedTuple):
    """A standard pattern (平仄谱) of a form."""

    name: str
    lines: tuple[str, ...]  # marks 平, 仄 and 中
    rhyming: tuple[int, ...]  # numbers of the lines that rhyme, from 0


# The four kinds of line (Wang Li 王力, 诗词格律). The third place is fixed against
# 三平尾 in d and against its oblique mirror in c, the first place of b against 孤平.
KINDS = {
    "a": "中仄平平仄",
    "b": "平平中仄平",
    "c": "中平平仄仄",
    "d": "中仄仄平平",
}
QUATRAINS = ("abcd", "dbcd", "cdab", "bdab")
CONTINUATION = {"d": "abcd", "b": "cdab"}  # the quatrain that sticks (粘) to this end
PATTERN_ORDER = ("仄起首句不入韵", "仄起首句入韵", "平起首句不入韵", "平起首句入韵")


def _lengthened(line: str) -> str:
    return FREE + OPPOSITE[line[1]] + line


def _pattern(kinds: str, form: Form) -> Pattern:
    lines = tuple(KINDS[kind] for kind in kinds)
    if form.columns == 7:
        lines = tuple(map(_lengthened, lines))
    rhymes = lines[0][-1] == LEVEL
    name = f"{lines[0][1]}起首句{'入韵' if rhymes else '不入韵'}"
    return Pattern(name, lines, (0,) * rhymes + tuple(range(1, form.lines, 2)))


@functools.cache
def patterns(form: Form) -> tuple[Pattern, ...]:
    """Return the four standard patterns of `form`, named by how the first line starts.

    Example:
        >>> from nlg.text.forms import FORMS
        >>> patterns(FORMS["五绝"])[0].lines
        ('中仄平平仄', '平平中仄平', '中平平仄仄', '中仄仄平平')
    """
    kinds: tuple[str, ...] = QUATRAINS
    if form.lines == 8:
        kinds = tuple(first + CONTINUATION[first[-1]] for first in QUATRAINS)
    made = {pattern.name: pattern for pattern in (_pattern(k, form) for k in kinds)}
    return tuple(made[name] for name in PATTERN_ORDER)


class Violation(NamedTuple):
    """A rule that a poem breaks: 失替 失对 失粘 孤平 三平尾 出韵 or 韵脚仄声."""

    kind: str
    line: int  # from 1
    place: int  # from 1


class Verdict(NamedTuple):
    """What `check` finds in a poem."""

    form: str  # 五绝 七绝 五律 七律, or "" for any other shape
    pattern: str  # the pattern that every even place and line end keeps, or ""
    rhyme: str  # the level group that most of the even lines rhyme in, or ""
    tones: tuple[str, ...]  # marks 平, 仄, 多 and ？, a string a line
    violations: tuple[Violation, ...]  # in the order of the lines


TONE_RULES = ("失替", "失对", "失粘", "孤平", "三平尾")
RHYME_RULES = ("出韵", "韵脚仄声")

# The one departure that regulated verse takes for regular (王力: 特定的一种平仄格式):
# in a line 平平平仄仄 the third and fourth places trade tones, 移舟泊烟渚.
TRADED = re.compile("(?<=[平多？]平)[仄多？]平仄$")


def _settled(marks: str) -> str:
    return TRADED.sub("平仄仄", marks)


def _beats(marks: str) -> list[tuple[int, str]]:
    """Return each certain even place with the tone it makes one expect at place 2."""
    beats = [(place, marks[place - 1]) for place in range(2, len(marks) + 1, 2)]
    return [
        (place, tone if place % 4 == 2 else OPPOSITE[tone])
        for place, tone in beats
        if tone in OPPOSITE
    ]


def _lost_alternation(lines: Sequence[str]) -> Iterator[Violation]:
    for number, marks in enumerate(lines, 1):
        beats = _beats(marks)
        for (_, before), (place, tone) in itertools.pairwise(beats):
            if tone != before:
                yield Violation("失替", number, place)


def _lost_contrast(lines: Sequence[str]) -> Iterator[Violation]:
    for number in range(2, len(lines) + 1, 2):
        upper, lower = _beats(lines[number - 2]), _beats(lines[number - 1])
        if upper and lower and upper[0][1] == lower[0][1]:
            yield Violation("失对", number, 2)


def _lost_bond(lines: Sequence[str]) -> Iterator[Violation]:
    for number in range(3, len(lines) + 1, 2):
        upper, lower = _beats(lines[number - 2]), _beats(lines[number - 1])
        if upper and lower and upper[0][1] != lower[0][1]:
            yield Violation("失粘", number, 2)


def _lonely_level(lines: Sequence[str]) -> Iterator[Violation]:
    for number, marks in enumerate(lines, 1):
        if marks.endswith("仄平仄仄平"):
            yield Violation("孤平", number, len(marks) - 4)


def _three_levels(lines: Sequence[str]) -> Iterator[Violation]:
    for number, marks in enumerate(lines, 1):
        if marks.endswith("平平平"):
            yield Violation("三平尾", number, len(marks) - 2)


def _oblique_feet(lines: Sequence[str]) -> Iterator[Violation]:
    for number in range(2, len(lines) + 1, 2):
        if lines[number - 1].endswith(OBLIQUE):
            yield Violation("韵脚仄声", number, len(lines[number - 1]))


def _lost_rhyme(lines: Sequence[str], rhyme: str, book: str) -> Iterator[Violation]:
    for number in range(2, len(lines) + 1, 2):
        groups = rhyme_groups(lines[number - 1][-1], book)
        if groups and rhyme not in groups:
            yield Violation("出韵", number, len(lines[number - 1]))


def _rhyme(lines: Sequence[str], book: str) -> str:
    feet = [rhyme_groups(line[-1], book) for line in lines[1::2]]
    count = collections.Counter(
        group for groups in feet for group in level_groups(book) if group in groups
    )
    return count.most_common(1)[0][0] if count else ""


def _keeps(marks: str, wanted: str) -> bool:
    return all(
        mark not in OPPOSITE or mark == want
        for place, (mark, want) in enumerate(zip(marks, wanted, strict=True), 1)
        if place % 2 == 0 or place == len(wanted)
    )


def _kept_pattern(marks: Sequence[str], form: Form, first_rhymes: bool) -> str:
    kept = [
        pattern for pattern in patterns(form) if all(map(_keeps, marks, pattern.lines))
    ]
    kept.sort(key=lambda pattern: (0 in pattern.rhyming) != first_rhymes)
    return kept[0].name if kept else ""


def tone_violations(marks: Sequence[str]) -> list[Violation]:
    """Return where lines of tone marks break 替, 对 or 粘, have 孤平 or 三平尾."""
    settled = list(map(_settled, marks))
    rules = (
        _lost_alternation,
        _lost_contrast,
        _lost_bond,
        _lonely_level,
        _three_levels,
    )
    return [violation for rule in rules for violation in rule(settled)]


def check(lines: Sequence[str], book: str = PINGSHUI) -> Verdict:
    """Return form, pattern, rhyme and tones of a poem and the rules that it breaks.

    A poem in none of the four forms gets its tones only. 失对 and 失粘 are judged once
    a line, by the first even place that is certain; a first line that does not rhyme
    is no violation. 平平仄平仄 counts as 平平平仄仄.

    Example:
        >>> check(["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼"])[:3]
        ('五绝', '仄起首句不入韵', '十一尤')
    """
    marks = tuple(line_tones(line, book) for line in lines)
    form = form_of(lines)
    if form is None:
        return Verdict("", "", "", marks, ())
    rhyme = _rhyme(lines, book)
    first_rhymes = rhyme in rhyme_groups(lines[0][-1], book)
    pattern = _kept_pattern(list(map(_settled, marks)), form, first_rhymes)
    found = [
        *tone_violations(marks),
        *_oblique_feet(marks),
        *_lost_rhyme(lines, rhyme, book),
    ]
    found.sort(key=lambda violation: violation[1:])
    return Verdict(form.name, pattern, rhyme, marks, tuple(found))
