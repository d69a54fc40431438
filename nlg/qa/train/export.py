"""Turn a finished training run into a checkpoint folder that answers without Keras.

Run as a process of its own (`python -m nlg.qa.train.export RUN OUT DEV`), because
tf2onnx reads the TensorFlow backend, whichever backend trained the run.

    model.onnx    the `BEAMS` best answers, with as many beams
    many.onnx     the `MANY_BEAMS` best
    saliency.onnx what a given answer rests on, see `nlg.qa.train.saliency`
    ranking.json  which of the answers found is right, see `nlg.qa.rerank`
    calibration.json  from confidence to share of right answers, see `nlg.qa.calibrate`

With a fourth argument, `int8`, model.onnx multiplies by weights in int8: it is smaller
work, so answer the questions of dev with both before it is shipped.
"""

import dataclasses
import pathlib
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from nlg.backbone.init_from import Shape
from nlg.backbone.unilm import UniLM
from nlg.metrics.qa import Attempt, abstention_report, equals, squad_report
from nlg.onnx_export.export import export_onnx, save_graph, save_weights, trace
from nlg.qa import calibrate, rerank
from nlg.qa.answer import NO_CANDIDATE, Answer, QARequest
from nlg.qa.calibrate import Calibration, Table
from nlg.qa.data.examples import Example, load_examples
from nlg.qa.evaluate import AnswerOrError
from nlg.qa.explain import SALIENCY, longest
from nlg.qa.inputs import LEXICON
from nlg.qa.options import BEAMS, MANY_BEAMS, AnswerOptions
from nlg.qa.reader import TASK, Reader
from nlg.qa.rerank import Ranking
from nlg.qa.train.model import Answerer
from nlg.qa.train.options import QATraining
from nlg.qa.train.saliency import Saliency, saliency
from nlg.qa.train.search import SearchOutput, answer
from nlg.qa.train.train import TO_RANK, build_model
from nlg.runtime.checkpoint import VOCABULARY, WEIGHTS
from nlg.runtime.graph import Graph, available_cores
from nlg.training.backend import choose_backend
from nlg.training.export_subprocess import best_of, clear_folder, finish
from nlg.training.loop import load_weights
from nlg.training.run import Run

GRAPHS = {"model": BEAMS, "many": MANY_BEAMS}  # beams, and answers to choose from


def export(
    run_folder: pathlib.Path, out: pathlib.Path, dev: pathlib.Path, int8: bool = False
) -> None:
    """Write the checkpoint `out` from the best weights of `run_folder`.

    Args:
        run_folder: what `nlg train qa` wrote.
        out: the folder to make or to make anew.
        dev: the questions that the metrics are taken on, and confidence is fitted to.
        int8: see the text of this file.
    """
    run = Run(run_folder)
    settings, weights = best_of(run)
    options, shape = QATraining(**settings), Shape.load(run_folder)
    unilm = UniLM(shape.config)
    unilm.build()
    model = build_model(unilm, options)
    load_weights(model, weights)
    write_graphs(model, clear_folder(out), int8)
    write_saliency(model, options, out)
    shape.tokenizer.vocabulary.save(out / VOCABULARY)
    if options.lexicon():
        shutil.copyfile(run_folder / LEXICON, out / LEXICON)
    facts = {
        "model": dataclasses.asdict(model.config),
        "backbone": dataclasses.asdict(shape.config),
        "lower_case": shape.tokenizer.lower_case,
    }
    path = run_folder / TO_RANK
    some = load_examples(path) if path.exists() and path.stat().st_size else []
    examples = load_examples(dev)
    finish(out, run, TASK, facts | settings, lambda: measure(out, some, examples))


def write_graphs(model: Answerer, out: pathlib.Path, int8: bool) -> None:
    """Write the weights and the graphs of `model`."""
    weights = out / WEIGHTS
    save_weights(model, weights)
    sources = ((None, None, None), "int32")
    inputs = dict.fromkeys(model.config.inputs(), sources)
    inputs |= {"class_ids": sources} if model.config.answer_types else {}
    scalars = {name: ((), "int32") for name in ("length", "beam")}
    signature = {
        **inputs,
        "present": ((None, None), "bool"),
        **scalars,
        "free": ((), "bool"),
        "limit": ((), "float32"),
    }
    for name, beams in GRAPHS.items():

        def graph(*given, beams=beams):
            named = dict(zip(inputs, given, strict=False))
            rest = given[len(inputs) :]
            return answer(model, named, *rest, beams=beams, n_best=beams)

        traced = trace(graph, model, signature, SearchOutput._fields)
        save_graph(traced, out / f"{name}.onnx", weights, int8 and name == "model")


def write_saliency(model: Answerer, options: QATraining, out: pathlib.Path) -> None:
    """Write the graph of gradients, beside the weights; its inputs have fixed sizes."""
    S, T = longest(dataclasses.asdict(options))
    inputs = dict.fromkeys(model.config.inputs(), ((1, S), "int32"))
    inputs |= {"class_ids": ((1, 1), "int32")} if model.config.answer_types else {}
    outputs = Saliency._fields if model.config.copy else Saliency._fields[:-1]

    def graph(*given):
        *source, answer = given
        found = saliency(model, dict(zip(inputs, source, strict=True)), answer)
        return found[: len(outputs)]

    signature = {**inputs, "answer": ((1, T), "int32")}
    path = out / f"{SALIENCY}.onnx"
    export_onnx(graph, model, signature, outputs, path, out / WEIGHTS)
    Graph(path, "cpu")  # what ONNX does not know of a gradient is told now, not later


def measure(
    out: pathlib.Path, to_rank: Sequence[Example], examples: Sequence[Example]
) -> dict[str, Any]:
    """Write what it knows of its answers; return how good the checkpoint is.

    First how to choose among the answers found is learned, from questions of the
    training data. Then the limit of silence, for it decides what is answered, and how
    sure it may be, from `examples`.
    """
    reader = Reader.from_checkpoint(out, workers=available_cores())
    reader.ranking = fitted(reader, to_rank)
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


if __name__ == "__main__":
    choose_backend("tensorflow", "float32", seed=1)
    run_folder, out, dev = map(pathlib.Path, sys.argv[1:4])
    export(run_folder, out, dev, int8=sys.argv[4:] == ["int8"])
