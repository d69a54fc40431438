"""Where the lines that a search wrote stand in the passages.

    token ids of lines, what the passages think of them -> answers with places

Shapes: Q windows a question.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nlg.decode.results import IMPOSSIBLE, line_of
from nlg.metrics.sogou import normalised
from nlg.qa.inputs import NEAR, EncodedSource
from nlg.qa.rerank import Context, Evidence, FoundAnswer, evidence_for
from nlg.qa.strip_punctuation import stripped
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import SEP_ID

NOWHERE = -1

Out = Mapping[str, np.ndarray]  # a question's part of what the search found


class Asked(NamedTuple):
    """A question, and the passages that may answer it."""

    question: str
    passages: Sequence[str]


class Candidate(NamedTuple):
    """An answer; passage[start:end] is its text, if it stands in a passage."""

    text: str
    confidence: float  # that it is right; see `nlg.qa.calibrate`
    passage: int  # number of the passage, from 0
    start: int  # in characters; NOWHERE, as `end`, where it is in no passage
    end: int


class Window(NamedTuple):
    """A part of a passage, as long as the model can read."""

    passage: int
    start: int  # of `text` in the passage
    text: str
    offsets: list[tuple[int, int]]  # of each token, in the passage
    token_ids: list[int]
    source: EncodedSource

    def context(self) -> Context:
        """Return its text, and which words stand where."""
        levels = self.source.words[1 : 1 + len(self.token_ids)].tolist()
        starts = (start - self.start for start, _ in self.offsets)
        return Context(self.text, dict(zip(starts, levels, strict=True)))


class Task(NamedTuple):
    """A question made ready to be answered."""

    asked: Asked
    windows: list[Window]
    kind: int  # that the model is told; 0 is not told
    asks_for: int  # the kind that the ranking goes by

    @property
    def longest(self) -> int:
        """Return the tokens of the longest source."""
        return max(len(window.source.token_ids) for window in self.windows)


class RankedCandidate(NamedTuple):
    """A line that the search found."""

    candidate: Candidate
    line: FoundAnswer

    def sure(self, confidence: float) -> "RankedCandidate":
        """Return it with a confidence."""
        rounded = round(float(confidence), 4)
        return self._replace(candidate=self.candidate._replace(confidence=rounded))


def support_of(task: Task, out: Out) -> np.ndarray:
    """Return the log-probability of the search's best line after each window, (Q,).

    -inf where a window has no vote.
    """
    count = len(task.windows)
    return np.where(out["voting"][:count], out["support"][:count], -np.inf)


def found_lines(
    task: Task, out: Out, support: np.ndarray, tokenizer: Tokenizer
) -> list[RankedCandidate]:
    """Return the lines in `out`, the best first, each once however it is marked.

    Args:
        task: the question.
        out: what the graph said.
        support: of `support_of`.
        tokenizer: of the model.
    """
    found: dict[str, RankedCandidate] = {}
    for token_ids, vote in zip(
        out["answers"].tolist(), out["scores"].tolist(), strict=True
    ):
        written = line_of(token_ids, SEP_ID)
        if written and vote > IMPOSSIBLE and support.max() > -np.inf:
            one = _placed(task, written, vote, support, tokenizer)
            if one.candidate.text:
                found.setdefault(normalised(one.candidate.text), one)
    return list(found.values())


def evidence_of(task: Task, found: Sequence[RankedCandidate]) -> list[Evidence]:
    """Return what speaks for each of the lines found."""
    lines = [one.line for one in found]
    return evidence_for(task.asked.question, task.asks_for, lines)


def _placed(
    task: Task,
    token_ids: list[int],
    vote: float,
    support: np.ndarray,
    tokenizer: Tokenizer,
) -> RankedCandidate:
    """Return a line at its place in the window that has most `support` (Q,)."""
    for number in np.argsort(-support, kind="stable").tolist():
        window = task.windows[number]
        place = _place_of(token_ids, window)
        if place is None or support[number] == -np.inf:
            continue
        start = window.offsets[place][0]
        end = window.offsets[place + len(token_ids) - 1][1]
        passage = task.asked.passages[window.passage]
        first, last = stripped(passage[start:end])
        start, end = start + first, start + last
        text, here = passage[start:end], window.start
        line = FoundAnswer(text, vote, window.context(), start - here, end - here)
        return RankedCandidate(Candidate(text, 0.0, window.passage, start, end), line)
    text = tokenizer.decode(token_ids)
    text = text[slice(*stripped(text))]
    passage_number = task.windows[int(support.argmax())].passage
    candidate = Candidate(text, 0.0, passage_number, NOWHERE, NOWHERE)
    return RankedCandidate(candidate, FoundAnswer(text, vote))


def _place_of(token_ids: list[int], window: Window) -> int | None:
    """Return where a window has `token_ids`: nearest to words of the question."""
    size, found = len(token_ids), window.token_ids
    places = [
        n
        for n in range(len(found) - size + 1)
        if found[n] == token_ids[0] and found[n : n + size] == token_ids
    ]
    overlap = window.source.overlap[1:]  # after [CLS]

    def shared(place: int) -> int:
        return int(overlap[max(0, place - NEAR) : place + size + NEAR].sum())

    return max(places, key=shared, default=None)
