"""Measure the answers of a system: have or read them, lay them beside the questions.

    questions ── our reader ── answers ──┐
    a file of another system ────────────┴─ predictions ── pairs ── columns of scores

Predictions are read from JSON lines of {id, answer, confidence}, of which confidence
may be missing; from `id TAB answer`, as SogouQA's scorer reads them; and from one JSON
object of answers by id, as SQuAD's does. An empty answer is silence.
"""

import collections
import io
import itertools
import json
import math
import pathlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from nlg.errors import DataError, NlgError
from nlg.files import UNREADABLE, text_of
from nlg.metrics.calibration import calibration_report
from nlg.metrics.qa import METRICS, Attempt, abstention_report
from nlg.qa.answer_type import answer_type
from nlg.qa.dataset import Question
from nlg.qa.generate import Answer, AnswerOptions, Asked, Reader
from nlg.text.collect import Value, array_values, json_values, name_of

GROUPS = {
    "source": lambda question: question.source,
    "type": lambda question: answer_type(question.question),
}
ALL = "all"
PLACED = ("confidence", "passage", "start", "end")  # of an answer, beside its text


class Prediction(NamedTuple):
    """What a system answered to the question `id`."""

    id: str
    answer: str  # "" where it is silent
    confidence: float | None = None  # of any scale, higher is surer


class Alone(NamedTuple):
    """What the passages of a question answer when they do not vote."""

    surest: list[Prediction]  # of each question, the answer with the most confidence
    best: list[Prediction]  # those of `place`
    place: int  # number of a passage, from 0, whose answers are right most often


Pair = tuple[Question, Prediction | None]
Said = Answer | NlgError  # an answer to a question, or why there is none
Show = Callable[[Iterator[Said]], Iterable[Said]]


def answer_questions(
    reader: Reader, questions: Iterable[Question], options: AnswerOptions
) -> Iterator[Said]:
    """Yield what our reader answers to each question; its passages vote."""
    asked = (
        Asked(question.question, [passage.text for passage in question.passages])
        for question in questions
    )
    return reader.answer_all(asked, options)


def predictions_of(
    questions: Iterable[Question], said: Iterable[Said]
) -> list[Prediction]:
    """Return the answers to questions; where there is none for an error, nothing."""
    return [
        _of_answer(question, answer)
        for question, answer in zip(questions, said, strict=True)
        if isinstance(answer, Answer)
    ]


def answer_line(question: Question, answer: Answer) -> str:
    """Return an answer and where it stands as a line that `load_predictions` reads."""
    facts = {name: getattr(answer, name) for name in PLACED}
    row = {"id": question.id, "answer": answer.text, **facts}
    return json.dumps(row, ensure_ascii=False)


def answer_alone(
    reader: Reader,
    questions: Sequence[Question],
    options: AnswerOptions,
    metric: str,
    show: Show = iter,
) -> Alone:
    """Return what single passages answer: the surest, and the best place in the list.

    Which place is best is seen afterwards, by what `metric` calls right: no system
    could know it, and a vote that is better is worth its passages.

    Args:
        reader: our model.
        questions: with their passages.
        options: how to answer.
        metric: one of `METRICS`.
        show: passes the answers on, and may show how far it is.
    """
    asked = (Asked(q.question, [p.text]) for q in questions for p in q.passages)
    every = iter(list(show(reader.answer_all(asked, options))))
    rows = [list(itertools.islice(every, len(q.passages))) for q in questions]
    surest = [
        _of_answer(question, max(answers, key=_sureness))
        for question, row in zip(questions, rows, strict=True)
        if (answers := [one for one in row if isinstance(one, Answer)])
    ]
    places = [
        predictions_of(questions, column)
        for column in itertools.zip_longest(*rows, fillvalue=NlgError("no passage"))
    ]
    scores = [_right(questions, column, metric) for column in places]
    best = scores.index(max(scores))
    return Alone(surest, places[best], best)


def _of_answer(question: Question, answer: Answer) -> Prediction:
    return Prediction(question.id, answer.text, answer.confidence)


def _sureness(answer: Answer) -> tuple[bool, float, float]:
    """Return what the surest of several answers has most of."""
    (vote,) = answer.votes
    return bool(answer.text), answer.confidence, -(vote.no_answer or 0.0)


def _right(
    questions: Sequence[Question], predictions: Sequence[Prediction], metric: str
) -> int:
    """Return how many predictions `metric` calls right."""
    attempts = itertools.starmap(_attempt, pair(questions, predictions))
    is_right = METRICS[metric].is_right
    return sum(is_right(said.answer, said.references) for said in attempts)


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
    is_right = METRICS[metrics[0]].is_right
    scores |= abstention_report(attempts, is_right)
    return scores | calibration_report(attempts, is_right)


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
    start = text.lstrip()[:1]
    if start in ("[", "{"):
        for found in (array_values if start == "[" else json_values)(name, text):
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
    named = next((key for key in ("id", "question_id") if key in value), None)
    if named is None:  # answers by id, as SQuAD writes them
        return [_prediction(where, key, said, None) for key, said in value.items()]
    answers = value.get("answers")  # of which DuReader scores the first
    answer = (answers or [""])[0] if isinstance(answers, list) else value.get("answer")
    return [_prediction(where, value[named], answer, value.get("confidence"))]


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
