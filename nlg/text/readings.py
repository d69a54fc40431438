"""Which of its readings a character has in use: tones and rhymes as poets used them.

Books give 不 as 平 too (十一尤); of 24,000 places in poems it is so in 2 %, as often as
poets err in characters of one tone. Such a reading is no excuse. 思 is 平 in 64 %, but
in 相思 always. `readings.txt` beside this file holds what data/make_rhymes.py counted:
the tones of a character, the share of 平, and the words that decide otherwise.

A line of tones is written one mark a character: 平, 仄, 多 for a character that is read
in both there, ？ for one of which nothing is known.

    白日依山尽 黄河入海流    仄仄平平仄 平平仄仄平
    欲穷千里目 更上一层楼    仄平平仄仄 多仄仄平平

The counts are of old verse; the books of today have their readings as they are.
"""

import functools
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

from nlg.text.rhymes import (
    CILIN,
    LEVEL,
    OBLIQUE,
    PINGSHUI,
    XINYUN,
    groups,
    readings,
    tones_by_use,
)

BOTH, UNKNOWN = "多", "？"
UNTOLD = "～"  # stands for the character in a word
TONES = {
    LEVEL: frozenset({LEVEL}),
    OBLIQUE: frozenset({OBLIQUE}),
    BOTH: frozenset({LEVEL, OBLIQUE}),
    UNKNOWN: frozenset[str](),
}
OPPOSITE = {LEVEL: OBLIQUE, OBLIQUE: LEVEL}
OLD = (PINGSHUI, CILIN)  # the books of the verse that was counted
# Where two characters of a line may be a word, from 0: it is read 2-2-3.
UNITS = {5: frozenset({0, 2, 3}), 7: frozenset({0, 2, 4, 5})}


class Use(NamedTuple):
    """How poets use a character that the book has in both tones."""

    mark: str  # 平, 仄 or 多: the tones in use where no word decides
    level: float  # share of 平, in percent
    places: int  # that were counted
    words: str  # 相～平 ～量平: the tones after 相, before 量


@functools.cache
def _rows(kind: str) -> list[list[str]]:
    text = pathlib.Path(__file__).with_name("readings.txt").read_text("utf-8")
    rows = [row.split("\t") for row in text.splitlines()[1:]]
    return [row[1:] for row in rows if row[0] == kind]


@functools.cache
def _uses() -> dict[str, Use]:
    return {
        character: Use(mark, float(level), int(places), words)
        for character, mark, level, places, words in _rows("字")
    }


@functools.cache
def _unrhymed() -> frozenset[tuple[str, str]]:
    """Return pairs of group and character of which no poet makes a rhyme."""
    return frozenset((group, c) for group, found in _rows("韵") for c in found)


def use_of(character: str) -> Use | None:
    """Return how poets use a character of both tones; None of others and rare ones.

    Example:
        >>> use_of("不")[:3]
        ('仄', 2.1, 24093)
    """
    return _uses().get(character)


@functools.cache
def book_mark(character: str, book: str = PINGSHUI) -> str:
    """Return the tones that a book has of `character`, rare ones too, as a mark.

    What it lacks has the tone that poems want of it, or that of Mandarin.

    Example:
        >>> book_mark("不"), book_mark("咖"), book_mark("Q")
        ('多', '平', '？')
    """
    levels = {reading.tone == LEVEL for reading in readings(character, book)}
    if levels:
        return BOTH if len(levels) > 1 else LEVEL if True in levels else OBLIQUE
    if character in tones_by_use():
        return tones_by_use()[character]
    return UNKNOWN if book == XINYUN else book_mark(character, XINYUN)


def is_modern(character: str) -> bool:
    """Return whether no old book has `character`, so that it rhymes with nothing.

    Example:
        >>> is_modern("咖"), is_modern("春")
        (True, False)
    """
    return not readings(character) and book_mark(character) != UNKNOWN


@functools.cache
def mark(character: str, book: str = PINGSHUI) -> str:
    """Return the tones in use of `character` by itself as a mark.

    Example:
        >>> mark("不"), mark("思"), mark("咖"), mark("Q")
        ('仄', '多', '平', '？')
    """
    found = book_mark(character, book)
    use = _uses().get(character) if found == BOTH and book in OLD else None
    return use.mark if use else found


@functools.cache
def _words(character: str) -> dict[str, str]:
    """Return the mark of a character by what stands beside it: {"相～": "平"}."""
    return {word[:-1]: word[-1] for word in _uses()[character].words.split()}


def words_that_decide() -> Iterator[tuple[str, str]]:
    """Yield words of two with the marks of both, ？ for one that is not decided.

    Example:
        >>> ("相思", "？平") in list(words_that_decide())
        True
    """
    for character in _uses():
        for word, decided in _words(character).items():
            before = word.startswith(UNTOLD)
            marks = decided + UNKNOWN if before else UNKNOWN + decided
            yield word.replace(UNTOLD, character), marks


def word_at(line: str, place: int) -> tuple[str, str]:
    """Return the word that decides a reading, and the mark; ("", "") without one.

    Args:
        line: simplified characters.
        place: of a character that `use_of` knows, from 0.

    Example:
        >>> word_at("此物最相思", 4)
        ('相思', '平')
    """
    known = _words(line[place])
    units = UNITS.get(len(line), range(len(line)))
    found = []
    if place and place - 1 in units and f"{line[place - 1]}～" in known:
        found.append((line[place - 1 : place + 1], known[f"{line[place - 1]}～"]))
    if place in units and f"～{line[place + 1 : place + 2]}" in known:
        found.append((line[place : place + 2], known[f"～{line[place + 1]}"]))
    certain = [one for one in found if one[1] != BOTH] or found
    if len({one[1] for one in certain}) != 1:
        return "", ""  # no word, or two that contradict each other
    return certain[0]


def line_tones(line: str, book: str = PINGSHUI) -> str:
    """Return one mark a character, each looked at by itself.

    Raises:
        OptionError: there is no such book.

    Example:
        >>> line_tones("黄河入海流"), line_tones("此物最相思")
        ('平平仄仄平', '仄仄仄多多')
    """
    return "".join(mark(character, book) for character in line)


@functools.lru_cache(1 << 14)
def word_tones(line: str, book: str = PINGSHUI) -> str:
    """Return one mark a character, each read as in its word.

    Raises:
        OptionError: there is no such book.

    Example:
        >>> word_tones("此物最相思")
        '仄仄仄平平'
    """
    marks = list(line_tones(line, book))
    for place, character in enumerate(line) if book in OLD else ():
        if character in _uses() and book_mark(character, book) == BOTH:
            marks[place] = word_at(line, place)[1] or marks[place]
    return "".join(marks)


def tones(character: str, book: str = PINGSHUI) -> frozenset[str]:
    """Return the tones in use of `character`, of 平 and 仄; none if it is unknown.

    Example:
        >>> sorted(tones("看")), sorted(tones("不"))
        (['仄', '平'], ['仄'])
    """
    return TONES[mark(character, book)]


@functools.cache
def rhyme_groups(
    character: str, book: str = PINGSHUI, level_only: bool = True
) -> frozenset[str]:
    """Return the groups `character` rhymes in; regulated verse rhymes in level tone.

    Groups of a tone that is not in use are left out, and those that no poet uses.

    Example:
        >>> rhyme_groups("东"), rhyme_groups("月")
        (frozenset({'一东'}), frozenset())
        >>> rhyme_groups("月", level_only=False)
        frozenset({'六月'})
    """
    used = tones(character, book)
    return frozenset(
        reading.group
        for reading in readings(character, book)
        if (reading.tone == LEVEL or not level_only)
        and (LEVEL if reading.tone == LEVEL else OBLIQUE) in used
        and (book != PINGSHUI or (reading.group, character) not in _unrhymed())
    )


@functools.cache
def level_groups(book: str = PINGSHUI) -> tuple[str, ...]:
    """Return the names of the groups in level tone, in the order of the book.

    Example:
        >>> len(level_groups()), level_groups()[:3]
        (30, ('一东', '二冬', '三江'))
    """
    return tuple(group.name for group in groups(book) if group.tone == LEVEL)
