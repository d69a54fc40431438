"""The standard tone patterns (平仄谱) of the regulated forms, and which a poem keeps.

    五绝, 仄起首句不入韵    中仄平平仄 平平中仄平 中平平仄仄 中仄仄平平

In a pattern 中 is a place that is free. Of a line the places count that a pattern fixes
for certain: the even ones and the last. Source: 王力, 诗词格律.
"""

import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nlg.text.forms import Form
from nlg.text.readings import (
    OPPOSITE,
    line_tones,
    rhyme_groups,
    word_at,
    word_tones,
)
from nlg.text.rescues import settle
from nlg.text.rhymes import LEVEL, PINGSHUI
from nlg.text.rhyming import is_neighbour, rhyme_of

FREE = "中"


class Pattern(NamedTuple):
    """A standard pattern of a form."""

    name: str
    lines: tuple[str, ...]  # marks 平, 仄 and 中
    rhyming: tuple[int, ...]  # numbers of the lines that rhyme, from 0


# The four kinds of line. The third place is fixed against 三平尾 in d and against its
# oblique mirror in c, the first place of b against 孤平.
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


def _errors(marks: str, wanted: str) -> int:
    """Return how many of the places that count, the even ones and the last, differ."""
    return sum(
        mark in OPPOSITE and mark != want
        for place, (mark, want) in enumerate(zip(marks, wanted, strict=True), 1)
        if place % 2 == 0 or place == len(wanted)
    )


def nearest_pattern(
    lines: Sequence[str], marks: Sequence[str], form: Form, book: str = PINGSHUI
) -> tuple[Pattern, bool]:
    """Return the pattern that most lines keep, and whether all of them do.

    Of as many, the one that takes the first line to rhyme if it does.
    """
    settled, _ = settle(marks)
    rhyme = rhyme_of(lines, book)
    foot = lines[0][-1]
    rhymes = rhyme.tone == LEVEL and (
        rhyme.group in rhyme_groups(foot, book) or is_neighbour(foot, rhyme, book)
    )

    def misses(pattern: Pattern) -> int:
        return sum(map(bool, map(_errors, settled, pattern.lines)))

    def distance(pattern: Pattern) -> tuple[int, bool]:
        return misses(pattern), (0 in pattern.rhyming) != rhymes

    best = min(patterns(form), key=distance)
    return best, not misses(best)


def line_patterns(
    lines: Sequence[str], marks: Sequence[str], form: Form, book: str = PINGSHUI
) -> tuple[str, ...]:
    """Return the standard line, of 平 仄 中, that each line is or is nearest to.

    A poem that loses its bond keeps no pattern as a whole, while each line keeps one.
    """
    settled, _ = settle(marks)
    nearest, kept = nearest_pattern(lines, marks, form, book)
    if kept:
        return nearest.lines
    known = dict.fromkeys(line for one in patterns(form) for line in one.lines)

    def best(line: str, wanted: str) -> str:
        return min((wanted, *known), key=lambda kind: _errors(line, kind))

    return tuple(map(best, settled, nearest.lines))


class Misread(NamedTuple):
    """A character in a place whose tone it has, but not in the word that it is in."""

    character: str
    beside: str  # the other character of the word


def misread(lines: Sequence[str], form: Form) -> frozenset[Misread]:
    """Return which words do not have the tones that their characters were put for.

    A writer that chooses by character may put 思, which is read in both tones, where
    its pattern wants 仄, and 相 before it: 相思 has it as 平.

    Args:
        lines: of a poem that keeps a pattern by characters, or its first ones.
        form: the form.

    Example:
        >>> from nlg.text.forms import FORMS
        >>> misread(["白日依山尽", "黄河入海流", "日春相思月"], FORMS["五绝"])
        frozenset({Misread(character='思', beside='相')})
    """
    alone, in_words = list(map(line_tones, lines)), list(map(word_tones, lines))

    def errors(pattern: Pattern) -> tuple[int, int]:
        return len(_against(alone, pattern)), len(_against(in_words, pattern))

    best = min(patterns(form), key=errors)
    wrong = _against(in_words, best) - _against(alone, best)
    return frozenset(_words(lines, wrong))


def _against(marks: Sequence[str], pattern: Pattern) -> set[tuple[int, int]]:
    """Return the places, from 0, that are certainly not as `pattern` wants."""
    return {
        (number, place)
        for number, (line, wanted) in enumerate(zip(marks, pattern.lines, strict=False))
        for place, (mark, want) in enumerate(zip(line, wanted, strict=False))
        if want in OPPOSITE and mark == OPPOSITE[want]
    }


def _words(lines: Sequence[str], places: set[tuple[int, int]]) -> Iterator[Misread]:
    for number, place in places:
        character = lines[number][place]
        word, _ = word_at(lines[number], place)
        yield Misread(character, word.replace(character, "", 1))
