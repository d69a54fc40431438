"""Score the answers of a system to questions whose answers are known.

questions ── our reader ── answers ──┐
a file of another system ────────────┴─ predictions ── pairs ── columns of scores
"""

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from nlg.errors import NlgError
from nlg.metrics.calibration import calibration_report
from nlg.metrics.qa import METRICS, Attempt, abstention_report
from nlg.qa.answer import Answer, QARequest
from nlg.qa.data.read import Question
from nlg.qa.options import AnswerOptions
from nlg.qa.predictions import Prediction
from nlg.qa.question_type import answer_type
from nlg.qa.reader import Reader

GROUPS = {
    "source": lambda question: question.source,
    "type": lambda question: answer_type(question.question),
}
ALL = "all"

Pair = tuple[Question, Prediction | None]
AnswerOrError = Answer | NlgError
Show = Callable[[Iterator[AnswerOrError]], Iterable[AnswerOrError]]


class SinglePassages(NamedTuple):
    """The answers of single passages, which do not vote."""

    surest: list[Prediction]  # for each question, the answer with the most confidence
    best: list[Prediction]  # the answers of the passages at `place`
    place: int  # from 0; where the most answers are right


def predictions_of(
    questions: Iterable[Question], answers: Iterable[AnswerOrError]
) -> list[Prediction]:
    """Return the answers as predictions; an error gives no prediction."""
    return [
        _prediction(question, answer)
        for question, answer in zip(questions, answers, strict=True)
        if isinstance(answer, Answer)
    ]


def answer_by_passage(
    reader: Reader,
    questions: Sequence[Question],
    options: AnswerOptions,
    metric: str,
    show: Show = iter,
) -> SinglePassages:
    """Answer each question from one passage at a time.

    The best place is known only afterwards, from the right answers. So no system could
    choose it, and a vote with a higher score is worth its passages.

    Args:
        reader: our model.
        questions: with their passages.
        options: how to answer.
        metric: one of `METRICS`; says which answers are right.
        show: passes the answers on, such as a progress bar.
    """
    requests = (QARequest(q.question, [p.text]) for q in questions for p in q.passages)
    every = iter(list(show(reader.answer_all(requests, options))))
    rows = [list(itertools.islice(every, len(q.passages))) for q in questions]
    surest = [
        _prediction(question, max(answers, key=_sureness))
        for question, row in zip(questions, rows, strict=True)
        if (answers := [one for one in row if isinstance(one, Answer)])
    ]
    by_place = [
        predictions_of(questions, column)
        for column in itertools.zip_longest(*rows, fillvalue=NlgError("no passage"))
    ]
    scores = [_count_right(questions, column, metric) for column in by_place]
    best = scores.index(max(scores))
    return SinglePassages(surest, by_place[best], best)


def pair(
    questions: Sequence[Question],
    predictions: Sequence[Prediction],
    as_submitted: bool = False,
) -> list[Pair]:
    """Return each question with its prediction, or with None if it has none.

    `as_submitted` returns each prediction with its question instead, and leaves out
    questions without a prediction. SogouQA's scorer counts in this way.
    """
    if as_submitted:
        by_id = {question.id: question for question in questions}
        return [(by_id[one.id], one) for one in predictions]
    prediction_of = {one.id: one for one in predictions}
    return [(question, prediction_of.get(question.id)) for question in questions]


def columns(
    pairs: Sequence[Pair], metrics: Sequence[str], by: str
) -> dict[str, dict[str, float]]:
    """Return the scores of all pairs, and of each group if there are several.

    Args:
        pairs: of `pair`.
        metrics: names in `METRICS`; the first decides which answers are right for
            risk_coverage and ece.
        by: how to group, one of `GROUPS`.
    """
    groups: dict[str, list[Pair]] = collections.defaultdict(list)
    for question, prediction in pairs:
        groups[GROUPS[by](question)].append((question, prediction))
    named = {ALL: pairs, **(groups if len(groups) > 1 else {})}
    return {name: _scores(group, metrics) for name, group in named.items()}


def _scores(pairs: Sequence[Pair], metrics: Sequence[str]) -> dict[str, float]:
    attempts = list(itertools.starmap(_attempt, pairs))
    missing = sum(prediction is None for _, prediction in pairs)
    scores: dict[str, float] = {"questions": len(pairs), "missing": missing}
    for metric in metrics:
        report = METRICS[metric].report(attempts)
        scores |= {f"{metric}_{score}": value for score, value in report.items()}
    is_right = METRICS[metrics[0]].is_right
    scores |= abstention_report(attempts, is_right)
    return scores | calibration_report(attempts, is_right)


def _count_right(
    questions: Sequence[Question], predictions: Sequence[Prediction], metric: str
) -> int:
    """Return how many predictions are right by `metric`."""
    attempts = itertools.starmap(_attempt, pair(questions, predictions))
    is_right = METRICS[metric].is_right
    return sum(is_right(one.answer, one.references) for one in attempts)


def _attempt(question: Question, prediction: Prediction | None) -> Attempt:
    if prediction is None:
        return Attempt("", question.answers)
    return Attempt(prediction.answer, question.answers, prediction.confidence)


def _prediction(question: Question, answer: Answer) -> Prediction:
    return Prediction(question.id, answer.text, answer.confidence)


def _sureness(answer: Answer) -> tuple[bool, float, float]:
    """Return the key of the surest of several answers, each from one passage."""
    (vote,) = answer.votes
    return bool(answer.text), answer.confidence, -(vote.no_answer or 0.0)
