"""Look at a poem that a person typed: form, tones, rhyme, polyphones, originality.

    examine("床前明月光，疑是地上霜。举头望明月，低头思故乡。").verdict.style

The rules of regulated verse are in `nlg.text.prosody`, those of 词 in
`nlg.text.ci_rules` and of 古风 in `nlg.text.old_verse`; all give one kind of verdict.
What is known is the training set's lines.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from nlg.errors import OptionError
from nlg.poem.known import Originality, shipped_lines
from nlg.poem.sung import near_tunes, read_ci
from nlg.text.forms import FORMS, cut_unmarked, form_named, form_of
from nlg.text.normalize import HAN, to_simplified, verses
from nlg.text.old_verse import check_old_verse
from nlg.text.patterns import FREE, line_patterns
from nlg.text.prosody import Verdict, check
from nlg.text.readings import BOTH, OLD, UNKNOWN, book_mark, is_modern, use_of, word_at
from nlg.text.remarks import Note, oblique_ends
from nlg.text.rescues import BELOW, LONELY, SELF
from nlg.text.rhymes import PINGSHUI, TONGYUN, XINYUN
from nlg.text.rhyming import Rhyme, rhyme_of

BOOKS = (PINGSHUI, XINYUN, TONGYUN)
HEADS = 2  # rows that may stand before a poem: its title, its author
FOREIGN = re.compile(rf"(?:(?!{HAN.pattern})[^\W_])+")  # letters and digits
MADE_UP = {SELF: "仄", BELOW: "平", LONELY: "平"}  # the tone that makes up for another

__all__ = [
    "BOOKS",
    "Examination",
    "Polyphone",
    "Rhyme",
    "examine",
    "polyphones",
    "rhyme_of",
]


class Polyphone(NamedTuple):
    """A character that is read in both tones, and how it is read where it stands."""

    character: str
    line: int  # from 1
    place: int  # from 1
    reading: str  # 平, 仄, or 多 where either will do
    why: str  # word, rhyme, pattern, use; free where either will do
    word: str  # that decides, or ""
    level: float | None  # share of 平 in its use, in percent; None if not counted


class Examination(NamedTuple):
    """What is found in a poem."""

    lines: tuple[str, ...]  # simplified characters, no marks
    verdict: Verdict
    patterns: tuple[str, ...]  # the standard line that each is nearest to, of 平 仄 中
    rhymes: dict[str, Rhyme]  # by book
    polyphones: tuple[Polyphone, ...]
    unknown: str  # characters of which no tone is known, each once
    modern: str  # characters that no old book has, with the tone of Mandarin
    left_out: tuple[str, ...]  # letters and digits of the text
    near: tuple[str, ...]  # the nearest tunes, of a text of no form
    known_lines: int  # lines that stand in the training set
    longest_shared_run: int  # as KnownLines.longest_run counts

    @property
    def clean(self) -> bool:
        """Return whether it keeps all rules of a form."""
        return self.verdict.clean

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        verdict = self.verdict
        facts = self._asdict() | verdict._asdict()
        del facts["verdict"]
        for name in ("rescues", "notes", "polyphones", "cilin"):
            facts[name] = [one._asdict() for one in facts[name]]
        facts["violations"] = [one._asdict() for one in verdict.faults]
        departures = () if verdict.faults else verdict.violations
        facts["departures"] = [one._asdict() for one in departures]
        facts["rhymes"] = {book: one._asdict() for book, one in self.rhymes.items()}
        return facts | {"clean": self.clean}


def examine(
    text: str,
    book: str = PINGSHUI,
    strict_tones: bool = False,
    odd_ends: bool = False,
    tune: str = "",
    variant: int = 0,
) -> Examination:
    """Return what there is to say of a poem, typed with or without marks and title.

    Tones and polyphones are those of `book`; rhymes are looked up in all. A 词 has the
    tones of 平水韵 and the rhymes of 词林正韵.

    Args:
        text: the poem.
        book: of `BOOKS`.
        strict_tones: count a tone that another makes up for (拗救) as a fault.
        odd_ends: remark odd lines in a row that end in one oblique tone (上尾).
        tune: that it is a 词 to; "" leaves that to its title, lines and tones.
        variant: of the tune, from 1; 0 is the one that it breaks least.

    Raises:
        OptionError: there is no Chinese character in it, no such tune or variant.
    """
    if variant and not tune:
        raise OptionError("--variant needs --tune")
    bare = FOREIGN.sub("", to_simplified(text))
    if not verses(bare):
        start = text.strip()[:20] or "an empty text"
        raise OptionError(f"{start} has no Chinese characters; give a poem")
    sung = read_ci(bare, tune, variant)
    if sung:
        lines, verdict, patterns = sung
    else:
        lines = _lines_of(bare)
        verdict = _checked(lines, book, strict_tones, odd_ends)
        patterns = _patterns_of(lines, verdict, book)
    characters = "".join(dict.fromkeys("".join(lines)))
    return Examination(
        lines,
        verdict,
        patterns,
        {} if sung or verdict.cilin else {b: rhyme_of(lines, b) for b in BOOKS},
        polyphones(lines, verdict, patterns, book),
        "".join(c for c in characters if book_mark(c, book) == UNKNOWN),
        "".join(c for c in characters if book in OLD and is_modern(c)),
        tuple(FOREIGN.findall(text)),
        () if verdict.form else near_tunes(lines),
        *Originality.of(lines, shipped_lines()),
    )


def _checked(
    lines: Sequence[str], book: str, strict_tones: bool, odd_ends: bool
) -> Verdict:
    """Return the verdict on a regulated poem, 排律 or 古风, or a text of no form."""
    verdict = check(lines, book, strict_tones)
    if not verdict.form:
        return check_old_verse(lines, book) or verdict
    return _with_notes(verdict, oblique_ends(lines)) if odd_ends else verdict


def _with_notes(verdict: Verdict, notes: Sequence[Note]) -> Verdict:
    merged = sorted((*verdict.notes, *notes), key=lambda note: note[1:3])
    return verdict._replace(notes=tuple(merged))


def _patterns_of(lines: Sequence[str], verdict: Verdict, book: str) -> tuple[str, ...]:
    if verdict.form not in FORMS:
        return ()
    return line_patterns(lines, verdict.tones, form_named(verdict.form), book)


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


def polyphones(
    lines: Sequence[str],
    verdict: Verdict,
    patterns: Sequence[str] = (),
    book: str = PINGSHUI,
) -> tuple[Polyphone, ...]:
    """Return the characters whose reading is worth a word, with the one that is taken.

    Of those that are hardly ever read otherwise (花, 不), the ones that the pattern
    wants otherwise.

    Example:
        >>> lines = ("更上一层楼",)
        >>> polyphones(lines, check(lines))[0][:5]
        ('更', 1, 1, '多', 'free')
    """
    wanted = _wanted(verdict, patterns)
    return tuple(
        found
        for number, line in enumerate(lines)
        for place, character in enumerate(line)
        if book_mark(character, book) == BOTH
        and (found := _read(line, verdict, wanted, (number, place), book))
    )


def _wanted(verdict: Verdict, patterns: Sequence[str]) -> dict[tuple[int, int], str]:
    """Return the tone, 平 or 仄, that each place should have, where it should have one.

    Odd places are bound only in a poem that keeps a pattern; what another tone makes up
    for is as it should be.
    """
    wanted = {
        (number, place): tone
        for number, line in enumerate(patterns)
        for place, tone in enumerate(line)
        if tone != FREE and (verdict.pattern or place % 2 or place == len(line) - 1)
    }
    for rescue in verdict.rescues:
        departing = rescue.line - 1, rescue.place - 1
        wanted[departing] = verdict.tones[departing[0]][departing[1]]
        wanted[rescue.by_line - 1, rescue.by_place - 1] = MADE_UP[rescue.kind]
    return wanted


def _read(
    line: str,
    verdict: Verdict,
    wanted: dict[tuple[int, int], str],
    at: tuple[int, int],
    book: str,
) -> Polyphone | None:
    """Return how a character of both tones is read, None if that needs no word."""
    number, place = at
    mark = verdict.tones[number][place]
    use = use_of(line[place]) if book in OLD else None
    want = wanted.get(at, "")
    word = word_at(line, place)[0] if use and mark != BOTH else ""
    if mark == BOTH:
        foot = number % 2 == 1 and place == len(line) - 1
        why = ("rhyme" if foot else "pattern") if want else "free"
    elif word or want not in ("", mark):
        want, why = mark, "word" if word else "use"
    else:
        return None
    level = use.level if use else None
    return Polyphone(line[place], number + 1, place + 1, want or BOTH, why, word, level)
