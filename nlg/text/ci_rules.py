"""What a tune asks of a 词: which clauses break it, and what is no fault.

    失律    a tone other than the pattern's; 中 is free, 多 and ？ satisfy either
    失叠    a clause does not say again what the pattern wants said again
    出韵    a foot outside the 部 that the others rhyme in, and of none that poets mix
            with it; one of those is remarked (通押)

Tones are read as in `nlg.text.prosody`, whose `Verdict` this gives; patterns are of
`nlg.text.tunes`, rhymes of `nlg.text.ci_rhymes`.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nlg.text.ci_rhymes import Foot, parts_of, rhyme_of_feet, rhymes_across
from nlg.text.prosody import Violation
from nlg.text.readings import OPPOSITE, word_tones
from nlg.text.remarks import Note
from nlg.text.rhymes import LEVEL, OBLIQUE
from nlg.text.rhyming import Rhyme
from nlg.text.tunes import Clause, Variant

CI_RULES = WRONG_TONE, LOST_REPEAT, LOST_RHYME = ("失律", "失叠", "出韵")
ACROSS = "通押"


class Sung(NamedTuple):
    """A text held to a pattern."""

    tones: tuple[str, ...]  # marks 平, 仄, 多 and ？, a string a clause
    rhymes: tuple[Rhyme, ...]  # a group each, in the order in which they begin
    violations: tuple[Violation, ...]  # in the order of the clauses
    notes: tuple[Note, ...]


def cut(text: str, lengths: Sequence[int]) -> tuple[str, ...]:
    """Return `text` cut into parts of these lengths."""
    characters = iter(text)
    return tuple("".join(itertools.islice(characters, n)) for n in lengths)


def sing(lines: Sequence[str], variant: Variant) -> Sung:
    """Hold `lines`, simplified characters as long as the clauses, to a pattern.

    Example:
        >>> from nlg.text.tunes import named
        >>> lines = ["天", "休使圆蟾照客眠", "人何在", "桂影自婵娟"]
        >>> found = sing(lines, named("十六字令")[0].variants[0])
        >>> found.violations, found.rhymes
        ((), (Rhyme(group='第七部', feet='天眠娟', others='', tone='平'),))
    """
    marks = tuple(map(word_tones, lines))
    groups = _groups(variant.clauses)
    rhymes = {
        letter: rhyme_of_feet([_foot(lines[n], variant.clauses[n]) for n in numbers])
        for letter, numbers in groups.items()
    }
    outside = list(_outside(lines, variant.clauses, rhymes))
    violations = [
        *_wrong_tones(marks, variant.clauses),
        *_lost_repeats(lines, variant.clauses),
        *(Violation(LOST_RHYME, *one[1:3]) for one in outside if not one.about),
    ]
    return Sung(
        marks,
        tuple(rhymes.values()),
        tuple(sorted(violations, key=lambda violation: violation[1:])),
        tuple(one for one in outside if one.about),
    )


def _groups(clauses: Sequence[Clause]) -> dict[str, list[int]]:
    """Return which clauses rhyme with each other, by the letter of their group."""
    found: dict[str, list[int]] = {}
    for number, clause in enumerate(clauses):
        if clause.rhymes:
            found.setdefault(clause.end.lower(), []).append(number)
    return found


def _foot(line: str, clause: Clause) -> Foot:
    return Foot(line[-1], LEVEL if clause.end.isupper() else OBLIQUE)


def _wrong_tones(
    marks: Sequence[str], clauses: Sequence[Clause]
) -> Iterator[Violation]:
    for number, (line, clause) in enumerate(zip(marks, clauses, strict=True), 1):
        for place, (mark, wanted) in enumerate(zip(line, clause.tones, strict=True), 1):
            if mark in OPPOSITE and wanted == OPPOSITE[mark]:
                yield Violation(WRONG_TONE, number, place)


def _lost_repeats(
    lines: Sequence[str], clauses: Sequence[Clause]
) -> Iterator[Violation]:
    """Yield the first place of each clause that does not say again what it should."""
    for number, clause in enumerate(clauses):
        said, wanted = lines[number], lines[number - clause.back]
        for back in range(clause.again, 0, -1):
            if said[-back:][:1] != wanted[-back:][:1]:
                yield Violation(LOST_REPEAT, number + 1, len(said) - back + 1)
                break


def _outside(
    lines: Sequence[str], clauses: Sequence[Clause], rhymes: dict[str, Rhyme]
) -> Iterator[Note]:
    """Yield the feet outside the 部 of their group, with their own if it is mixed.

    One that has no reading in the tone of the rhyme is 失律, and no more.
    """
    for number, clause in enumerate(clauses):
        if not clause.rhymes:
            continue
        rhyme, foot = rhymes[clause.end.lower()], _foot(lines[number], clause)
        if foot.character in rhyme.others and parts_of(foot):
            about = rhymes_across(foot, rhyme.group)
            yield Note(ACROSS, number + 1, len(lines[number]), about)
