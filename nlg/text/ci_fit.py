"""Which tune a text is sung to: told by its stops, its tones and its rhymes.

A text stops where the clauses of its variant end. Poets do not always write a 豆, and
write 上三下四 with one or without, so a few stops may differ:

    故国不堪回首月明中      中仄中平中仄、仄平平      fits

Of several variants that fit, the one whose pattern the text breaks least is meant.
"""

import collections
import difflib
import functools
import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nlg.text.ci_rules import WRONG_TONE, Sung, cut, sing
from nlg.text.tunes import Tune, Variant, all_tunes

STRAY = 4  # one stop in so many may differ
OFF_KEY = 6  # one fixed tone in so many may be wrong
FEW = 3  # wrong tones that any text may have
OFF_EXAMPLE = 3  # the same of a pattern without 中, which is one poet's text
UNRHYMED = 2  # one rhyme in so many may be missing
FOUR, EIGHT = 4, 8  # lines of a 绝句, of a 律诗
ALIKE = 0.5  # of the lines of a near tune, at least
LESS_ALIKE = 100  # a character more or less counts as one of so many lines
NEAR = 6  # characters that a near tune may have more or less


class Fit(NamedTuple):
    """A variant that a text has the length and the stops of."""

    tune: Tune
    number: int  # of the variant, from 1
    variant: Variant
    lines: tuple[str, ...]  # the text, cut as the variant is
    sung: Sung
    strays: int  # stops that differ
    stops: int  # of the text

    @property
    def cost(self) -> tuple[int, int, int]:
        """Return how far the text is from the pattern; the least is meant."""
        broken = len(self.sung.violations)
        return self.strays + broken, len(self.sung.notes), self.number

    @property
    def plausible(self) -> bool:
        """Return whether so few rules are broken that this may well be its tune."""
        tones = sum(one.kind == WRONG_TONE for one in self.sung.violations)
        fixed = sum(len(c.tones) - c.tones.count("中") for c in self.variant.clauses)
        feet = sum(clause.rhymes for clause in self.variant.clauses)
        others = len(self.sung.violations) - tones
        share = OFF_KEY if fixed < self.variant.characters else OFF_EXAMPLE
        few = tones <= FEW or share * tones <= fixed
        return few and UNRHYMED * others <= feet

    @property
    def told(self) -> bool:
        """Return whether its shape tells it from a poem: 三台 has that of a 绝句."""
        lengths = written(self.variant)
        # A text of 7 7 7 that writes 豆, 7 3、4 7, is no poem either.
        if len(set(lengths)) > 1 or (self.stops > len(lengths) and not self.strays):
            return True
        if len(lengths) == EIGHT:
            oblique = self.variant.rhymes == "仄韵"
            return oblique and not self.strays and not self.sung.violations
        return len(lengths) > FOUR and not self.strays


def fits(lines: Sequence[str], tunes: Iterable[Tune] = ()) -> list[Fit]:
    """Return the variants that a text fits, the best first.

    Args:
        lines: simplified characters, parted where the text has marks; one alone, with
            no mark in it, may stop anywhere.
        tunes: that are asked for; () is all.

    Example:
        >>> lines = ["常记溪亭日暮", "沉醉不知归路", "兴尽晚回舟", "误入藕花深处"]
        >>> lines += ["争渡", "争渡", "惊起一滩鸥鹭"]
        >>> fits(lines)[0].tune.name
        '如梦令'
    """
    text = "".join(lines)
    stops = frozenset(itertools.accumulate(map(len, lines)))
    wanted = {tune.names for tune in tunes}
    found = []
    for tune, number, variant in _by_characters().get(len(text), ()):
        if not wanted or tune.names in wanted:
            strays = _strays(stops, variant) if len(lines) > 1 else 0
            if wanted or STRAY * strays <= len(variant.clauses):
                found.append((strays, tune, number, variant))
    made = (_fit(text, len(lines), *one) for one in found)
    return sorted(made, key=lambda fit: fit.cost)


def near(lines: Sequence[str], tunes: Iterable[Tune] = ()) -> list[tuple[Tune, int]]:
    """Return up to three tunes whose lines are most like these, each with a variant.

    Args:
        lines: parted where the text has marks.
        tunes: that are asked for; () is all.
    """
    size, lengths = sum(map(len, lines)), [len(line) for line in lines]
    matcher = difflib.SequenceMatcher[int](None, (), (), autojunk=False)
    matcher.set_seq2(lengths)
    best: dict[Tune, tuple[float, int]] = {}
    for tune in tunes or all_tunes():
        for number, variant in enumerate(tune.variants, 1):
            if tunes or abs(variant.characters - size) <= NEAR:
                matcher.set_seq1(written(variant))
                likeness = matcher.ratio() - abs(variant.characters - size) / LESS_ALIKE
                if likeness > best.get(tune, (-1 if tunes else ALIKE, 0))[0]:
                    best[tune] = likeness, number
    order = sorted(best, key=lambda tune: -best[tune][0])
    return [(tune, best[tune][1]) for tune in order[:3]]


@functools.cache
def _by_characters() -> dict[int, list[tuple[Tune, int, Variant]]]:
    found = collections.defaultdict(list)
    for tune in all_tunes():
        for number, variant in enumerate(tune.variants, 1):
            found[variant.characters].append((tune, number, variant))
    return dict(found)


def _strays(stops: frozenset[int], variant: Variant) -> int:
    """Return how many stops of a text are none of the variant's, and the reverse."""
    ends = list(itertools.accumulate(variant.lengths))
    hard = {
        end
        for end, clause in zip(ends, variant.clauses, strict=True)
        if clause.end != "、"
    }
    return len(stops - {*ends}) + len(hard - stops)


@functools.cache
def written(variant: Variant) -> list[int]:
    """Return the lengths of lines as most poets write them: without 豆."""
    lengths = [0]
    for clause in variant.clauses:
        lengths[-1] += len(clause.tones)
        if clause.end != "、":
            lengths.append(0)
    return lengths[:-1]


def _fit(
    text: str, stops: int, strays: int, tune: Tune, number: int, variant: Variant
) -> Fit:
    lines = cut(text, variant.lengths)
    return Fit(tune, number, variant, lines, sing(lines, variant), strays, stops)
