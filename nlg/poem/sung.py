"""Read a text as a 词: its tune is told, named by the title above it, or found.

    浣溪沙·春恨            the title; its author may stand below
    一曲新词酒一杯…

A text that names its tune, and has no variant's number of characters or stops, is held
to the variant that it is most like, line by line.
"""

import difflib
import re
from collections.abc import Iterator, Sequence

from nlg.errors import OptionError
from nlg.text.ci_fit import Fit, fits, near, written
from nlg.text.forms import form_of
from nlg.text.normalize import verses
from nlg.text.prosody import Verdict, Violation
from nlg.text.readings import word_tones
from nlg.text.rhyming import is_oblique_rhyme, rhyme_of
from nlg.text.tunes import Tune, find, numbered, titled

HEADS = 2  # rows that may stand before a text: its title, its author
STOP = re.compile("[，。！？；、,.!?;]")
FEWEST = 4  # lines that are like a tune's and no accident
CI = "词"
LENGTHS = "字数"  # a line is longer or shorter than the pattern's


def read_ci(
    text: str, tune: str = "", number: int = 0
) -> tuple[tuple[str, ...], Verdict, tuple[str, ...]] | None:
    """Return the clauses of a 词, the verdict and its pattern; None if it is none.

    Args:
        text: simplified characters, with marks or without.
        tune: that it is told to be sung to; "" leaves that to be found.
        number: of the variant, from 1; 0 is the best.

    Raises:
        OptionError: there is no such tune or variant.
    """
    rows = text.strip().splitlines()
    tunes = find(tune) if tune else ()
    if number:
        _refuse_absent(tunes, number)
    named = tunes or (titled(rows[0]) if len(rows) > 1 else ())
    found = min(_fitting(rows, tunes, named, number), key=_cost, default=None)
    if found:
        return (
            found.lines,
            _verdict(found),
            tuple(c.tones for c in found.variant.clauses),
        )
    return _unfitting(rows, named, number, bool(tune)) if named else None


def near_tunes(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the tunes whose lines are most like these, which fit none."""
    found = near(lines) if len(lines) >= FEWEST else []
    return tuple(tune.name for tune, _ in found)


def _refuse_absent(tunes: Sequence[Tune], number: int) -> None:
    """Stop if no tune of the name has that variant."""
    if all(number > len(tune.variants) for tune in tunes):
        for tune in tunes:
            numbered(tune, number=number)
        raise OptionError("--variant goes with --tune")


def _cost(fit: Fit) -> tuple[int, int, int]:
    return fit.cost


def _fitting(
    rows: Sequence[str], tunes: Sequence[Tune], named: Sequence[Tune], number: int
) -> Iterator[Fit]:
    """Yield the best fits of the text, with and without rows that may be heads."""
    for heads in _heads(rows):
        lines = verses("\n".join(rows[heads:]))
        wanted = tunes or (named if heads else ())
        if not lines or (not wanted and _is_regulated(lines)):
            continue
        for fit in fits(lines, wanted):
            if number in (0, fit.number) and _believed(fit, lines, bool(tunes), wanted):
                yield fit
                break


def _is_regulated(lines: Sequence[str]) -> bool:
    """Return whether lines have the shape of a regulated poem, and rhyme as one."""
    return bool(form_of(lines)) and not is_oblique_rhyme(lines, rhyme_of(lines))


def _heads(rows: Sequence[str]) -> Iterator[int]:
    """Yield how many rows may be heads: a row with a stop in it is verse."""
    for heads in range(min(HEADS + 1, len(rows))):
        above = rows[:heads]
        if not any(STOP.search(row) and not titled(row) for row in above):
            yield heads


def _believed(
    fit: Fit, lines: Sequence[str], told: bool, wanted: Sequence[Tune]
) -> bool:
    """Return whether a text is taken for a 词 of this variant.

    One in the shape of a regulated poem (竹枝词) is, if the tune is told, or rhymes in
    an oblique tone as it should.
    """
    if told:
        return True
    if form_of(lines):
        oblique = fit.variant.rhymes == "仄韵" and fit.plausible
        return (bool(wanted) and oblique) or fit.told
    return bool(wanted) or (fit.told and fit.plausible)


def _verdict(fit: Fit) -> Verdict:
    sung = fit.sung
    return Verdict(
        fit.tune.name,
        f"{fit.variant.book} {fit.number}",
        sung.rhymes[0].group if sung.rhymes else "",
        sung.tones,
        sung.violations,
        CI,
        (),
        sung.notes,
        sung.rhymes,
    )


def _unfitting(
    rows: Sequence[str], named: Sequence[Tune], number: int, told: bool
) -> tuple[tuple[str, ...], Verdict, tuple[str, ...]] | None:
    """Return what a text has in common with a tune whose lines are not as long."""
    found = []
    for heads in _heads(rows):
        if not (heads or told):
            continue
        lines = tuple(verses("\n".join(rows[heads:])))
        if not told and form_of(lines):
            return None
        for tune, nearest in near(lines, named) if lines else ():
            numbers = number or nearest
            if numbers <= len(tune.variants):
                wrong = list(_other_lengths(lines, tune, numbers))
                found.append((len(wrong), heads, tune, numbers, lines, wrong))
    if not found:
        return None
    *_, tune, best, lines, wrong = min(found, key=lambda one: one[:2])
    marks = tuple(map(word_tones, lines))
    pattern = f"{tune.variants[best - 1].book} {best}"
    return lines, Verdict(tune.name, pattern, "", marks, tuple(wrong), CI), ()


def _other_lengths(
    lines: Sequence[str], tune: Tune, number: int
) -> Iterator[Violation]:
    """Yield the lines that have no line of that length across in the pattern."""
    lengths = [len(line) for line in lines]
    wanted = written(tune.variants[number - 1])
    if len(lengths) == len(wanted):
        found = {n for n, size in enumerate(lengths) if size != wanted[n]}
    else:
        found = _changed(lengths, wanted)
    for line in sorted(found):
        yield Violation(LENGTHS, line + 1, lengths[line])


def _changed(lengths: Sequence[int], wanted: Sequence[int]) -> set[int]:
    """Return the lines, from 0, that are surplus, other, or stand where one lacks."""
    matcher = difflib.SequenceMatcher(None, lengths, wanted, autojunk=False)
    found: set[int] = set()
    for kind, start, end, *_ in matcher.get_opcodes():
        if kind != "equal":
            first = min(start, len(lengths) - 1)
            found.update(range(first, max(end, first + 1)))
    return found
