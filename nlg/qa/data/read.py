"""Read questions with the passages that may answer them.

    path, text -> records, one for each question -> questions

Five layouts are read, gzipped or not; the content shows which one a file has:

    webqa, sogou  JSON array of {id, question, passages: [{passage, answer}]}
    squad         JSON object of data, paragraphs and qas (SQuAD 1 and 2, CMRC 2018, …)
    jsonl         JSON lines of {source, passage, question, answer}, or with passages;
                  {context, question, answers: {text: […]}} as Hugging Face has SQuAD
    dureader      JSON lines of {question, documents: [{paragraphs}], answers: [text]}
    (gold)        id TAB answer TAB variant|variant, as SogouQA's scorer keeps its gold

An empty answer means that the passage does not answer the question.
"""

import collections
import io
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from nlg.errors import DataError
from nlg.qa.config import STYLES
from nlg.text import collect
from nlg.text.collect import (
    HALF,
    Report,
    Value,
    is_json,
    name_of,
    readable,
    source_of,
    text_and_problem,
    values,
)

SUFFIXES = (".json", ".jsonl")
ANSWER_KEYS = {"answer", "answers"}
SQUAD_PARTS = {"data": "article", "paragraphs": "paragraph", "qas": "question"}


class Passage(NamedTuple):
    """A text that may answer a question."""

    text: str
    answers: tuple[str, ...] = ()  # those in `text` first; () if it has none
    start: int = -1  # of answers[0] in `text`, in characters; -1: it is not there
    unsure: bool = False  # may answer in other words: no example, not even of silence


class Question(NamedTuple):
    """A question and the passages that may answer it."""

    id: str
    question: str
    passages: tuple[Passage, ...]
    source: str
    answers: tuple[str, ...] = ()  # the canonical one first; () if there is none
    style: str = ""  # of its answers, one of `nlg.qa.config.STYLES`; "": not known


class Record(NamedTuple):
    """A question at `where` (file:line); `problem` says why it is unreadable."""

    where: str
    question: Question | None = None
    problem: str = ""


class _Broken(ValueError):
    """A record is unreadable; the message says why, in one phrase."""


def find_files(inputs: Iterable[str]) -> list[pathlib.Path]:
    """Return the files that `inputs` name; a folder means all files below it."""
    return collect.find_files(inputs, SUFFIXES)


def load_questions(
    path: pathlib.Path, layout: str, report: Report, strict: bool = False
) -> list[Question]:
    """Read the questions of a file.

    Raises:
        DataError: there is no question, or two have the same id; with `strict`, a
            record is unreadable.
    """
    places: dict[str, str] = {}
    questions = []
    for record in readable(read(path, layout), report, strict):
        assert record.question is not None
        name = record.question.id
        if name in places:
            raise DataError(f"{record.where}: id {name} again, after {places[name]}")
        places[name] = record.where
        questions.append(record.question)
    if not questions:
        reasons = [*report.problems, f"{name_of(path)}: no question in it"]
        raise DataError(reasons[0])
    return questions


def read(path: pathlib.Path, layout: str = "auto") -> Iterator[Record]:
    """Yield the questions of one file; `-` is standard input.

    The default id of a question is its number in the file, the default source the name
    of the file. An unreadable record is yielded with its `problem`.
    """
    name = name_of(path)
    text, problem = text_and_problem(path)
    if problem:
        yield Record(name, problem=problem)
        return
    source = source_of(path)
    for number, found in enumerate(_values(name, text), 1):
        yield from _records(found, str(number), layout, source)


def _records(found: Value, number: str, layout: str, source: str) -> Iterator[Record]:
    """Yield the questions of the `number`-th value of a file."""
    where, value, problem = found
    if problem:
        yield Record(where, problem=problem)
    elif isinstance(value, tuple):
        yield _record(where, _of_gold, value, source)
    elif layout == "squad" or (layout == "auto" and _is_squad(value)):
        for part in _paragraphs(found):
            yield from _of_paragraph(part, number, source)
    else:
        yield _record(where, _of_object, value, number, source)


def _values(name: str, text: str) -> Iterator[Value]:
    """Yield JSON values, or the fields between TABs of each line as a tuple."""
    if is_json(text):
        yield from values(name, text)
    else:
        for number, line in enumerate(io.StringIO(text), 1):
            if line.strip():
                fields = line.rstrip("\r\n").split("\t")
                yield Value(f"{name}:{number}", tuple(fields))


def _record(where: str, read: Callable[..., Question], *fields: Any) -> Record:
    """Return the question that `read` makes of `fields`, or the problem with them."""
    try:
        return Record(where, read(*fields))
    except _Broken as broken:
        return Record(where, problem=str(broken))


def _of_gold(fields: tuple[str, ...], source: str) -> Question:
    if len(fields) != 3:
        raise _Broken("no JSON, and no id TAB answer TAB variants either")
    name, answer, variants = fields
    return Question(name, "", (), source, _unique([answer, *variants.split("|")]))


def _of_object(fields: Any, number: str, source: str) -> Question:
    """Return the question of an object with a passage, or with passages."""
    fields = _object(fields)
    question = _asked(fields, "question")
    given = _answers(fields) if ANSWER_KEYS & fields.keys() else None
    if "documents" in fields:
        passages = _documents(fields, given)
    else:
        parts = _list(fields, "passages") if "passages" in fields else [fields]
        passages = tuple(_passage(part, given) for part in parts)
    if given is None:
        found = (answer for passage in passages for answer in passage.answers)
        given = tuple(name for name, _ in collections.Counter(found).most_common())
    source = _text(fields, "source") if "source" in fields else source
    name = _id(fields, "question_id" if "question_id" in fields else "id") or number
    return Question(name, question, passages, source, given, _style(fields))


def _style(fields: dict[str, Any]) -> str:
    style = _text(fields, "style") if "style" in fields else ""
    if style not in ("", *STYLES):
        raise _Broken(f"its style is {style!r}, which is none of {', '.join(STYLES)}")
    return style


def _documents(
    fields: dict[str, Any], given: tuple[str, ...] | None
) -> tuple[Passage, ...]:
    """Return the documents of a question of DuReader, each as one passage.

    People wrote the answers, so a document may answer in other words. What they used
    (`is_selected`) and does not hold an answer is unsure, and so are all if none does.
    """
    spans = (*(given or ()), *_answers({"answers": fields.get("fake_answers", [])}))
    passages = []
    for part in map(_object, _list(fields, "documents")):
        lines = [
            _text({"": line}, "", "paragraphs") for line in _list(part, "paragraphs")
        ]
        text = "\n".join(lines)
        passage = _answered(text, tuple(x for x in spans if x in text), None)
        used = part.get("is_selected", True) is True and not passage.answers
        passages.append(passage._replace(unsure=bool(spans) and used))
    lost = bool(spans) and not any(passage.answers for passage in passages)
    return tuple(
        passage._replace(unsure=lost or passage.unsure) for passage in passages
    )


def _passage(part: Any, given: tuple[str, ...] | None) -> Passage:
    """Return a passage with its own answers, or with those `given` that it contains."""
    fields = {"passage": part} if isinstance(part, str) else _object(part)
    named = "context" in fields and "passage" not in fields
    text = _text(fields, "context" if named else "passage")
    if given is None or ANSWER_KEYS & fields.keys():
        answers = _answers(fields)
    else:
        answers = tuple(answer for answer in given if answer in text)
    return _answered(text, answers, _start(fields))


def _answered(text: str, answers: tuple[str, ...], start: Any) -> Passage:
    """Return a passage; its first answer is at `start`, or where it is found."""
    answers = tuple(sorted(answers, key=lambda answer: answer not in text))
    if not answers:
        return Passage(text)
    right = type(start) is int and start >= 0 and text.startswith(answers[0], start)
    return Passage(text, answers, start if right else text.find(answers[0]))


def _is_squad(value: Any) -> bool:
    return isinstance(value, dict) and not SQUAD_PARTS.keys().isdisjoint(value)


def _paragraphs(found: Value) -> Iterator[Value]:
    """Yield the paragraphs of a file or an article, each with its place."""
    where, value, _ = found
    for key in ("data", "paragraphs"):
        if isinstance(value, dict) and isinstance(value.get(key), list):
            for number, part in enumerate(value[key], 1):
                place = f"{where}, {SQUAD_PARTS[key]} {number}"
                yield from _paragraphs(Value(place, part))
            return
    yield found


def _of_paragraph(found: Value, number: str, source: str) -> Iterator[Record]:
    where, value, _ = found
    try:
        fields = _object(value)
        text = _text(fields, "context_text" if "context_text" in fields else "context")
        asked = _list(fields, "qas")
    except _Broken as broken:
        yield Record(where, problem=str(broken))
        return
    for count, qa in enumerate(asked, 1):
        place = f"{where}, {SQUAD_PARTS['qas']} {count}"
        yield _record(place, _of_qa, qa, text, f"{number}-{count}", source)


def _of_qa(fields: Any, text: str, number: str, source: str) -> Question:
    fields = _object(fields)
    question = _asked(fields, "query_text" if "query_text" in fields else "question")
    name = _id(fields, "query_id" if "query_id" in fields else "id") or number
    impossible = fields.get("is_impossible") in (True, "true")  # CJRC writes a text
    answers = () if impossible else _answers(fields)
    passage = _answered(text, answers, _start(fields))
    return Question(name, question, (passage,), source, answers)


def _start(fields: dict[str, Any]) -> Any:
    """Return where a question or a passage says that its first answer stands."""
    first = fields.get("answers")
    if isinstance(first, list) and first:
        first = first[0]
    if isinstance(first, dict):
        start = first.get("answer_start")
    else:
        start = fields.get("start")
    return start[0] if isinstance(start, list) and start else start


def _answers(fields: dict[str, Any]) -> tuple[str, ...]:
    """Return the texts under `answers` or `answer`; the text "" is no answer."""
    value = fields.get("answers", fields.get("answer"))
    if isinstance(value, dict) and isinstance(value.get("text"), list):
        value = value["text"]  # {"text": [甲, 乙], "answer_start": [3, 9]}
    parts: list[Any] = value if isinstance(value, list) else [value]
    texts = (part if isinstance(part, dict) else {"text": part} for part in parts)
    return _unique([_text(fields, "text", "answer") for fields in texts])


def _unique(answers: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(str.strip, answers))))


def _asked(fields: dict[str, Any], key: str) -> str:
    question = _text(fields, key)
    if not question.strip():
        raise _Broken("an empty question")
    return question


def _id(fields: dict[str, Any], key: str) -> str:
    name = fields.get(key, "")
    return str(name) if type(name) is int else _text({key: name}, key)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Broken("not a JSON object")
    return value


def _text(fields: dict[str, Any], key: str, called: str = "") -> str:
    """Return the text under `key`; errors name it `called`, by default `key`."""
    text = fields.get(key)
    if not isinstance(text, str):
        raise _Broken(f"no text under {called or key}")
    if HALF.search(text):
        raise _Broken("half a character, such as \\ud840 by itself")
    return text


def _list(fields: dict[str, Any], key: str) -> list[Any]:
    if not isinstance(fields.get(key), list):
        raise _Broken(f"no list under {key}")
    return fields[key]
