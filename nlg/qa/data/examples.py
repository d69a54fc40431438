"""Make training examples: one question, one passage, one answer.

    questions -> clean questions -> train and dev -> examples no longer than a window

The answer "" means that the passage does not answer the question.
"""

import dataclasses
import json
import math
import pathlib
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from nlg.errors import DataError
from nlg.qa.data.read import Passage, Question, Record, read
from nlg.text import collect
from nlg.text.collect import Report, readable

UNSURE = "may answer in other words"


@dataclasses.dataclass(frozen=True)
class CleanOptions:
    """What to keep for training; lengths are in characters, 0 is any length."""

    passage: int = 256  # a longer one is cut to a window that contains the answer
    question: int = 64  # a longer one keeps its end, where Chinese questions ask
    answer: int = 32  # an example with a longer answer is dropped
    extractive: bool = False  # an example whose passage lacks its answer is dropped


class Example(NamedTuple):
    """A question about a passage; the answer "" means that the passage has none."""

    source: str
    passage: str
    question: str
    answer: str
    start: int = -1  # of `answer` in `passage`, in characters; -1: it is not there
    style: str = ""  # one of `nlg.qa.config.STYLES`; "" if it is not known

    def to_json(self) -> str:
        """Return one JSON line; it has a style if one is known."""
        fields = self._asdict()
        if not self.style:
            del fields["style"]
        return json.dumps(fields, ensure_ascii=False)


def load_examples(path: pathlib.Path, longest: float = math.inf) -> list[Example]:
    """Read what `nlg data qa` wrote; of several answers, one of `longest` characters.

    Raises:
        DataError: a record is no example, or the file has none.
    """
    records = readable(read(path, "jsonl"), Report(), strict=True)
    found = [
        example
        for record in records
        for example in _examples(_fitting(_asked(record), longest))
    ]
    if not found:
        raise DataError(f"{path}: no question in it; make it with nlg data qa")
    return found


def clean(
    records: Iterable[Record], report: Report, strict: bool, options: CleanOptions
) -> Iterator[Question]:
    """Yield each question with the passages to keep.

    Args:
        records: of `nlg.qa.data.read.read`.
        report: counts passages: kept by source, dropped by reason, changed.
        strict: raise a DataError at the first record that cannot be read.
        options: what to keep; long passages are counted here and cut later.
    """
    seen: set[tuple[str, ...]] = set()
    for record in readable(records, report, strict):
        question = _shortened(_asked(record), report, options.question)
        passages = tuple(_fit(question, report, options, seen))
        if passages:
            yield question._replace(passages=passages)


def split(
    questions: Sequence[Question], dev_share: float, seed: int
) -> tuple[list[Question], list[Question]]:
    """Return train and dev; all questions about a passage are on the same side."""
    groups = [question.passages[0].text for question in questions]
    return collect.split(questions, dev_share, seed, groups)


def examples(questions: Iterable[Question], size: int, seed: int) -> list[Example]:
    """Return an example for each passage, cut to `size` characters (0: not cut)."""
    rng = random.Random(seed)
    found = (example for question in questions for example in _examples(question))
    return [cut(example, size, rng) for example in found]


def cut(example: Example, size: int, rng: random.Random) -> Example:
    """Return `example` with a passage of at most `size` characters.

    The window is drawn at random from those that contain the whole answer.

    Example:
        >>> long = Example("", "春眠不觉晓处处闻啼鸟", "闻什么？", "啼鸟", 8)
        >>> cut(long, 3, random.Random(1))[1:]
        ('闻啼鸟', '闻什么？', '啼鸟', 1, '')
    """
    last = len(example.passage) - size
    if not size or last <= 0:
        return example
    begin = rng.randint(0, last)
    if example.start >= 0:
        end = example.start + len(example.answer)
        begin = rng.randint(max(0, end - size), min(example.start, last))
        example = example._replace(start=example.start - begin)
    return example._replace(passage=example.passage[begin : begin + size])


def write(found: Iterable[Example], path: pathlib.Path) -> None:
    """Write JSON lines, gzipped if `path` ends in .gz; all of them or none."""
    collect.write_lines((example.to_json() for example in found), path)


def _asked(record: Record) -> Question:
    """Return the question of a record that could be read."""
    assert record.question is not None
    return record.question


def _examples(question: Question) -> Iterator[Example]:
    for passage in question.passages:
        answer = passage.answers[0] if passage.answers else ""
        about = question.source, passage.text, question.question
        yield Example(*about, answer, passage.start, question.style)


def _shortened(question: Question, report: Report, size: int) -> Question:
    if not 0 < size < len(question.question):
        return question
    report.changed[f"question cut to its last {size} characters"] += 1
    return question._replace(question=question.question[-size:])


def _fit(
    question: Question,
    report: Report,
    options: CleanOptions,
    seen: set[tuple[str, ...]],
) -> Iterator[Passage]:
    """Yield the passages to keep, and count all."""
    if not question.passages:
        report.dropped["no passage"] += 1
    fitting = _fitting(question, _longest(options))
    pairs = zip(_examples(fitting), fitting.passages, question.passages, strict=True)
    for example, passage, given in pairs:
        _, text, asked, answer, start, _ = example
        lost = answer != "" and start < 0
        key = (asked, text, answer)
        reason = _reason_to_drop(example, options, lost, key in seen)
        if reason or passage.unsure:
            report.dropped[reason or UNSURE] += 1
            continue
        seen.add(key)
        report.kept[question.source] += 1
        if passage != given:
            report.changed["a shorter answer taken"] += 1
        if lost:
            report.changed["answer not in its passage"] += 1
        if 0 < options.passage < len(text):
            report.changed[f"passage cut to {options.passage} characters"] += 1
        yield passage


def _longest(options: CleanOptions) -> float:
    """Return how many characters an answer may have."""
    return min(filter(None, (options.answer, options.passage)), default=math.inf)


def _fitting(question: Question, longest: float) -> Question:
    """Return a question, the first answer of each passage no longer than that."""
    passages = tuple(_begun(passage, longest) for passage in question.passages)
    return question._replace(passages=passages)


def _begun(passage: Passage, longest: float) -> Passage:
    first = next((x for x in passage.answers if len(x) <= longest), None)
    if first is None or first == passage.answers[0]:
        return passage
    answers = tuple(dict.fromkeys([first, *passage.answers]))
    return passage._replace(answers=answers, start=passage.text.find(first))


def _reason_to_drop(
    example: Example, options: CleanOptions, lost: bool, again: bool
) -> str:
    """Return why an example is dropped, or "" to keep it."""
    longest = _longest(options)
    if not example.passage.strip():
        return "empty passage"
    if len(example.answer) > longest:
        return f"answer longer than {longest} characters"
    if lost and options.extractive:
        return "answer not in its passage"
    return "duplicate" if again else ""


def some(examples: Sequence[Example], count: int) -> Sequence[Example]:
    """Return `count` of `examples`, all for 0; the same in every run.

    So runs can be compared, whatever their seed and what they are trained on.
    """
    if not 0 < count < len(examples):
        return examples
    return random.Random(0).sample(examples, count)
