"""Place the hypotheses of a search in the passages that they come from.

    token ids of hypotheses, support of each window -> candidates with places

Shapes: N hypotheses, T tokens of a hypothesis, Q windows of the question.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nlg.decode.results import IMPOSSIBLE, line_of
from nlg.metrics.sogou import normalised
from nlg.qa.answer import NOWHERE, Candidate, Vote
from nlg.qa.inputs import NEAR
from nlg.qa.prepare import PreparedQuestion, Window
from nlg.qa.rerank import Context, Evidence, FoundAnswer, evidence_for
from nlg.qa.strip_punctuation import stripped
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import SEP_ID


class SearchedQuestion(NamedTuple):
    """A question with what the graph returned for it."""

    question: PreparedQuestion
    answers: np.ndarray  # (N, T) token ids of hypotheses, the best first
    scores: np.ndarray  # (N,) log of the vote
    support: np.ndarray  # (Q,) log p(best hypothesis | window); -inf: it has no vote
    no_answer: np.ndarray  # (Q,) probability that the window has no answer

    @classmethod
    def from_row(
        cls, question: PreparedQuestion, outputs: Mapping[str, np.ndarray], row: int
    ) -> "SearchedQuestion":
        """Return row `row` of the graph's outputs, without the padded windows."""
        voting, support, no_answer = (
            outputs[name][row, : len(question.windows)]
            for name in ("voting", "support", "no_answer")
        )
        return cls(
            question,
            outputs["answers"][row],
            outputs["scores"][row],
            np.where(voting, support, -np.inf),
            no_answer,
        )

    def voters(self) -> set[int]:
        """Return the numbers of the passages that vote, of equal ones the first."""
        numbers = np.flatnonzero(self.support > -np.inf)
        return {self.question.windows[number].passage for number in numbers}


class RankedCandidate(NamedTuple):
    """A hypothesis at its place, with what the ranking looks at."""

    candidate: Candidate
    line: FoundAnswer

    def with_confidence(self, confidence: float) -> "RankedCandidate":
        """Return it with `confidence`, rounded."""
        rounded = round(float(confidence), 4)
        return self._replace(candidate=self.candidate._replace(confidence=rounded))


def candidates_of(
    searched: SearchedQuestion, tokenizer: Tokenizer
) -> list[RankedCandidate]:
    """Return the hypotheses in the order of the search, with their places.

    Two that differ in marks only are one, the better.
    """
    found: dict[str, RankedCandidate] = {}
    if searched.voters():
        for token_ids, vote in zip(
            searched.answers.tolist(), searched.scores.tolist(), strict=True
        ):
            written = line_of(token_ids, SEP_ID)
            if written and vote > IMPOSSIBLE:
                one = _placed(searched, written, vote, tokenizer)
                if one.candidate.text:
                    found.setdefault(normalised(one.candidate.text), one)
    return list(found.values())


def apart(ranked: Sequence[RankedCandidate]) -> list[RankedCandidate]:
    """Return those that are no part of a better one, at its place, nor hold one."""
    kept: list[RankedCandidate] = []
    for one in ranked:
        if not any(_overlap(one.candidate, other.candidate) for other in kept):
            kept.append(one)
    return kept


def _overlap(one: Candidate, other: Candidate) -> bool:
    """Return whether two share characters of a passage, or are one inside the other."""
    if NOWHERE in (one.start, other.start):
        return one.text in other.text or other.text in one.text
    same = one.passage == other.passage
    return same and one.start < other.end and other.start < one.end


def evidence_of(
    question: PreparedQuestion, candidates: Sequence[RankedCandidate]
) -> list[Evidence]:
    """Return the evidence for each candidate, see `nlg.qa.rerank`."""
    lines = [one.line for one in candidates]
    asked = question.request.question
    return evidence_for(asked, question.asks_for, lines, question.style)


def votes_of(searched: SearchedQuestion) -> tuple[Vote, ...]:
    """Return the vote of each passage: its best window, the sum of their shares.

    Passages that hold the same window have equal parts of its one vote.
    """
    support = searched.support
    weights = np.exp(2 * np.maximum(support, -300.0)) * (support > -np.inf)
    shares = weights / max(weights.sum(), 1e-30)
    found: dict[int, Vote] = {}
    for window, no_answer, share in zip(
        searched.question.windows,
        searched.no_answer.tolist(),
        shares.tolist(),
        strict=True,
    ):
        for passage in window.holders:
            before = found.get(passage, Vote(1.0, 0.0))
            least = min(before.no_answer or 0.0, no_answer)
            part = share / len(window.holders)
            found[passage] = Vote(least, before.share + part)
    numbers = range(len(searched.question.request.passages))
    return tuple(_rounded(found.get(number, Vote(None, 0.0))) for number in numbers)


def _rounded(vote: Vote) -> Vote:
    no_answer = None if vote.no_answer is None else round(vote.no_answer, 4)
    return Vote(no_answer, round(vote.share, 4))


def _placed(
    searched: SearchedQuestion, token_ids: list[int], vote: float, tokenizer: Tokenizer
) -> RankedCandidate:
    """Return a hypothesis at its place in the voting window that supports it most.

    A hypothesis that no voting window contains is in no passage.
    """
    for window in _by_support(searched):
        place = _place_of(token_ids, window)
        if place is None:
            continue
        passage = searched.question.request.passages[window.passage]
        start = window.offsets[place][0]
        end = window.offsets[place + len(token_ids) - 1][1]
        first, last = stripped(passage[start:end])
        start, end = start + first, start + last
        text, offset = passage[start:end], window.start
        line = FoundAnswer(text, vote, _context(window), start - offset, end - offset)
        return RankedCandidate(Candidate(text, 0.0, window.passage, start, end), line)
    text = tokenizer.decode(token_ids)
    text = text[slice(*stripped(text))]
    passage_number = next(_by_support(searched)).passage
    candidate = Candidate(text, 0.0, passage_number, NOWHERE, NOWHERE)
    return RankedCandidate(candidate, FoundAnswer(text, vote))


def _by_support(searched: SearchedQuestion) -> Iterator[Window]:
    """Yield the voting windows, the one with the most support first."""
    for number in np.argsort(-searched.support, kind="stable").tolist():
        if searched.support[number] > -np.inf:
            yield searched.question.windows[number]


def _place_of(token_ids: list[int], window: Window) -> int | None:
    """Return where `token_ids` start in a window; None: nowhere.

    Of several places, the one whose neighbourhood overlaps most with the question.
    """
    size, tokens = len(token_ids), window.token_ids
    places = [
        n
        for n in range(len(tokens) - size + 1)
        if tokens[n] == token_ids[0] and tokens[n : n + size] == token_ids
    ]
    overlap = window.source.overlap[1:]  # after [CLS]

    def shared(place: int) -> int:
        return int(overlap[max(0, place - NEAR) : place + size + NEAR].sum())

    return max(places, key=shared, default=None)


def _context(window: Window) -> Context:
    """Return the text of a window, and the level of the word at each token."""
    levels = window.source.words[1 : 1 + len(window.token_ids)].tolist()
    starts = (start - window.start for start, _ in window.offsets)
    return Context(window.text, dict(zip(starts, levels, strict=True)))
