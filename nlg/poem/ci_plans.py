"""A variant of a tune as arrays for the search: what may stand where in a 词.

    tokens    争 渡 。 争 渡 。     a clause, and the mark of its end
    kinds     中 仄 。 中 仄 。     any, 平, 仄, or a mark
    groups    -  0  -  -  0  -     which places rhyme with each other
    sources   -  -  -  0  1  -     which place is said again

The rules over these are in `nlg.decode.rhyme_constraints`. A place that is said again
is held to what both places ask for.

Shapes: T tokens with marks, V vocabulary, Q kinds, G groups, P parts (部), N pairs.
"""

import functools

import numpy as np

from nlg.errors import OptionError
from nlg.poem.rules import KIND, Rulebook
from nlg.text.ci_rhymes import Foot, parts_of
from nlg.text.forms import Form
from nlg.text.patterns import FREE
from nlg.text.readings import OPPOSITE, tones, words_that_decide
from nlg.text.rhymes import CILIN, LEVEL, OBLIQUE, groups
from nlg.text.tunes import Tune, Variant
from nlg.text.vocab import Vocabulary

NONE = -1
AGAIN = 2  # the rhyme of a foot that is said again, which needs no new character
MARKS = "，、。"  # after 句, after 豆, after a rhyme
TONES = LEVEL + OBLIQUE


def form_of_variant(tune: Tune, variant: Variant) -> Form:
    """Return a tune as a form: the lengths of its clauses, and the mark after each.

    Example:
        >>> from nlg.text.tunes import named
        >>> (tune,) = named("十六字令")
        >>> form_of_variant(tune, tune.variants[0])[1:3]
        ((1, 7, 3, 5), '。。，。')
    """
    marks = [
        "。" if clause.rhymes or clause.last else clause.end
        for clause in variant.clauses
    ]
    return Form(tune.name, variant.lengths, "".join(marks[:-1]) + "。")


class CiPlanBuilder:
    """Makes the arrays of variants over one vocabulary."""

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary

    @functools.cached_property
    def kinds(self) -> np.ndarray:
        """Return the kinds any, 平, 仄 and a row a mark, float32 0/1 (Q, V)."""
        rules = Rulebook(self.vocabulary).kinds[: len(KIND)]
        marks = np.zeros((len(MARKS), len(self.vocabulary)), "float32")
        marks[np.arange(len(MARKS)), self.vocabulary.encode(MARKS)] = 1
        return np.concatenate([rules, marks])

    @functools.cached_property
    def parts(self) -> np.ndarray:
        """Return the characters of each 部 in level and oblique tone (2, P, V)."""
        rows = {name: row for row, name in enumerate(_parts())}
        parts = np.zeros((2, len(rows), len(self.vocabulary)), "float32")
        for number, character in enumerate(self.vocabulary.tokens):
            for kind, tone in enumerate(TONES):
                if len(character) == 1 and tone in tones(character):
                    for part in parts_of(Foot(character, tone)):
                        parts[kind, rows[part], number] = 1
        return parts

    @functools.cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return words of two (N, 2), and the tone that each half may not have.

        思 may be 平 or 仄, and 相思 is 平 平: it may not stand where 仄 is asked for.
        """
        found = [
            (word, [KIND[OPPOSITE[t]] if t in OPPOSITE else NONE for t in decided])
            for word, decided in words_that_decide()
            if all(character in self.vocabulary for character in word)
        ]
        ids = np.array([self.vocabulary.encode(word) for word, _ in found], "int32")
        against = np.array([decided for _, decided in found], "int32")
        return ids.reshape(-1, 2), against.reshape(-1, 2)

    def arrays(self, variant: Variant, rhyme: str = "") -> dict[str, np.ndarray]:
        """Return what the rules take.

        Args:
            variant: of a tune.
            rhyme: the 部 of its first group; "" is any.

        Returns:
            kinds (Q, V), kind_at (T,); group_at, rhyme_at (0 平, 1 仄) and source_at
            (T,); parts (2, P, V), open_parts (G, P); pairs and against (N, 2).

        Raises:
            OptionError: no 部 has characters for all the rhymes.
        """
        tones_at, group_at, source_at = _places(variant)
        marks = len(KIND)
        kind_at = [KIND[t] if t in KIND else marks + MARKS.index(t) for t in tones_at]
        rhyme_at = np.array([t == OBLIQUE for t in tones_at], "int32")
        pairs, against = self.pairs
        feet, sources = np.array(group_at, "int32"), np.array(source_at, "int32")
        return {
            "kinds": self.kinds,
            "kind_at": np.array(kind_at, "int32"),
            "group_at": feet,
            "rhyme_at": rhyme_at,
            "source_at": sources,
            "parts": self.parts,
            "open_parts": self._open(
                feet, np.where(sources == NONE, rhyme_at, AGAIN), rhyme
            ),
            "pairs": pairs,
            "against": against,
        }

    def _open(
        self, group_at: np.ndarray, rhyme_at: np.ndarray, rhyme: str
    ) -> np.ndarray:
        """Return the 部 that have characters for all rhymes of the text (G, P).

        Where each of them has as many as there are feet, no search ends in none.
        """
        count = self.parts.sum(axis=-1)  # (2, P)
        feet = [np.sum((group_at != NONE) & (rhyme_at == kind)) for kind in (0, 1)]
        rows = []
        for group in range(max(group_at) + 1):
            kinds = {*rhyme_at[group_at == group].tolist()} - {AGAIN}
            rows.append(np.all([count[kind] >= feet[kind] for kind in kinds], axis=0))
            if rhyme and not group:
                rows[0] &= np.array([name == rhyme for name in _parts()])
            if not rows[-1].any():
                raise OptionError(f"no {rhyme or '部'} has characters for all rhymes")
        return np.array(rows, "float32")


@functools.cache
def _parts() -> tuple[str, ...]:
    """Return the names of the 部 of 词林正韵."""
    return tuple(dict.fromkeys(group.name for group in groups(CILIN)))


def _places(variant: Variant) -> tuple[list[str], list[int], list[int]]:
    """Return tone or mark, group and source of each place, marks included."""
    letters = list(dict.fromkeys(c.end.lower() for c in variant.clauses if c.rhymes))
    asked: list[str] = []
    group_at: list[int] = []
    source_at: list[int] = []
    ends: list[int] = []  # the place after each clause, where its mark is
    last = len(variant.clauses) - 1
    for number, clause in enumerate(variant.clauses):
        start, end = len(asked), len(asked) + len(clause.tones)
        ends.append(end)
        mark = "。" if clause.rhymes or clause.last or number == last else clause.end
        foot = LEVEL if clause.end.isupper() else OBLIQUE
        asked += [*clause.tones[:-1], foot if clause.rhymes else clause.tones[-1], mark]
        group = letters.index(clause.end.lower()) if clause.rhymes else NONE
        group_at += [NONE] * (end - start - 1) + [group, NONE]
        sources = [NONE] * (end - start + 1)
        for back in range(1, clause.again + 1):
            sources[-1 - back] = ends[number - clause.back] - back
        source_at += sources
    _join(asked, group_at, source_at)
    return asked, group_at, source_at


def _join(asked: list[str], group_at: list[int], source_at: list[int]) -> None:
    """Hold both places of what is said again to what either asks for.

    Places whose tones contradict, as a polyphone of an example may, say nothing again.
    """
    for place, source in reversed(list(enumerate(source_at))):
        if source == NONE:
            continue
        wanted = {asked[place], asked[source]} - {FREE}
        if len(wanted) > 1 or len({group_at[place], group_at[source]} - {NONE}) > 1:
            source_at[place] = NONE
            continue
        asked[place] = asked[source] = next(iter(wanted), FREE)
        group = max(group_at[place], group_at[source])
        group_at[place] = group_at[source] = group
