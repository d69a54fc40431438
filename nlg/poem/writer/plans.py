"""Which character may be where in a poem, as arrays for the writer's search.

A plan gives the kind of character of every place, marks included. There is one plan for
each standard tone pattern and rhyme group that the fixed characters allow.
`nlg.decode.template_constraint` enforces them; nothing else in the search knows rhymes.

    kinds    any, 平, 仄, a row a rhyme group, ，, 。, a row a fixed character

Shapes: N plans, Q kinds, T tokens of a poem with its marks, V vocabulary.
"""

import functools
import itertools
from collections.abc import Iterator

import numpy as np

from nlg.errors import OptionError
from nlg.poem.request import PoemRequest
from nlg.poem.rules import ANY, KIND, Rulebook
from nlg.poem.writer.wanted import Fixed, drawn
from nlg.text.forms import MARKS, Form
from nlg.text.patterns import patterns
from nlg.text.readings import is_modern, level_groups, tones
from nlg.text.rhymes import LEVEL
from nlg.text.vocab import Vocabulary

FEWEST = 24  # characters of a rhyme group that is taken if nothing asks for another


class PlanBuilder:
    """Makes the plans of a request over one vocabulary."""

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary
        self.rulebook = Rulebook(vocabulary)

    @functools.cached_property
    def kinds(self) -> np.ndarray:
        """Return the kinds that every poem has, float32 0/1."""
        marks = np.zeros((len(MARKS), len(self.vocabulary)), "float32")
        marks[np.arange(len(MARKS)), self.vocabulary.encode(MARKS)] = 1
        return np.concatenate([self.rulebook.kinds, marks])

    def arrays(
        self, form: Form, fixed: Fixed, request: PoemRequest
    ) -> dict[str, np.ndarray]:
        """Return the inputs of the graph.

        Returns:
            kinds (Q, V) float32, plans (N, T) int32.
            again (V,) bool: characters that may occur more than once.
            marks (V,) bool.
            doubled (T,) bool: places that may repeat the character before.

        Raises:
            OptionError: a fixed character is unknown, or no plan leaves room for them.
        """
        self._refuse_unknown(fixed)
        for least in (FEWEST, form.lines):  # a fixed foot may ask for a small group
            plans = list(self._plans(form, fixed, request, least))
            if plans:
                break
        else:
            raise OptionError(_no_plan(form, fixed, request))
        kinds = self._with_fixed(fixed)
        marks: np.ndarray = self.kinds[-len(MARKS) :].max(axis=0) > 0
        return {
            "kinds": kinds,
            "plans": np.array(plans, "int32"),
            "again": marks | (kinds[len(self.kinds) :].sum(axis=0) > 0),
            "marks": marks,
            "doubled": doubled(form),
        }

    def _plans(
        self, form: Form, fixed: Fixed, request: PoemRequest, least: int
    ) -> Iterator[list[int]]:
        """Yield the kinds that the places of each plan ask for."""
        own = _rows_of(fixed, len(self.kinds))
        places = [
            (line, column)
            for line, length in enumerate(form.line_lengths)
            for column in range(length + 1)
        ]
        for kinds in self._open(form, request, least):
            asked = dict(zip(places, kinds, strict=True))
            if all(self._fits(c, asked[place]) for place, c in fixed.items()):
                yield list((asked | {p: own[c] for p, c in fixed.items()}).values())

    def _open(
        self, form: Form, request: PoemRequest, least: int
    ) -> Iterator[list[int]]:
        """Yield the plans of `form`, nothing being fixed yet."""
        first = len(self.kinds) - len(MARKS)
        marks = [first + MARKS.index(mark) for mark in form.marks]
        if not request.rules:
            yield _with_marks([[ANY] * length for length in form.line_lengths], marks)
            return
        for pattern in patterns(form):
            for row in self._groups(request.rhyme, least):
                lines = [[KIND[tone] for tone in line] for line in pattern.lines]
                for number in pattern.rhyming:
                    lines[number][-1] = row
                yield _with_marks(lines, marks)

    def _groups(self, rhyme: str, least: int) -> Iterator[int]:
        """Yield the rows of `rhyme`, or of the groups of `least` characters or more."""
        for row, name in enumerate(level_groups(), len(KIND)):
            if rhyme == name or (not rhyme and self.kinds[row].sum() >= least):
                yield row

    def _fits(self, character: str, kind: int) -> bool:
        """Return whether a fixed character is of the `kind` that a place asks for.

        One that the rhyme book does not know breaks no rule; one of today, which has a
        tone and no rhyme, may stand for any rhyme in its tone.
        """
        known = bool(tones(character))
        if kind in range(len(KIND), len(self.rulebook.kinds)) and is_modern(character):
            kind = KIND[LEVEL]
        return not known or self.kinds[kind, self.vocabulary.ids[character]] > 0

    def _with_fixed(self, fixed: Fixed) -> np.ndarray:
        """Return the kinds; a fixed character is of its own kind alone."""
        own = _rows_of(fixed, 0)
        ids = self.vocabulary.encode("".join(own))
        others = self.kinds.copy()
        others[:, ids] = 0
        rows = np.zeros((len(own), len(self.vocabulary)), "float32")
        rows[list(own.values()), ids] = 1
        return np.concatenate([others, rows])

    def _refuse_unknown(self, fixed: Fixed) -> None:
        unknown = [c for c in fixed.values() if c not in self.vocabulary]
        if unknown:
            raise OptionError(
                f"{unknown[0]} is too rare: the writer does not know it; take another "
                "character"
            )


def doubled(form: Form) -> np.ndarray:
    """Return the places that may repeat the character before, bool (T,).

    处处 is one word of two, and words of two begin at odd places of a line. The inner
    couplets of a 律诗 have none, so that no line doubles what the other does not.
    """
    return np.array(
        [
            column % 2 == 1 and column < length and line not in form.parallel
            for line, length in enumerate(form.line_lengths)
            for column in range(length + 1)
        ]
    )


def group_named(name: str) -> str:
    """Return the level group of 平水韵 called `name`, 七阳 or 阳; "" is any.

    Raises:
        OptionError: there is none.
    """
    if not name:
        return ""
    groups = level_groups()
    for group in groups:
        if name in (group, group.lstrip("一二三四五六七八九十上下平")):
            return group
    raise OptionError(f"no rhyme {name!r} in level tone; there are {' '.join(groups)}")


def _rows_of(fixed: Fixed, first: int) -> dict[str, int]:
    """Return the row of each fixed character, from `first`."""
    return {c: row for row, c in enumerate(dict.fromkeys(fixed.values()), first)}


def _with_marks(lines: list[list[int]], marks: list[int]) -> list[int]:
    """Return the kinds of lines and of the mark after each, in one row."""
    rows = [[*line, mark] for line, mark in zip(lines, marks, strict=True)]
    return list(itertools.chain.from_iterable(rows))


def _no_plan(form: Form, fixed: Fixed, request: PoemRequest) -> str:
    rhyme = f" with the rhyme {request.rhyme}" if request.rhyme else ""
    return (
        f"no tone pattern of {form.name}{rhyme} has room for {drawn(fixed, form)}; "
        "move or change a character, or let tones and rhyme go (--free)"
    )
