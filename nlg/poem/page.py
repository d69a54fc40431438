"""What may stand where on the page of a poem, as arrays for the writer's search.

A plan says of every place, marks included, which kind of character it asks for: there
is one plan for each standard tone pattern and rhyme group that what must stand in the
poem leaves open. `nlg.decode.plans` keeps to them; nothing else knows of rhymes.

    kinds    any, 平, 仄, a row a rhyme group, ，, 。, a row a fixed character

Shapes: N plans, Q kinds, T tokens of a poem with its marks, V vocabulary.
"""

import functools
import itertools
from collections.abc import Iterator

import numpy as np

from nlg.errors import OptionError
from nlg.poem.rules import ANY, KIND, Rulebook
from nlg.poem.wishes import Fixed, Wish, drawn
from nlg.text import prosody
from nlg.text.forms import MARKS, Form
from nlg.text.readings import is_modern
from nlg.text.vocab import Vocabulary

FEWEST = 24  # characters of a rhyme group that is taken if nothing asks for another
INNER = range(2, 6)  # lines of a 律诗 that are parallel: its second and third couplet


class Pages:
    """Pages over one vocabulary."""

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary
        self.rulebook = Rulebook(vocabulary)

    @functools.cached_property
    def kinds(self) -> np.ndarray:
        """Return what stands in every poem's table of kinds, float32 0/1."""
        marks = np.zeros((len(MARKS), len(self.vocabulary)), "float32")
        marks[np.arange(len(MARKS)), self.vocabulary.encode(MARKS)] = 1
        return np.concatenate([self.rulebook.kinds, marks])

    def arrays(self, form: Form, fixed: Fixed, wish: Wish) -> dict[str, np.ndarray]:
        """Return the inputs of the graph.

        Returns:
            kinds (Q, V) float32, plans (N, T) int32.
            again (V,) bool: what may stand in the poem more than once.
            marks (V,) bool.
            doubled (T,) bool: where a character may stand that stood just before.

        Raises:
            OptionError: a fixed character is unknown, or no plan leaves room for them.
        """
        self._refuse_unknown(fixed)
        for least in (FEWEST, form.lines):  # a fixed foot may ask for a small group
            plans = list(self._plans(form, fixed, wish, least))
            if plans:
                break
        else:
            raise OptionError(_no_plan(form, fixed, wish))
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
        self, form: Form, fixed: Fixed, wish: Wish, least: int
    ) -> Iterator[list[int]]:
        """Yield the kinds that the places of each plan ask for."""
        own = _rows_of(fixed, len(self.kinds))
        for page in self._open(form, wish, least):
            places = itertools.product(range(form.lines), range(form.columns + 1))
            asked = dict(zip(places, page, strict=True))
            if all(self._fits(c, asked[place]) for place, c in fixed.items()):
                yield list((asked | {p: own[c] for p, c in fixed.items()}).values())

    def _open(self, form: Form, wish: Wish, least: int) -> Iterator[list[int]]:
        """Yield the plans of `form`, nothing being fixed yet."""
        marks = [len(self.kinds) - len(MARKS) + n % 2 for n in range(form.lines)]
        if not wish.rules:
            yield _page([[ANY] * form.columns] * form.lines, marks)
            return
        for pattern in prosody.patterns(form):
            for row in self._groups(wish.rhyme, least):
                page = [[KIND[tone] for tone in line] for line in pattern.lines]
                for number in pattern.rhyming:
                    page[number][-1] = row
                yield _page(page, marks)

    def _groups(self, rhyme: str, least: int) -> Iterator[int]:
        """Yield the rows of `rhyme`, or of the groups of `least` characters or more."""
        for row, name in enumerate(prosody.level_groups(), len(KIND)):
            if rhyme == name or (not rhyme and self.kinds[row].sum() >= least):
                yield row

    def _fits(self, character: str, kind: int) -> bool:
        """Return whether a fixed character may stand where `kind` is asked for.

        One that the rhyme book does not know breaks no rule; one of today, which has a
        tone and no rhyme, may stand for any rhyme in its tone.
        """
        known = bool(prosody.tones(character))
        if kind in range(len(KIND), len(self.rulebook.kinds)) and is_modern(character):
            kind = KIND[prosody.LEVEL]
        return not known or self.kinds[kind, self.vocabulary.ids[character]] > 0

    def _with_fixed(self, fixed: Fixed) -> np.ndarray:
        """Return the kinds, fixed characters being of none but their own."""
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
    """Return where a character may stand that stood just before, bool (T,).

    处处 is one word of two, and words of two begin at odd places of a line. The inner
    couplets of a 律诗 have none, so that no line doubles what the other does not.
    """
    page = np.zeros((form.lines, form.columns + 1), bool)
    page[:, 1 : form.columns : 2] = True
    if form.lines == 8:
        page[INNER] = False
    return page.reshape(-1)


def group_named(name: str) -> str:
    """Return the level group of 平水韵 called `name`, 七阳 or 阳; "" is any.

    Raises:
        OptionError: there is none.
    """
    if not name:
        return ""
    groups = prosody.level_groups()
    for group in groups:
        if name in (group, group.lstrip("一二三四五六七八九十上下平")):
            return group
    raise OptionError(f"no rhyme {name!r} in level tone; there are {' '.join(groups)}")


def _rows_of(fixed: Fixed, first: int) -> dict[str, int]:
    """Return the row of each fixed character, from `first`."""
    return {c: row for row, c in enumerate(dict.fromkeys(fixed.values()), first)}


def _page(lines: list[list[int]], marks: list[int]) -> list[int]:
    """Return the kinds of lines and of the marks after them, in one row."""
    rows = [[*line, mark] for line, mark in zip(lines, marks, strict=True)]
    return list(itertools.chain.from_iterable(rows))


def _no_plan(form: Form, fixed: Fixed, wish: Wish) -> str:
    rhyme = f" with the rhyme {wish.rhyme}" if wish.rhyme else ""
    return (
        f"no tone pattern of {form.name}{rhyme} has room for {drawn(fixed, form)}; "
        "move or change a character, or let tones and rhyme go (--free)"
    )
