"""Which standard pattern a poem keeps, or is nearest to.

Of a line the places count that a pattern fixes for certain: the even ones and the last.
"""

from collections.abc import Sequence

from nlg.text.forms import Form
from nlg.text.patterns import Pattern, patterns
from nlg.text.readings import OPPOSITE, rhyme_groups
from nlg.text.rescues import settle
from nlg.text.rhymes import LEVEL, PINGSHUI
from nlg.text.rhyming import is_neighbour, rhyme_of


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
