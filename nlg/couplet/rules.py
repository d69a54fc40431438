"""The rules of couplets as arrays for the search (`nlg.couplet.train.search.Rules`).

Shapes: B lines, T characters, V vocabulary.
"""

import functools
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from nlg.decode.results import IMPOSSIBLE, NEG_INF
from nlg.text.couplets import beats, is_mark, repeat_groups
from nlg.text.readings import OPPOSITE, line_tones, tones
from nlg.text.rhymes import LEVEL, OBLIQUE
from nlg.text.vocab import UNK_ID, Vocabulary

RULES = {  # what each asks of an answer
    "marks": "punctuation is where the given line has it",
    "reuse": "no character of the given line is used again",
    "repeat": "characters are equal exactly where the given line's are",
    "ends": "the tone of the last character opposes the given line's",
    "tones": "tones at even places tend to oppose the given line's",
}
FREE = "_"  # a place of any character
ANY, KINDS = 0, {LEVEL: 1, OBLIQUE: 2}  # rows of `kinds`; leanings follow
LEANING = {LEVEL: 3, OBLIQUE: 4}
LEAN = 6.0  # nats that a character of the wrong tone is charged at an even place


class Task(NamedTuple):
    """One line to write."""

    source: str  # the given line: simplified characters and marks; FREE if not given
    fixed: str  # as long: characters that must stand in the answer, or FREE
    ends: str  # tone of the last character, 平 or 仄, where the source leaves it open
    banned: str = ""


class Rulebook:
    """Rules over one vocabulary."""

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary

    @functools.cached_property
    def kinds(self) -> np.ndarray:
        """Return what a character of each kind is charged, float32 (5, V)."""
        readings = [tones(character) for character in self.vocabulary.tokens]
        kinds = np.zeros((5, len(readings)), "float32")
        for tone, row in KINDS.items():
            wrong = [tone not in reading for reading in readings]
            kinds[row, wrong] = NEG_INF
            kinds[LEANING[tone], wrong] = -LEAN
        return kinds

    @functools.cached_property
    def writable(self) -> np.ndarray:
        """Return which characters may be written at all, float32 0/1 (V,)."""
        tokens = self.vocabulary.tokens
        return np.array(
            [len(token) == 1 and not is_mark(token) for token in tokens], "float32"
        )

    def arrays(
        self, tasks: Sequence[Task], rules: Collection[str] = tuple(RULES)
    ) -> dict[str, np.ndarray]:
        """Return the inputs of the graph for tasks of one length."""
        rows = [self._row(task, rules) for task in tasks]
        required, fixed, same, usable = map(np.stack, zip(*rows, strict=True))
        return {
            "kinds": self.kinds,
            "required": required,
            "usable": usable,
            "fixed": fixed,
            "same": same,
        }

    def _row(self, task: Task, rules: Collection[str]) -> tuple[np.ndarray, ...]:
        fixed = _fixed(task, "marks" in rules)
        same = [-1] * len(fixed)
        if "repeat" in rules:
            same = _repeated(task.source, fixed)
        known = self.vocabulary.ids
        ids = [-1 if c == FREE else known.get(c, UNK_ID) for c in fixed]
        required = _required(task, rules)
        for place, first in enumerate(same):
            if first != -1:
                required[first] = _stricter(required[first], required[place])
        usable = self.writable.copy()
        out = set(task.banned)
        out |= set(task.source) if "reuse" in rules else set()
        out |= set(fixed) if "repeat" in rules else set()
        usable[[known[c] for c in out if c in known]] = 0
        arrays = (np.array(x, "int32") for x in (required, ids, same))
        return (*arrays, usable)


def within(arrays: dict[str, np.ndarray], answers: np.ndarray) -> np.ndarray:
    """Return which answers hold nothing that is forbidden, bool (B, N).

    A search writes something even where all is forbidden.

    Args:
        arrays: from `Rulebook.arrays`.
        answers: (B, N, T), what the graph wrote for them.
    """
    rows = np.arange(len(answers))[:, None, None]
    usable = arrays["usable"][rows, answers] > 0
    charged = arrays["kinds"][arrays["required"][:, None], answers]
    given = arrays["fixed"][:, None] >= 0
    return (given | usable & (charged > IMPOSSIBLE)).all(axis=-1)


def _fixed(task: Task, marks: bool) -> list[str]:
    """Return what must stand at each place; FREE for anything.

    What a user wants outranks the marks of the source.
    """
    return [
        source if wish == FREE and marks and is_mark(source) else wish
        for source, wish in zip(task.source, task.fixed, strict=True)
    ]


def _repeated(source: str, fixed: list[str]) -> list[int]:
    """Return of each place the first that must hold the same character, or -1.

    What is given at one place of the same character is filled in at the others; there
    nothing is left to ask for, which is what -1 says.
    """
    blanks = [chr(0x10FFFF - n) if c == FREE else c for n, c in enumerate(source)]
    same = repeat_groups("".join(blanks))
    given: dict[int, str] = {}
    for place, first in enumerate(same):
        if fixed[place] != FREE:
            given.setdefault(first, fixed[place])
    for place, first in enumerate(same):
        if fixed[place] == FREE:
            fixed[place] = given.get(first, FREE)
    return [-1 if fixed[place] != FREE else first for place, first in enumerate(same)]


def _required(task: Task, rules: Collection[str]) -> list[int]:
    """Return the kind (T,) that each place asks for, before repeats are looked at."""
    marks = line_tones(task.source)
    required = [ANY] * len(marks)
    if "tones" in rules:
        for place in beats(task.source):
            if marks[place] in OPPOSITE:
                required[place] = LEANING[OPPOSITE[marks[place]]]
    if "ends" in rules:
        required[-1] = KINDS[OPPOSITE.get(marks[-1], task.ends)]
    return required


def _stricter(one: int, other: int) -> int:
    """Return the kind that a character at two places must be of.

    `other` is the kind of the later place. If that is the last place of the line, its
    tone outranks a leaning; two leanings that differ leave a choice.
    """
    if one == other or other == ANY:
        return one
    return other if one == ANY or other in KINDS.values() else ANY
