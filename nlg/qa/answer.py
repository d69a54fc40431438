"""What a reader is asked and what it answers: plain values that turn into JSON."""

from collections.abc import Sequence
from typing import Any, NamedTuple

NOWHERE = -1


class QARequest(NamedTuple):
    """A question and the passages that may answer it."""

    question: str
    passages: Sequence[str]


class Candidate(NamedTuple):
    """A possible answer.

    passages[passage][start:end] is its text, unless the text is in no passage.
    """

    text: str
    confidence: float  # probability that it is right, see `nlg.qa.calibrate`
    passage: int  # number of the passage, from 0
    start: int  # in characters; start and end are NOWHERE for a text in no passage
    end: int


class Vote(NamedTuple):
    """How one passage votes."""

    no_answer: float | None  # probability that it has no answer; None: it was not read
    share: float  # its share of the vote for the best hypothesis; all shares add to 1


class Answer(NamedTuple):
    """The answer to a question; the first five fields are those of `Candidate`.

    Where no answer is given, the text is "" and the place NOWHERE.
    """

    text: str
    confidence: float
    passage: int
    start: int
    end: int
    votes: tuple[Vote, ...]  # one for each passage
    runners_up: tuple[Candidate, ...]  # next best; if the best is withheld, it is first

    def to_dict(self, brief: bool = False) -> dict[str, Any]:
        """Return a JSON object; a `brief` one has no votes and no runners-up.

        Example:
            >>> Answer("少陵", 0.9, 0, 8, 10, (), ()).to_dict(brief=True)
            {'answer': '少陵', 'confidence': 0.9, 'passage': 0, 'start': 8, 'end': 10}
        """
        names = ("confidence", "passage", "start", "end")
        facts = {"answer": self.text, **{name: getattr(self, name) for name in names}}
        if brief:
            return facts
        return facts | {
            "votes": [vote._asdict() for vote in self.votes],
            "runners_up": [candidate._asdict() for candidate in self.runners_up],
        }


NO_CANDIDATE = Candidate("", 0.0, NOWHERE, NOWHERE, NOWHERE)
