"""Answers to a line that differ, and not by one character each.

    the search's best -> those that differ -> too few: the same of warm draws -> …

A search ends at the neighbours of its best line. Draws lead elsewhere, and the score of
a line is the same however it was found. So the best of all that were found is chosen,
then the best that differs enough from those before it. A draw that outdoes the best of
the search is left out: the first of several answers is the one that comes alone.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from typing import Any

from nlg.couplet.inputs import LineRequest
from nlg.couplet.results import WrittenLine
from nlg.couplet.rules import FREE
from nlg.text.couplets import is_mark

APART, OF = 2, 7  # two answers differ by so many characters in so many
ROUNDS, DRAWS = 6, 8  # of draws, for a line that has too few answers
WARMTH = 0.4  # temperature of the first draws; each round is so much warmer

Placed = tuple[Any, str]  # what tells a place, and the character that stands there
# Requests, temperature -> what is written for each, the best first.
Write = Callable[[Sequence[LineRequest], float], Iterable[list[WrittenLine]]]


class Choice:
    """The answers to one line that were chosen, and those that were found."""

    def __init__(self, request: LineRequest, count: int):
        self.request, self.count = request, count
        self.chosen: list[WrittenLine] = []
        self._found: dict[str, WrittenLine] = {}

    @property
    def short(self) -> bool:
        """Return whether answers are missing."""
        return len(self.chosen) < self.count

    def choose_from(self, found: Iterable[WrittenLine]) -> None:
        """Take in what was found, and choose from all of it what differs."""
        best = self.chosen[0].score if self.chosen else math.inf
        for one in found:
            if one.score <= best:
                self._found.setdefault(one.text, one)
        for one in sorted(self._found.values(), key=lambda one: -one.score):
            if self.short and self._differs(one.text):
                self.chosen.append(one)

    def _differs(self, text: str) -> bool:
        """Return whether `text` differs enough from every answer that was chosen."""
        new = set(self._answered(text))
        return all(are_apart(new, set(self._answered(x.text))) for x in self.chosen)

    def _answered(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield characters of the line and their answers; what repeats counts once."""
        line = self.request.line
        answer = text[len(line.before) :]
        for given, fixed, written in zip(line.source, line.fixed, answer, strict=False):
            if fixed == FREE and not is_mark(given):
                yield given, written


def are_apart(one: Set[Placed], other: Set[Placed]) -> bool:
    """Return whether texts differ enough, each given as its characters and places."""
    return len(one - other) >= max(1, -(-APART * len(one) // OF))


def differing(
    write: Write, requests: Sequence[LineRequest], count: int, temperature: float
) -> list[list[WrittenLine]]:
    """Return up to `count` answers to each request that differ, the best first."""
    choices = [Choice(request, count) for request in requests]
    for choice, found in zip(choices, write(requests, temperature), strict=True):
        choice.choose_from(found)
    for number in range(1, ROUNDS + 1):
        short = [choice for choice in choices if choice.chosen and choice.short]
        asked = [one for choice in short for one in _draws(choice.request, number)]
        answers = iter(write(asked, max(temperature, WARMTH * number)))
        for choice in short:
            drawn = [next(answers) for _ in range(DRAWS)]
            choice.choose_from(one for found in drawn for one in found)
    return [sorted(choice.chosen, key=lambda one: -one.score) for choice in choices]


def _draws(request: LineRequest, number: int) -> Iterator[LineRequest]:
    """Yield `request` with the seeds of the draws of a round."""
    for draw in range(DRAWS):
        yield request._replace(seed=(*request.seed, number, draw))
