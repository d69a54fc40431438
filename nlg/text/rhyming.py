"""What a poem rhymes in, decided by all its lines, and how its feet keep to it.

Regulated verse rhymes in the level tone, at the end of even lines and often of the
first. A neighbouring group (邻韵) is one of the same 部 of 词林正韵: 一东 and 二冬.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

from nlg.text.readings import mark, rhyme_groups, tones
from nlg.text.rhymes import CILIN, LEVEL, OBLIQUE, PINGSHUI, groups, parts, readings


class Rhyme(NamedTuple):
    """The group of a book that most even lines end in."""

    group: str  # "" where the book knows none of the feet
    feet: str  # the last characters in it: of the first line, and of even lines
    others: str  # of even lines that end otherwise
    tone: str = LEVEL


def rhyme_of(lines: Sequence[str], book: str = PINGSHUI) -> Rhyme:
    """Return the group that most even lines end in; of as many, the first line's.

    Regulated verse rhymes in the level tone, so that goes first; a group of an oblique
    tone counts where all even lines may end in one, and more of them rhyme in it. If
    they have none in common, a 部 may, which has 上声 and 去声 in one (上去通押).

    Example:
        >>> rhyme_of(["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"])
        Rhyme(group='七阳', feet='光霜乡', others='', tone='平')
        >>> rhyme_of(["春眠不觉晓", "处处闻啼鸟", "夜来风雨声", "花落知多少"])
        Rhyme(group='十七筱', feet='晓鸟少', others='', tone='仄')
    """
    found = [_most(lines, book, LEVEL)]
    if all(OBLIQUE in tones(line[-1], book) for line in lines[1::2]):
        found.append(_most(lines, book, OBLIQUE))
        if book == PINGSHUI:
            found.append(_most(lines, CILIN, OBLIQUE))
    return min(found, key=lambda rhyme: len(rhyme.others))


@functools.cache
def _groups_of(foot: str, book: str, tone: str) -> frozenset[str]:
    """Return the groups of one tone, 平 or 仄, that a foot rhymes in."""
    if tone == LEVEL:
        return rhyme_groups(foot, book)
    used = OBLIQUE in tones(foot, book)
    found = (one.group for one in readings(foot, book) if one.tone != LEVEL)
    return frozenset(found if used else ())


def _most(lines: Sequence[str], book: str, tone: str) -> Rhyme:
    """Return the rhyme of most feet; of as many, the first line's, or the first."""
    feet = [line[-1] for line in lines[1::2]]
    order = _order(book)
    known = dict.fromkeys(
        group
        for foot in feet
        for group in sorted(_groups_of(foot, book, tone), key=order.__getitem__)
    )
    if not known:
        return Rhyme("", "", "".join(feet), tone)
    first = _groups_of(lines[0][-1], book, tone)

    def count(group: str) -> tuple[int, bool]:
        inside = sum(group in _groups_of(foot, book, tone) for foot in feet)
        return inside, group in first

    best = max(known, key=count)
    inside = [foot for foot in feet if best in _groups_of(foot, book, tone)]
    others = [foot for foot in feet if foot not in inside]
    opening = lines[0][-1] if best in first else ""
    return Rhyme(best, opening + "".join(inside), "".join(others), tone)


@functools.cache
def _order(book: str) -> dict[str, int]:
    """Return the order of groups, 上声 last: 去 and 处, of both, are rather 去."""
    ranked = sorted(groups(book), key=lambda group: group.tone == "上")
    return {group.name: number for number, group in enumerate(ranked)}


def is_oblique_rhyme(lines: Sequence[str], rhyme: Rhyme) -> bool:
    """Return whether a poem rhymes in an oblique tone (仄韵), in most even lines.

    One foot alone rhymes with nothing.
    """
    feet = len(lines) // 2
    inside = feet - len(rhyme.others)
    return rhyme.tone == OBLIQUE and inside > 1 and 2 * inside > feet


def is_neighbour(foot: str, rhyme: Rhyme, book: str = PINGSHUI) -> bool:
    """Return whether a level foot rhymes in a neighbour of the group of a poem.

    Example:
        >>> rhyme = rhyme_of(["黄河入海东", "白日入山红"])
        >>> is_neighbour("冬", rhyme), is_neighbour("江", rhyme)
        (True, False)
    """
    own = rhyme.group in rhyme_groups(foot)
    level = rhyme.tone == LEVEL and book == PINGSHUI
    return level and not own and bool(rhyme_groups(foot, CILIN) & _parts(rhyme))


def clashes(foot: str, rhyme: Rhyme, book: str = PINGSHUI) -> bool:
    """Return whether an oblique foot sounds like the rhyme but for its tone (撞韵).

    One that has another reading too (识) does not.

    Example:
        >>> rhyme = rhyme_of(["黄河入海东", "白日入山红"])
        >>> clashes("动", rhyme), clashes("月", rhyme)
        (True, False)
    """
    if mark(foot, book) != OBLIQUE or rhyme.tone != LEVEL:
        return False
    if book == PINGSHUI:
        heard, alike = _groups_of(foot, CILIN, OBLIQUE), _parts(rhyme)
    else:
        heard, alike = _groups_of(foot, book, OBLIQUE), frozenset({rhyme.group})
    return heard != frozenset() and heard <= alike


def _parts(rhyme: Rhyme) -> frozenset[str]:
    """Return the 部 of 词林正韵 that the feet of a rhyme are in."""
    heard = frozenset[str]().union(*(rhyme_groups(f, CILIN) for f in rhyme.feet))
    return parts(rhyme.group) & heard
