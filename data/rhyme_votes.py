"""Decide which readings of 平水韵 are right where the books differ.

Four vote on a reading that not both books have: each book, Mandarin, and the poems.

Mandarin is for a reading that explains one of its own which no agreed reading explains
(难 nuó 五歌), and against all others. What explains what is learnt from characters of
one reading. Poems are for a reading that they use, and against one that they could use
and do not. Of as many votes, the word of couyun counts: it has few wrong readings.
"""

import collections
import functools
import math
from typing import Any, NamedTuple

from rhyme_sources import Readings, is_level

TYPICAL = 0.04  # share of a group's characters that makes a Mandarin reading its own
FEET = 30  # rhymes that tell something of a group
BOUND = (
    0.03  # share of a character's uses below which a reading is none; see make_rhymes
)
SURE = 1.645  # standard deviations, 95 % to one side


def interval(count: int, total: int) -> tuple[float, float]:
    """Return between which bounds a share lies, each 95 % sure (Wilson's score).

    Example:
        >>> [round(bound, 3) for bound in interval(2, 100)]
        [0.007, 0.058]
    """
    if not total:
        return 0.0, 1.0
    share, z = count / total, SURE * SURE / total
    middle = share + z / 2
    spread = SURE * math.sqrt(share * (1 - share) / total + z / total / 4)
    return (middle - spread) / (1 + z), (middle + spread) / (1 + z)


class Use(NamedTuple):
    """What `count_readings.py` counted."""

    alone: dict[str, list[int]]  # [level, oblique] of a character
    in_word: dict[str, list[int]]  # the same, 思<相 after and 思>量 before another
    feet: dict[str, dict[str, int]]  # level groups that a character rhymes in

    def share(self, character: str, level: bool) -> tuple[float, float]:
        """Return between which bounds the share of level, or oblique, uses lies."""
        counts = self.alone.get(character, [0, 0])
        return interval(counts[not level], sum(counts))

    def rhyme_share(self, character: str, group: str) -> tuple[float, float]:
        """Return between which bounds the share of rhymes in a level group lies."""
        counts = self.feet.get(character, {})
        return interval(counts.get(group, 0), sum(counts.values()))


class Decision(NamedTuple):
    """The readings of a character, and what was in dispute."""

    kept: frozenset[str]
    dropped: frozenset[str]
    disputed: frozenset[str]  # kept or dropped by vote


class Voters:
    """The two books, Mandarin and the poems."""

    def __init__(
        self,
        chinese_word_rhyme: Readings,
        couyun: Readings,
        mandarin: dict[str, list[str]],
        use: Use,
    ):
        self.books = chinese_word_rhyme, couyun
        self.mandarin = mandarin
        self.use = use

    def decide(self, character: str) -> Decision:
        """Return the readings of 平水韵 that a character has."""
        said = [book[character] for book in self.books if character in book]
        readings = set().union(*said)
        agreed = set.intersection(*said) if len(said) > 1 else set()
        disputed = readings - agreed
        won = {one for one in disputed if self._wins(character, one, said, agreed)}
        kept = agreed | won or readings
        return Decision(
            frozenset(kept), frozenset(readings - kept), frozenset(disputed)
        )

    def _wins(
        self, character: str, reading: str, said: list[set[str]], agreed: set[str]
    ) -> bool:
        votes = sum(1 if reading in book else -1 for book in said)
        votes += self._mandarin_vote(character, reading, agreed)
        votes += self._poems_vote(character, reading, agreed)
        couyun = self.books[1].get(character, ())
        return votes > 0 or (votes == 0 and reading in couyun)

    def _mandarin_vote(self, character: str, reading: str, agreed: set[str]) -> int:
        spoken = set(self.mandarin.get(character, ()))
        if not spoken:
            return 0
        explained = set().union(*(self.typical.get(one, ()) for one in agreed))
        return 1 if (spoken - explained) & self.typical.get(reading, set()) else -1

    def _poems_vote(self, character: str, reading: str, agreed: set[str]) -> int:
        level = is_level(reading)
        least, most = self.use.share(character, level)
        if most < BOUND:
            return -1
        rhymes = sum(self.use.feet.get(character, {}).values())
        if level and rhymes >= FEET:
            least, most = self.use.rhyme_share(character, reading[1:])
            return (least > BOUND) - (most < BOUND)
        return int(least > BOUND and all(is_level(one) != level for one in agreed))

    @functools.cached_property
    def typical(self) -> dict[str, set[str]]:
        """Return which Mandarin readings are common in each group (平一东: 平ong …)."""
        found = collections.defaultdict(collections.Counter)
        one, other = self.books
        for character, readings in one.items():
            spoken = self.mandarin.get(character, ())
            if len(readings) == len(spoken) == 1 and readings == other.get(character):
                found[min(readings)][spoken[0]] += 1
        return {
            reading: {s for s, n in counts.items() if n >= TYPICAL * counts.total()}
            for reading, counts in found.items()
        }


def use_of(counts: dict[str, Any]) -> Use:
    """Return the use of characters out of what `count_readings.py` wrote."""
    return Use(counts["alone"], counts["in_word"], counts["feet"])
