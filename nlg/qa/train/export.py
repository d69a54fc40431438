"""Turn a finished training run into a checkpoint folder that answers without Keras.

Run as a process of its own (`python -m nlg.qa.train.export RUN OUT DEV`), because
tf2onnx reads the TensorFlow backend, whichever backend trained the run.

    model.onnx    the `BEAMS` best answers, with as many beams
    many.onnx     the `MANY_BEAMS` best
    saliency.onnx what a given answer rests on, see `nlg.qa.train.saliency`
    ranking.json and calibration.json, see `nlg.qa.train.measure`

With a fourth argument, `int8`, model.onnx multiplies by weights in int8: it is smaller
work, so answer the questions of dev with both before it is shipped.
"""

import dataclasses
import pathlib
import shutil

from nlg.backbone.init_from import Shape
from nlg.onnx_export.export import save_graph, save_weights, trace
from nlg.qa.data.examples import load_examples
from nlg.qa.inputs import LEXICON
from nlg.qa.options import BEAMS, MANY_BEAMS
from nlg.qa.reader import TASK
from nlg.qa.train.measure import measure
from nlg.qa.train.model import Answerer, build_model
from nlg.qa.train.options import QATraining
from nlg.qa.train.saliency import write_saliency
from nlg.qa.train.search import SearchOutput, answer
from nlg.runtime.checkpoint import VOCABULARY, WEIGHTS
from nlg.training.export_checkpoint import (
    export_arguments,
    export_checkpoint,
    finished,
)

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
    done = finished(run_folder)
    options, shape = QATraining(**done.settings), Shape.load(run_folder)
    config = options.reader(shape.tokenizer.lower_case)
    model = build_model(shape.build(), options)
    done.load_into(model)
    examples = load_examples(dev)

    def graphs(out: pathlib.Path) -> None:
        write_graphs(model, out, int8)
        write_saliency(model, config, out)
        shape.tokenizer.vocabulary.save(out / VOCABULARY)
        if options.lexicon():
            shutil.copyfile(run_folder / LEXICON, out / LEXICON)

    export_checkpoint(
        done.run,
        out,
        TASK,
        graphs=graphs,
        facts=dataclasses.asdict(config)
        | {"backbone": dataclasses.asdict(shape.config)},
        measure=lambda: measure(out, examples),
    )


def write_graphs(model: Answerer, out: pathlib.Path, int8: bool) -> None:
    """Write the weights and the graphs of `model`."""
    weights = out / WEIGHTS
    save_weights(model, weights)
    sources = ((None, None, None), "int32")
    inputs = dict.fromkeys(model.config.inputs(), sources)
    inputs |= {"class_ids": sources} if model.config.classes() else {}
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


if __name__ == "__main__":
    arguments = export_arguments()
    run_folder, out, dev = map(pathlib.Path, arguments[:3])
    export(run_folder, out, dev, int8=arguments[3:] == ["int8"])
