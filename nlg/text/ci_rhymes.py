"""Rhymes of 词: by 部 of 词林正韵, and what poets rhyme across 部.

Level tone rhymes apart from the oblique ones, 上声 with 去声, 入声 by itself; 叶 joins
平 and 仄 of one 部. Poets also rhyme in two 部 that sound alike (通押), which is no
fault: 回 of 第三部 with 来 of 第五部, 心 of 第十三部 with 声 of 第十一部. `MIXED` is
the pairs that 51,000 词 have in one of 200 rhymes or more.
"""

import collections
import functools
from collections.abc import Sequence
from typing import NamedTuple

from nlg.text.readings import tones
from nlg.text.rhymes import CILIN, LEVEL, OBLIQUE, part_named, readings
from nlg.text.rhyming import Rhyme

ENTERING = range(15, 20)  # the 部 of 入声
MIXED = frozenset(
    frozenset(map(part_named, pair))
    for pair in (
        *((3, 4), (3, 5), (6, 7), (6, 11), (6, 13), (11, 13), (7, 14), (8, 12)),
        *((9, 10), *((one, other) for one in ENTERING for other in ENTERING)),
    )
)


class Foot(NamedTuple):
    """A character that should rhyme, in a tone."""

    character: str
    tone: str  # 平 or 仄


@functools.cache
def parts_of(foot: Foot) -> frozenset[str]:
    """Return the 部 that a foot is in by a reading of its tone, a rare one at need.

    Example:
        >>> sorted(parts_of(Foot("看", "平"))), sorted(parts_of(Foot("月", "仄")))
        (['第七部'], ['第十八部'])
    """
    return frozenset(
        one.group
        for one in readings(foot.character, CILIN)
        if (one.tone == LEVEL) == (foot.tone == LEVEL)
    )


def rhyme_of_feet(feet: Sequence[Foot]) -> Rhyme:
    """Return the 部 that most feet are in; of as many, one that the first is in.

    A foot that is in none, such as one of the wrong tone, is among the others.

    Example:
        >>> rhyme_of_feet([Foot("来", "平"), Foot("开", "平"), Foot("回", "平")])
        Rhyme(group='第五部', feet='来开', others='回', tone='平')
    """
    found = [parts_of(foot) for foot in feet]
    counts = collections.Counter(part for parts in found for part in sorted(parts))
    tone = "".join(dict.fromkeys(foot.tone for foot in feet))
    everyone = "".join(foot.character for foot in feet)
    if not counts:
        return Rhyme("", "", everyone, tone)
    best = max(counts, key=lambda part: (counts[part], part in found[0]))
    inside = "".join(
        c for c, parts in zip(everyone, found, strict=True) if best in parts
    )
    others = "".join(
        c for c, parts in zip(everyone, found, strict=True) if best not in parts
    )
    return Rhyme(best, inside, others, tone)


def rhymes_across(foot: Foot, part: str) -> str:
    """Return the 部 of a foot that poets rhyme with `part`; "" is none.

    Example:
        >>> rhymes_across(Foot("回", "平"), "第五部")
        '第三部'
    """
    mixed = (own for own in sorted(parts_of(foot)) if frozenset({own, part}) in MIXED)
    return next(mixed, "")


def tone_in_use(character: str) -> str:
    """Return 平 or 仄, the tone that a foot is heard in; 平 if either will do."""
    return OBLIQUE if tones(character) == {OBLIQUE} else LEVEL
