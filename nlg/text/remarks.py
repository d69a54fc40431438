"""What a teacher remarks in a poem and does not count as a fault."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nlg.text.readings import rhyme_groups, tones
from nlg.text.rhymes import LEVEL, readings
from nlg.text.rhyming import Rhyme, clashes, is_neighbour


class Note(NamedTuple):
    """What a teacher remarks and does not count.

    三仄尾: three oblique tones end a line. 撞韵: an odd line sounds like the rhyme but
    for its tone. 重字: a character stands in two places. 孤雁入群: the first line
    rhymes in a neighbouring group; 孤雁出群: the last one does, and that is 出韵.
    首句不入韵: the first line ends in a level tone and rhymes with nothing. 上尾: odd
    lines in a row end in one oblique tone.
    """

    kind: str
    line: int  # from 1
    place: int  # from 1
    about: str = ""  # the group of a neighbour, the tone of 上尾


def remarks(
    lines: Sequence[str], settled: Sequence[str], rhyme: Rhyme, book: str
) -> list[Note]:
    """Return what there is to remark in a poem of a regulated form.

    Args:
        lines: simplified characters, no marks.
        settled: their tones, as `nlg.text.rescues.settle` leaves them.
        rhyme: of the poem.
        book: of the rhyme.
    """
    found = [
        *_three_obliques(settled),
        *_borrowed(lines, rhyme, book),
        *_clashes(lines, rhyme, book),
        *_repeats(lines),
    ]
    return sorted(found, key=lambda note: note[1:3])


def _three_obliques(lines: Sequence[str]) -> Iterator[Note]:
    for number, marks in enumerate(lines, 1):
        if marks.endswith("仄仄仄"):
            yield Note("三仄尾", number, len(marks) - 2)


def _borrowed(lines: Sequence[str], rhyme: Rhyme, book: str) -> Iterator[Note]:
    """Yield what the first and the last line rhyme in, if not in the group of all."""
    ends = {"孤雁入群": 1, "孤雁出群": len(lines)}
    for kind, number in ends.items():
        foot = lines[number - 1][-1]
        if is_neighbour(foot, rhyme, book):
            about = " ".join(sorted(rhyme_groups(foot, book)))
            yield Note(kind, number, len(lines[number - 1]), about)
        elif number == 1 and _stands_apart(foot, rhyme, book):
            yield Note("首句不入韵", number, len(lines[0]))


def _stands_apart(foot: str, rhyme: Rhyme, book: str) -> bool:
    """Return whether a foot is certainly level and of other groups than the rhyme."""
    groups = rhyme_groups(foot, book)
    level = tones(foot, book) == {LEVEL} and rhyme.tone == LEVEL
    return level and groups != frozenset() and rhyme.group not in groups


def _clashes(lines: Sequence[str], rhyme: Rhyme, book: str) -> Iterator[Note]:
    for number in range(1, len(lines) + 1, 2):
        if clashes(lines[number - 1][-1], rhyme, book):
            yield Note("撞韵", number, len(lines[number - 1]))


def _repeats(lines: Sequence[str]) -> Iterator[Note]:
    """Yield where a character stands again; one doubled on purpose (处处) is one."""
    met: set[str] = set()
    for number, line in enumerate(lines, 1):
        for place, character in enumerate(line, 1):
            doubled = line[place - 2 : place - 1] == character
            if character in met and not doubled:
                yield Note("重字", number, place)
            met.add(character)


def oblique_ends(lines: Sequence[str]) -> list[Note]:
    """Return where odd lines in a row end in one oblique tone (上尾), of 平水韵.

    Example:
        >>> oblique_ends(["白日依山尽", "黄河入海流", "欲穷千万水", "更上一层楼"])
        [Note(kind='上尾', line=3, place=5, about='上')]
    """
    found = []
    feet = [line[-1] for line in lines[::2]]
    ends = [{reading.tone for reading in readings(foot)} for foot in feet]
    for number, (before, here) in enumerate(itertools.pairwise(ends), 1):
        if before == here and len(here) == 1 and LEVEL not in here:
            line = 2 * number + 1
            found.append(Note("上尾", line, len(lines[line - 1]), min(here)))
    return found
