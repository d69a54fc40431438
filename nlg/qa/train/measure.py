"""Fit what a reader knows of its answers, and say how good they are; no Keras.

    ranking.json      which of the answers found is right, see `nlg.qa.rerank`
    calibration.json  from confidence to share of right answers, see `nlg.qa.calibrate`

Both are fitted to the answers that a finished checkpoint gives to questions kept back,
so another model needs its own: `nlg.qa.train.export`, `nlg average` and `nlg calibrate`
call this last. No figure is of a ranking that was fitted to the same questions.
"""

import pathlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from nlg.errors import NlgError
from nlg.metrics.qa import Attempt, abstention_report, equals, squad_report
from nlg.qa import calibrate, rerank
from nlg.qa.answer import NO_CANDIDATE, Answer, QARequest
from nlg.qa.calibrate import Calibration, Table
from nlg.qa.data.examples import Example
from nlg.qa.options import AnswerOptions
from nlg.qa.reader import FoundLines, Reader
from nlg.qa.train.fit_ranking import Sample, cross_fitted, fit
from nlg.runtime.graph import available_cores


def measure(
    out: pathlib.Path, examples: Sequence[Example], more: Sequence[Example] = ()
) -> dict[str, Any]:
    """Write what it knows of its answers; return how good the checkpoint is.

    Three things are fitted: the limit of silence, which decides what is answered, how
    to rank the answers found, and the confidence. Figures and confidence are of answers
    that are chosen by a ranking which was fitted to the other folds of the questions.

    Args:
        out: the checkpoint.
        examples: kept back from training.
        more: kept back too; the ranking alone is fitted to them besides.
    """
    reader = Reader.from_checkpoint(out, workers=available_cores())
    found = found_lines(reader, examples)
    samples = samples_of(found, examples)
    samples += samples_of(found_lines(reader, more), more)
    reader.table = Table([], silent_from(found, examples))
    answers = cross_answered(reader, examples, samples)
    (out / rerank.FILE).unlink(missing_ok=True)
    ranking = fit(samples)
    if ranking:
        rerank.save(out / rerank.FILE, ranking)
    calibration = calibrated(answers)
    table = reader.table._replace(knots=calibration.knots)
    calibrate.save(out / calibrate.FILE, table)
    facts = calibration._asdict() | {"limit": table.limit}
    del facts["knots"]
    return {"dev": report(answers), "calibration": facts}


def found_lines(reader: Reader, examples: Sequence[Example]) -> list[FoundLines]:
    """Return what `reader` finds in each passage, though it may be without answer."""
    options = AnswerOptions(no_answer_threshold=1.0)
    return list(reader.evidence_all(requests(examples), options))


def samples_of(
    found: Iterable[FoundLines], examples: Sequence[Example]
) -> list[Sample]:
    """Return what a ranking is fitted to."""
    samples = []
    for one, example in zip(found, examples, strict=True):
        right = [equals(text, (example.answer,)) for text, _ in one.lines]
        best = right.index(True) if example.answer and any(right) else -1
        lines = [evidence for _, evidence in one.lines]
        samples.append(Sample(example.question, lines, best))
    return samples


def cross_answered(
    reader: Reader, examples: Sequence[Example], samples: Sequence[Sample]
) -> list[Attempt]:
    """Return what `reader` answers, ranked by what was fitted to other questions.

    Args:
        reader: its ranking is left changed, its table decides what is answered.
        examples: the questions.
        samples: those of `examples`, and perhaps more after them.
    """
    found: dict[int, Attempt] = {}
    for numbers, ranking in cross_fitted(samples):
        own = [number for number in numbers if number < len(examples)]
        asked = [examples[number] for number in own]
        reader.ranking = ranking
        said = attempts(answered(reader, asked), asked)
        found.update(zip(own, said, strict=True))
    return [found[number] for number in range(len(examples))]


def requests(examples: Iterable[Example]) -> Iterator[QARequest]:
    """Yield what a reader is asked, each question with its one passage."""
    return (QARequest(example.question, [example.passage]) for example in examples)


def answered(
    reader: Reader, examples: Sequence[Example]
) -> Iterator[Answer | NlgError]:
    """Yield what `reader` answers, each from the one passage."""
    return reader.answer_all(requests(examples))


def attempts(
    said: Iterable[Answer | NlgError], examples: Sequence[Example]
) -> list[Attempt]:
    """Return what was answered beside what is right."""
    found = []
    for one, example in zip(said, examples, strict=True):
        right = (example.answer,) if example.answer else ()
        answer = one if isinstance(one, Answer) else NO_CANDIDATE
        found.append(Attempt(answer.text, right, answer.confidence))
    return found


def silent_from(found: Sequence[FoundLines], examples: Sequence[Example]) -> float:
    """Return the threshold of no answer, see `nlg.qa.calibrate`."""
    return calibrate.no_answer_threshold(
        [one.no_answer for one in found], [bool(x.answer) for x in examples]
    )


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
