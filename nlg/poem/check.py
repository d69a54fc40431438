"""Look at a poem that a person typed: form, tones, rhyme, polyphones, originality.

    examine("床前明月光，疑是地上霜。举头望明月，低头思故乡。").verdict.violations

The rules are those of `nlg.text.prosody`; what is known is the training set's lines.
"""

import collections
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from nlg.errors import OptionError
from nlg.poem.known import shipped_lines
from nlg.text.forms import cut_unmarked, form_of
from nlg.text.normalize import to_simplified, verses
from nlg.text.prosody import (
    BOTH,
    OBLIQUE,
    PINGSHUI,
    XINYUN,
    Verdict,
    check,
    level_groups,
    rhyme_groups,
    tones,
)

BOOKS = (PINGSHUI, XINYUN)
HEADS = 2  # rows that may stand before a poem: its title, its author


class Rhyme(NamedTuple):
    """The group of a book that most even lines end in."""

    group: str  # "" where the book knows none of the feet
    feet: str  # the last characters in it: of even lines, and of the first
    others: str  # of even lines that end otherwise


class Polyphone(NamedTuple):
    """A character that is read in both tones."""

    character: str
    line: int  # from 1
    place: int  # from 1


class Examination(NamedTuple):
    """What is found in a poem."""

    lines: tuple[str, ...]  # simplified characters, no marks
    verdict: Verdict
    rhymes: dict[str, Rhyme]  # by book
    polyphones: tuple[Polyphone, ...]
    known_lines: int  # lines that stand in the training set
    longest_shared_run: int  # as KnownLines.longest_run counts

    @property
    def clean(self) -> bool:
        """Return whether it is regulated verse without a fault."""
        return self.verdict.form != "" and not self.verdict.violations

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "lines": self.lines,
            "form": self.verdict.form,
            "pattern": self.verdict.pattern,
            "tones": self.verdict.tones,
            "violations": [one._asdict() for one in self.verdict.violations],
            "clean": self.clean,
            "rhymes": {book: rhyme._asdict() for book, rhyme in self.rhymes.items()},
            "polyphones": [one._asdict() for one in self.polyphones],
            "known_lines": self.known_lines,
            "longest_shared_run": self.longest_shared_run,
        }


def examine(text: str, book: str = PINGSHUI) -> Examination:
    """Return what there is to say of a poem, typed with or without marks and title.

    Tones and polyphones are those of `book`; rhymes are looked up in both.

    Raises:
        OptionError: there is no Chinese character in it.
    """
    lines = _lines_of(to_simplified(text))
    if not lines:
        start = text.strip()[:20] or "an empty text"
        raise OptionError(f"{start} has no Chinese characters; give a poem")
    known = shipped_lines()
    verdict = check(lines, book)
    return Examination(
        lines,
        verdict,
        {book: rhyme_of(lines, book) for book in BOOKS},
        polyphones(lines, verdict.tones),
        sum(line in known for line in lines),
        max(map(known.longest_run, lines)),
    )


def _lines_of(text: str) -> tuple[str, ...]:
    """Return the lines of a poem; title and author in rows of their own are left out.

    Two rows that read like lines of the verse are no heads: a poem of six lines is not
    one of four with a title.
    """
    rows = text.strip().splitlines()
    for heads in range(HEADS + 1):
        lines = cut_unmarked(verses("\n".join(rows[heads:])))
        form = form_of(lines)
        if form and (heads < 2 or {*map(len, rows[:heads])} != {form.columns}):
            return lines
    return cut_unmarked(verses(text))


def rhyme_of(lines: Sequence[str], book: str = PINGSHUI) -> Rhyme:
    """Return the group that most even lines end in.

    Regulated verse rhymes in the level tone, so that goes first; a group of an oblique
    tone counts where all even lines may end in one, and more of them rhyme in it.

    Example:
        >>> rhyme_of(["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"])
        Rhyme(group='七阳', feet='光霜乡', others='')
        >>> rhyme_of(["春眠不觉晓", "处处闻啼鸟", "夜来风雨声", "花落知多少"])
        Rhyme(group='十七筱', feet='晓鸟少', others='')
    """

    def level(foot: str) -> frozenset[str]:
        return rhyme_groups(foot, book)

    def oblique(foot: str) -> frozenset[str]:
        read = OBLIQUE in tones(foot, book)
        return rhyme_groups(foot, book, level_only=False) if read else frozenset()

    order = level_groups(book)
    found = [_most(lines, level, order)]
    if all(OBLIQUE in tones(line[-1], book) for line in lines[1::2]):
        found.append(_most(lines, oblique, order))
    return max(found, key=lambda rhyme: len(rhyme.feet))


def _most(
    lines: Sequence[str],
    groups_of: Callable[[str], frozenset[str]],
    order: tuple[str, ...],
) -> Rhyme:
    """Return the rhyme of most feet; of equals, the first foot's, as `check` does."""
    feet = [line[-1] for line in lines[1::2]]
    count: collections.Counter[str] = collections.Counter()
    for foot in feet:
        groups = groups_of(foot)
        level = [group for group in order if group in groups]
        count.update([*level, *sorted(groups.difference(level))])
    if not count:
        return Rhyme("", "", "".join(feet))
    best = count.most_common(1)[0][0]
    if best in groups_of(lines[0][-1]):
        feet.insert(0, lines[0][-1])
    inside = [foot for foot in feet if best in groups_of(foot)]
    return Rhyme(best, "".join(inside), "".join(f for f in feet if f not in inside))


def polyphones(lines: Sequence[str], marks: Sequence[str]) -> tuple[Polyphone, ...]:
    """Return the characters marked 多 in `marks`, a string a line, with their places.

    Example:
        >>> polyphones(["更上一层楼"], ["多仄仄平平"])
        (Polyphone(character='更', line=1, place=1),)
    """
    return tuple(
        Polyphone(character, number, place)
        for number, (line, line_marks) in enumerate(zip(lines, marks, strict=True), 1)
        for place, (character, mark) in enumerate(zip(line, line_marks, strict=True), 1)
        if mark == BOTH
    )
