"""Tones and rhymes: what regulated verse asks of a poem, and what it keeps.

The books are in `nlg.text.rhymes`, the tones that poets use in `nlg.text.readings`, the
standard patterns in `nlg.text.patterns`.

Tones are 平 (level) and 仄 (oblique). 多 (read in both) and ？ (unknown) satisfy
either, so they never make a violation by themselves.
"""

import collections
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nlg.text.forms import Form, form_of
from nlg.text.patterns import FREE, Pattern, patterns
from nlg.text.readings import (
    BOTH,
    OPPOSITE,
    UNKNOWN,
    level_groups,
    line_tones,
    rhyme_groups,
    tones,
)
from nlg.text.rhymes import (
    BOOKS,
    CILIN,
    LEVEL,
    OBLIQUE,
    PINGSHUI,
    TONGYUN,
    XINYUN,
)

__all__ = [
    "BOOKS",
    "BOTH",
    "CILIN",
    "FREE",
    "LEVEL",
    "OBLIQUE",
    "OPPOSITE",
    "PINGSHUI",
    "RHYME_RULES",
    "TONE_RULES",
    "TONGYUN",
    "UNKNOWN",
    "XINYUN",
    "Pattern",
    "Verdict",
    "Violation",
    "check",
    "level_groups",
    "line_tones",
    "patterns",
    "rhyme_groups",
    "tone_violations",
    "tones",
]


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
