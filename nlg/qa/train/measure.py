"""Fit what a reader knows of its answers, and say how good they are; no Keras.

    ranking.json      which of the answers found is right, see `nlg.qa.rerank`
    calibration.json  from confidence to share of right answers, see `nlg.qa.calibrate`

Both are fitted to the answers that a finished checkpoint gives, so another model needs
its own: `nlg.qa.train.export` and `nlg average` call this last.
"""

import pathlib
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from nlg.metrics.qa import Attempt, abstention_report, equals, squad_report
from nlg.qa import calibrate, rerank
from nlg.qa.answer import NO_CANDIDATE, Answer, QARequest
from nlg.qa.calibrate import Calibration, Table
from nlg.qa.data.examples import Example
from nlg.qa.evaluate import AnswerOrError
from nlg.qa.options import AnswerOptions
from nlg.qa.reader import Reader
from nlg.qa.rerank import Ranking
from nlg.runtime.graph import available_cores

RANKED = 4000  # questions that a ranking is fitted to


def measure(
    out: pathlib.Path, to_rank: Sequence[Example] | None, examples: Sequence[Example]
) -> dict[str, Any]:
    """Write what it knows of its answers; return how good the checkpoint is.

    Three things are fitted, in this order: how to rank the answers found, from
    `to_rank`, questions of the training data (None keeps the ranking there is); the
    limit of silence, which decides what is answered; and the confidence, both from
    `examples`.
    """
    reader = Reader.from_checkpoint(out, workers=available_cores())
    if to_rank is not None:
        reader.ranking = fitted(reader, to_rank)
        (out / rerank.FILE).unlink(missing_ok=True)
        if reader.ranking:
            rerank.save(out / rerank.FILE, reader.ranking)
    said = list(answered(reader, examples))
    reader.table = Table([], silent_from(said, examples))
    answers = attempts(answered(reader, examples), examples)
    calibration = calibrated(answers)
    reader.table = reader.table._replace(knots=calibration.knots)
    calibrate.save(out / calibrate.FILE, reader.table)
    facts = calibration._asdict() | {"limit": reader.table.limit}
    del facts["knots"]
    return {"dev": report(answers), "calibration": facts}


def fitted(reader: Reader, examples: Sequence[Example]) -> Ranking | None:
    """Return how to choose among answers, learned from examples; None: from too few."""
    asked = (QARequest(example.question, [example.passage]) for example in examples)
    found = reader.evidence_all(asked, AnswerOptions(no_answer_threshold=1.0))
    samples = []
    for lines, example in zip(found, examples, strict=True):
        right = [equals(text, (example.answer,)) for text, _ in lines]
        best = right.index(True) if example.answer and any(right) else -1
        samples.append(([evidence for _, evidence in lines], best))
    return rerank.fit(samples)


def answered(reader: Reader, examples: Sequence[Example]) -> Iterator[AnswerOrError]:
    """Yield what `reader` answers, each from the one passage."""
    asked = (QARequest(example.question, [example.passage]) for example in examples)
    return reader.answer_all(asked)


def attempts(
    said: Iterable[AnswerOrError], examples: Sequence[Example]
) -> list[Attempt]:
    """Return what was answered beside what is right."""
    found = []
    for one, example in zip(said, examples, strict=True):
        right = (example.answer,) if example.answer else ()
        answer = one if isinstance(one, Answer) else NO_CANDIDATE
        found.append(Attempt(answer.text, right, answer.confidence))
    return found


def silent_from(said: Iterable[AnswerOrError], examples: Sequence[Example]) -> float:
    """Return the threshold of no answer, see `nlg.qa.calibrate`."""
    pairs = [
        (answer.votes[0].no_answer or 0.0, bool(example.answer))
        for answer, example in zip(said, examples, strict=True)
        if isinstance(answer, Answer)
    ]
    if not pairs:
        return calibrate.EVEN
    return calibrate.no_answer_threshold(*zip(*pairs, strict=True))


def calibrated(answers: Sequence[Attempt]) -> Calibration:
    """Return how to calibrate the confidence of what was answered."""
    given = [said for said in answers if said.answer]
    return calibrate.calibrate(
        [said.confidence or 0.0 for said in given],
        [equals(said.answer, said.references) for said in given],
    )


def report(answers: Sequence[Attempt]) -> dict[str, float]:
    """Return how good `answers` are."""
    scores = squad_report(answers) | abstention_report(answers, equals)
    return {"questions": len(answers), **scores}


def some(examples: Sequence[Example], count: int) -> Sequence[Example]:
    """Return `count` of `examples`, all for 0; the same in every run.

    So runs can be compared, whatever their seed and what they are trained on.
    """
    if not 0 < count < len(examples):
        return examples
    return random.Random(0).sample(examples, count)
