"""Read the answers of any system from a file.

Three layouts are read: JSON lines or an array of {id, answer, confidence}, where
confidence may be missing (or DuReader's question_id and answers); lines of
`id TAB answer`, as SogouQA's scorer reads them; and one JSON object of answers by id,
as SQuAD's scorer reads it. An empty answer means that none is given.
"""

import io
import math
import pathlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from nlg.errors import DataError
from nlg.qa.data.read import Question
from nlg.text.collect import Value, is_json, name_of, text_and_problem, values


class Prediction(NamedTuple):
    """The answer of a system to the question `id`."""

    id: str
    answer: str  # "" for no answer
    confidence: float | None = None  # on any scale; higher is surer


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
    predictions = []
    for where, one in _read(path):
        if one.id not in known:
            raise DataError(f"{where}: no question has the id {one.id!r}")
        if one.id in places and not repeats:
            raise DataError(f"{where}: id {one.id} again, after {places[one.id]}")
        places[one.id] = where
        predictions.append(one)
    if not predictions:
        raise DataError(f"{name_of(path)}: no prediction in it")
    return predictions


def _read(path: pathlib.Path) -> Iterator[tuple[str, Prediction]]:
    """Yield each prediction and its place, file:line."""
    name = name_of(path)
    text, problem = text_and_problem(path)
    if problem:
        raise DataError(f"{name}: {problem}")
    if is_json(text):
        for value in values(name, text):
            yield from _of_json(value)
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
        return [_prediction(where, key, answer, None) for key, answer in value.items()]
    if "error" in value:  # of `nlg qa --input`, which could not answer
        return []
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
    is_number = confidence is None or type(confidence) in (int, float)
    if not is_number or not math.isfinite(confidence or 0):
        raise DataError(f"{where}: the confidence of id {name} is no finite number")
    return where, Prediction(str(name), answer.strip(), confidence)
