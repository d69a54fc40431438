"""Couplets (对联): how a second line (下联) answers a first one (上联).

    晚风摇树树还挺    仄平平仄仄平仄    树 stands twice in a row, so 花 must
    晨露润花花更红    平仄仄平平仄平    tones opposed at places 2, 4, 6 and 7

A line is a string of simplified characters and marks. A clause is what stands between
marks. Tones are those of `nlg.text.prosody`: a character that is read in both (多), or
that the book does not know (？), satisfies either.

Places count characters and marks alike: from 1 in what people get to see (`Violation`,
`WordPair`), from 0 where a function takes or returns indices. This file does not know
what the lines mean; words and their classes are jieba's guess.
"""

import functools
import itertools
import logging
import unicodedata
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

from nlg.text.readings import OPPOSITE, line_tones
from nlg.text.rhymes import OBLIQUE, PINGSHUI

RULES = (
    "字数不等",  # another number of characters
    "标点不对",  # a mark faces a character
    "同位重字",  # a character of 上联 stands again at its place
    "异位重字",  # a character of 上联 stands again elsewhere
    "叠字不对",  # a character repeats in one line and not in the other
    "句脚失对",  # both lines end in the same tone
    "下联仄收",  # 下联 ends in an oblique tone
    "平仄失对",  # the tones at an even place of a clause are the same
)
SHARING = frozenset({"同位重字", "异位重字"})


class Couplet(NamedTuple):
    """上联 and 下联."""

    first_line: str
    second_line: str


# Function words (虚字) that tradition lets face themselves.
PARTICLES = frozenset("之乎者也矣焉哉而以于其与则兮且所的")


@functools.cache
def is_mark(character: str) -> bool:
    """Return whether `character` is no letter, digit or ideograph: it is not answered.

    Example:
        >>> [is_mark(character) for character in "，·😀春"]
        [True, True, True, False]
    """
    return unicodedata.category(character)[0] not in "LN"


def clauses(line: str) -> tuple[tuple[int, int], ...]:
    """Return where the clauses of `line` start and end, from 0, ends excluded.

    Example:
        >>> clauses("雨过溪桥，荷风")
        ((0, 4), (5, 7))
    """
    runs = itertools.groupby(range(len(line)), lambda place: is_mark(line[place]))
    spans = [tuple(places) for marked, places in runs if not marked]
    return tuple((span[0], span[-1] + 1) for span in spans)


def repeat_groups(line: str) -> tuple[int, ...]:
    """Return for each place the first place, from 0, of the same character.

    Two lines have one repeat pattern when these are equal.

    Example:
        >>> repeat_groups("晚风摇树树还挺")
        (0, 1, 2, 3, 3, 5, 6)
    """
    return tuple(map(line.index, line))


def beats(line: str) -> tuple[int, ...]:
    """Return the places 2, 4, 6 … of every clause of `line`, from 0 in the line.

    Example:
        >>> beats("雨过溪桥，荷风")
        (1, 3, 6)
    """
    return tuple(
        place for start, end in clauses(line) for place in range(start + 1, end, 2)
    )


def foot(line: str) -> int | None:
    """Return the place of the last character (句脚), from 0; None if there is none.

    Example:
        >>> foot("春眠不觉晓，")
        4
    """
    spans = clauses(line)
    return spans[-1][1] - 1 if spans else None


def clash(tone: str, other: str) -> bool:
    """Return whether two tone marks are certain and the same.

    Example:
        >>> clash("仄", "仄"), clash("仄", "平"), clash("仄", "多")
        (True, False, False)
    """
    return tone == other and tone in OPPOSITE


def couplet_tones(line: str, book: str = PINGSHUI) -> str:
    """Return one tone mark a character; marks stand for themselves.

    Example:
        >>> couplet_tones("雨过溪桥，荷风")
        '仄多平平，多平'
    """
    pairs = zip(line, line_tones(line, book), strict=True)
    return "".join(
        character if is_mark(character) else tone for character, tone in pairs
    )


class Violation(NamedTuple):
    """A rule, one of `RULES`, that a couplet breaks.

    For 字数不等 the place is the first that one of the lines lacks.
    """

    kind: str
    first_place: int  # in 上联, from 1
    second_place: int  # in 下联, from 1; another one for 异位重字 only, and for feet


class Verdict(NamedTuple):
    """What `check_couplet` finds."""

    tones: tuple[str, str]  # 平 仄 多 ？ and the marks, of 上联 and of 下联
    violations: tuple[Violation, ...]  # in the order of `RULES`, then of places

    @property
    def broken(self) -> frozenset[str]:
        """Return the rules that are broken."""
        return frozenset(violation.kind for violation in self.violations)


def check_couplet(
    first_line: str,
    second_line: str,
    book: str = PINGSHUI,
    allow_particles: bool = False,
) -> Verdict:
    """Return the tones of a couplet and the rules that it breaks.

    Which mark faces which is free: a question may answer a statement. Lines of unequal
    length are judged by shared characters and line ends alone, as their other places
    do not face each other. The foot is 句脚失对 only, even where its place is even.

    Args:
        first_line: 上联.
        second_line: 下联.
        book: 平水韵 or 中华新韵.
        allow_particles: let 之 and other `PARTICLES` face themselves.

    Raises:
        OptionError: there is no such book.

    Example:
        >>> check_couplet("晚风摇树树还挺", "晨露润花花更红").violations
        ()
        >>> check_couplet("晚风摇树树还挺", "晨露润花枝更红").violations
        (Violation(kind='叠字不对', first_place=5, second_place=5),)
    """
    lines = first_line, second_line
    tones = couplet_tones(first_line, book), couplet_tones(second_line, book)
    shared = _shared(*lines, PARTICLES if allow_particles else frozenset())
    if len(first_line) != len(second_line):
        place = min(map(len, lines)) + 1
        unequal = Violation("字数不等", place, place)
        return Verdict(tones, (unequal, *shared, *_feet(*lines, tones)))
    found = (
        *_marks(*lines),
        *shared,
        *_repeats(*lines),
        *_feet(*lines, tones),
        *_beats(first_line, tones),
    )
    return Verdict(tones, found)


def _marks(first_line: str, second_line: str) -> Iterator[Violation]:
    for place, (one, other) in enumerate(zip(first_line, second_line, strict=True), 1):
        if is_mark(one) != is_mark(other):
            yield Violation("标点不对", place, place)


def _shared(
    first_line: str, second_line: str, allowed: frozenset[str]
) -> tuple[Violation, ...]:
    """Return the places of 下联 whose character 上联 has: first at its place."""
    same, elsewhere = [], []
    for place, character in enumerate(second_line, 1):
        if is_mark(character) or character not in first_line:
            continue
        if first_line[place - 1 : place] != character:
            first_place = first_line.index(character) + 1
            elsewhere.append(Violation("异位重字", first_place, place))
        elif character not in allowed:
            same.append(Violation("同位重字", place, place))
    return (*same, *elsewhere)


def _repeats(first_line: str, second_line: str) -> Iterator[Violation]:
    groups = zip(repeat_groups(first_line), repeat_groups(second_line), strict=True)
    for place, (one, other) in enumerate(groups):
        marked = is_mark(first_line[place]) or is_mark(second_line[place])
        if one != other and not marked:
            yield Violation("叠字不对", place + 1, place + 1)


def _feet(
    first_line: str, second_line: str, tones: tuple[str, str]
) -> Iterator[Violation]:
    first, second = foot(first_line), foot(second_line)
    if first is None or second is None:
        return
    if clash(tones[0][first], tones[1][second]):
        yield Violation("句脚失对", first + 1, second + 1)
    if tones[1][second] == OBLIQUE:
        yield Violation("下联仄收", first + 1, second + 1)


def _beats(first_line: str, tones: tuple[str, str]) -> Iterator[Violation]:
    for place in sorted({*beats(first_line)} - {foot(first_line)}):
        if clash(tones[0][place], tones[1][place]):
            yield Violation("平仄失对", place + 1, place + 1)


class WordPair(NamedTuple):
    """Two words that begin and end at the same places of both lines."""

    place: int  # of their first character, from 1
    first_word: str
    second_word: str
    first_class: str  # as jieba tags it: n noun, v verb, a adjective, m numeral …
    second_class: str

    @property
    def alike(self) -> bool:
        """Return whether both are of one class; ns, a place, is a noun too."""
        return self.first_class[0] == self.second_class[0]


class Parallelism(NamedTuple):
    """How the words of two lines face each other (对仗), by jieba's guess."""

    pairs: tuple[WordPair, ...]
    boundaries: float  # share of the word boundaries of both lines that coincide
    alike: float  # share of the first line's characters in pairs of one class


def parallelism(first_line: str, second_line: str) -> Parallelism:
    """Return which words face each other, and whether they are of one class.

    Marks are no boundaries: they part clauses, not words. Needs jieba.

    Example:
        >>> found = parallelism("青山不墨千秋画", "绿水无弦万古琴")
        >>> found.pairs[0][:3], found.pairs[0].alike
        ((1, '青山', '绿水'), True)
    """
    first, second = _words(first_line), _words(second_line)
    pairs = tuple(
        WordPair(
            start + 1,
            first_line[start:end],
            second_line[start:end],
            first[start, end],
            second[start, end],
        )
        for start, end in first
        if (start, end) in second
    )
    alike = sum(len(pair.first_word) for pair in pairs if pair.alike)
    characters = sum(end - start for start, end in first)
    return Parallelism(
        pairs,
        _overlap(_boundaries(first_line, first), _boundaries(second_line, second)),
        alike / characters if characters else 0.0,
    )


def _words(line: str) -> dict[tuple[int, int], str]:
    """Return the class of each word by where it starts and ends, clause by clause."""
    words, place = {}, 0
    for place, end in clauses(line):
        for text, kind in _tagger().cut(line[place:end]):
            words[place, place + len(text)] = kind
            place += len(text)
    return words


def _boundaries(line: str, words: dict[tuple[int, int], str]) -> set[int]:
    """Return where a word starts inside a clause."""
    return {start for start, _ in words} - {start for start, _ in clauses(line)}


def _overlap(one: set[int], other: set[int]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0


@functools.cache
def _tagger() -> Any:
    with warnings.catch_warnings(action="ignore"):  # of its age, to whoever has it
        import jieba
        import jieba.posseg
    # It tells stderr how it loads, and where it could not keep its cache.
    jieba.setLogLevel(logging.CRITICAL)
    return jieba.posseg.POSTokenizer(jieba.Tokenizer())
