"""What answers a line of a couplet, and what there is to say of it.

Shapes: B lines of one length, T characters, R runners-up.
"""

from typing import Any, NamedTuple

import numpy as np


class Judged(NamedTuple):
    """What the model thinks of answers, given the two characters before each place."""

    log_probs: np.ndarray  # (B, T) of the characters of the answers, in nats
    favourites: np.ndarray  # (B, T, R) ids of the most probable characters
    favourite_log_probs: np.ndarray  # (B, T, R)


class RunnerUp(NamedTuple):
    """A character that the model thought of, and the rules that it would break."""

    character: str
    probability: float
    breaks: tuple[str, ...]  # of nlg.text.couplets.RULES; empty if it was free


class AnswerCharacter(NamedTuple):
    """A character of the answer."""

    place: int  # from 1
    given: str
    given_tone: str
    character: str
    tone: str
    probability: float  # by the model alone, before any rule
    runners_up: tuple[RunnerUp, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by their names."""
        runners_up = [one._asdict() for one in self.runners_up]
        return self._asdict() | {"runners_up": runners_up}


class WrittenLine(NamedTuple):
    """A line that was written."""

    text: str
    score: float  # see Reply


class Reply(NamedTuple):
    """A couplet of which one line was given; what was not asked for is None."""

    first_line: str
    second_line: str
    score: float  # mean log-probability of a character in the search, in nats
    seed: int | None = None  # of what was drawn
    scroll: str | None = None  # 横批, "" where none goes with the lines
    places: tuple[AnswerCharacter, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that are not None, by their names."""
        found = {name: x for name, x in self._asdict().items() if x is not None}
        if self.places is not None:
            found["places"] = [place.to_dict() for place in self.places]
        return found
