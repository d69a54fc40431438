"""Measure the answers of a system: read them, lay them beside the questions, score.

Predictions are read from JSON lines of {id, answer, confidence}, of which confidence
may be missing; from `id TAB answer`, as SogouQA's scorer reads them; and from one JSON
object of answers by id, as SQuAD's does. An empty answer is silence.
"""

import collections
import io
import math
import pathlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from nlg.errors import DataError
from nlg.files import UNREADABLE, text_of
from nlg.metrics.qa import METRICS, Attempt, abstention_report
from nlg.qa.answer_type import answer_type
from nlg.qa.dataset import Question
from nlg.text.collect import Value, json_values, name_of

GROUPS = {
    "source": lambda question: question.source,
    "type": lambda question: answer_type(question.question),
}
ALL = "all"


class Prediction(NamedTuple):
    """What a system answered to the question `id`."""

    id: str
    answer: str  # "" where it is silent
    confidence: float | None = None  # of any scale, higher is surer


Pair = tuple[Question, Prediction | None]


def load_predictions(
    path: pathlib.Path, questions: Sequence[Question], repeats: bool = False
) -> list[Prediction]:
    """Read the answers of a system to some of `questions`; `-` is standard input.

    Raises:
        DataError: a line is no prediction, its id is no question's, or (unless
            `repeats` are allowed) was there before.
    """
    known = {question.id for question in questions}
    places: dict[str, str] = {}
    found = []
    for where, said in _read(path):
        if said.id not in known:
            raise DataError(f"{where}: no question has the id {said.id!r}")
        if said.id in places and not repeats:
            raise DataError(f"{where}: id {said.id} again, after {places[said.id]}")
        places[said.id] = where
        found.append(said)
    if not found:
        raise DataError(f"{name_of(path)}: no prediction in it")
    return found


def pair(
    questions: Sequence[Question],
    predictions: Sequence[Prediction],
    as_submitted: bool = False,
) -> list[Pair]:
    """Return each question with what was said to it, None where nothing was.

    `as_submitted` pairs each prediction instead, and forgets questions without one:
    so SogouQA's scorer counts.
    """
    if as_submitted:
        by_id = {question.id: question for question in questions}
        return [(by_id[said.id], said) for said in predictions]
    said_to = {said.id: said for said in predictions}
    return [(question, said_to.get(question.id)) for question in questions]


def columns(
    pairs: Sequence[Pair], metrics: Sequence[str], by: str
) -> dict[str, dict[str, float]]:
    """Return the scores of all pairs, and of each group if there are several.

    Args:
        pairs: what `pair` returned.
        metrics: names out of `METRICS`; the first says which answers are right where
            abstention is measured.
        by: what groups are told by, one of `GROUPS`.
    """
    groups: dict[str, list[Pair]] = collections.defaultdict(list)
    for question, said in pairs:
        groups[GROUPS[by](question)].append((question, said))
    named = {ALL: pairs, **(groups if len(groups) > 1 else {})}
    return {name: _scores(group, metrics) for name, group in named.items()}


def _scores(pairs: Sequence[Pair], metrics: Sequence[str]) -> dict[str, float]:
    attempts = [_attempt(question, said) for question, said in pairs]
    missing = sum(said is None for _, said in pairs)
    scores: dict[str, float] = {"questions": len(pairs), "missing": missing}
    for metric in metrics:
        report = METRICS[metric].report(attempts)
        scores |= {f"{metric}_{score}": value for score, value in report.items()}
    return scores | abstention_report(attempts, METRICS[metrics[0]].is_right)


def _attempt(question: Question, said: Prediction | None) -> Attempt:
    if said is None:
        return Attempt("", question.answers)
    return Attempt(said.answer, question.answers, said.confidence)


def _read(path: pathlib.Path) -> Iterator[tuple[str, Prediction]]:
    """Yield each prediction and where it stands."""
    name = name_of(path)
    try:
        text = text_of(path)
    except UNREADABLE as error:
        raise DataError(f"{name}: cannot be read: {error}") from None
    if text.lstrip()[:1] == "{":
        for found in json_values(name, text):
            yield from _of_json(found)
        return
    for number, line in enumerate(io.StringIO(text), 1):
        if line.strip():
            fields = line.rstrip("\r\n").split("\t")
            if len(fields) != 2:
                raise DataError(f"{name}:{number}: no JSON, and no id TAB answer")
            yield f"{name}:{number}", Prediction(fields[0], fields[1].strip())


def _of_json(found: Value) -> Iterable[tuple[str, Prediction]]:
    where, value, problem = found
    if problem or not isinstance(value, dict):
        raise DataError(f"{where}: {problem or 'not a JSON object'}")
    if "id" not in value:  # answers by id, as SQuAD writes them
        return [_prediction(where, key, said, None) for key, said in value.items()]
    fields = (value.get(key) for key in ("id", "answer", "confidence"))
    return [_prediction(where, *fields)]


def _prediction(
    where: str, name: Any, answer: Any, confidence: Any
) -> tuple[str, Prediction]:
    if type(name) not in (str, int):
        raise DataError(f"{where}: the id is no text and no number")
    if not isinstance(answer, str):
        raise DataError(f"{where}: no text under answer, of id {name}")
    number = confidence is None or type(confidence) in (int, float)
    if not number or not math.isfinite(confidence or 0):
        raise DataError(f"{where}: the confidence of id {name} is no finite number")
    return where, Prediction(str(name), answer.strip(), confidence)
