"""拗救: a tone against the pattern that another one makes up for, which is no fault.

    本句自救   平平仄平仄               for 平平平仄仄: places 3 and 4 trade tones
    对句相救   仄仄平仄仄 平平平仄平    place 4 is oblique; place 3 below is level
    对句相救   仄仄仄平仄 平平平仄平    place 3 is: one need not make up for that (小拗)
    孤平拗救   仄平平仄平               place 1 is oblique; place 3 is level for it

Places are those of five characters; a line of seven has two before them. Source: 王力,
诗词格律. This file knows tone marks and no characters; 多 and ？ satisfy either tone.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

SELF, BELOW, LONELY = RESCUES = ("本句自救", "对句相救", "孤平拗救")
TRADED = re.compile("(?<=[平多？]平)[仄多？]平仄$")
TRADED_BACK = "平仄仄"
PERHAPS_TRADED = re.compile("(?<=[平多？][多？])[仄多？]平仄$")
EITHER_WAY = "多多仄"
OBLIQUE_FOURTH = re.compile("(?<=仄.)仄(?=[仄多？]$)")
OBLIQUE_THIRD = re.compile("仄仄平仄$")
LEVEL_THIRD = re.compile("[平多？][平多][仄多？][平多？]$")
SURELY_LEVEL_THIRD = re.compile("[平多？]平[仄多？][平多？]$")
SAVED_LONELY = re.compile("仄平平仄平$")


TRADES_IF_READ = re.compile("(?<=[平多？]平仄)[多？](?=仄$)")


class Rescue(NamedTuple):
    """A tone that departs from the pattern, and the one that makes up for it."""

    kind: str  # of `RESCUES`
    line: int  # of what departs, from 1
    place: int  # from 1
    by_line: int
    by_place: int

    @property
    def optional(self) -> bool:
        """Return whether what departs stands where the pattern is free (小拗)."""
        return self.kind == BELOW and self.place == self.by_place


def settle(marks: Sequence[str]) -> tuple[list[str], list[Rescue]]:
    """Return the tones as if nothing departed, and what makes up for what does.

    Example:
        >>> settled, (rescue,) = settle(["平平仄平仄"])
        >>> settled, rescue.kind, rescue.place, rescue.by_place
        (['平平平仄仄'], '本句自救', 4, 3)
    """
    settled = list(marks)
    found: list[Rescue] = []
    for number, line in enumerate(marks):
        above = marks[number - 1] if number % 2 else ""
        if number % 2 and OBLIQUE_FOURTH.search(above) and LEVEL_THIRD.search(line):
            settled[number - 1] = OBLIQUE_FOURTH.sub("平", above)
        settled[number] = TRADED.sub(TRADED_BACK, line)
        settled[number] = PERHAPS_TRADED.sub(EITHER_WAY, settled[number])
        found += _rescues(number + 1, line, above)
    return settled, sorted(found, key=lambda rescue: rescue[1:])


def hear(marks: str, wanted: str) -> str:
    """Return the tones of a line, 多 at even places heard as its pattern wants.

    Of 平平仄多仄 the fourth is heard as 平, as in 平平仄平仄: else three obliques ended
    the line.

    Example:
        >>> hear("平多仄平仄", "中平平仄仄")
        '平平仄平仄'
    """
    traded = TRADES_IF_READ.search(marks)
    heard = [
        wanted[place] if place % 2 and mark == "多" and wanted[place] != "中" else mark
        for place, mark in enumerate(marks)
    ]
    if traded:
        heard[traded.start()] = "平"
    return "".join(heard)


def _rescues(number: int, line: str, above: str) -> Iterator[Rescue]:
    end = len(line)
    if TRADED.search(line):
        yield Rescue(SELF, number, end - 1, number, end - 2)
    if SAVED_LONELY.search(line):
        yield Rescue(LONELY, number, end - 4, number, end - 2)
    if OBLIQUE_FOURTH.search(above) and LEVEL_THIRD.search(line):
        yield Rescue(BELOW, number - 1, len(above) - 1, number, end - 2)
    elif OBLIQUE_THIRD.search(above) and SURELY_LEVEL_THIRD.search(line):
        yield Rescue(BELOW, number - 1, len(above) - 2, number, end - 2)
