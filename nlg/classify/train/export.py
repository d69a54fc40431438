"""Turn a finished training run of a classifier into a checkpoint folder.

Run as a process of its own (`python -m nlg.classify.train.export RUN OUT DEV`), because
tf2onnx reads the TensorFlow backend, whichever backend trained the run.

    model.onnx   how probable each label of a text is
"""

import dataclasses
import pathlib
import shutil
from typing import Any

import keras

from nlg.backbone.init_from import Shape
from nlg.classify.classifier import LABELS, TASK, Classifier
from nlg.classify.inputs import are_levels
from nlg.classify.train.model import build_model
from nlg.metrics.labels import label_report
from nlg.onnx_export.export import export_onnx, save_weights
from nlg.runtime.checkpoint import VOCABULARY, WEIGHTS
from nlg.text.labelled import load_labelled
from nlg.training.export_checkpoint import (
    export_arguments,
    export_checkpoint,
    finished,
)


def export(run_folder: pathlib.Path, out: pathlib.Path, dev: pathlib.Path) -> None:
    """Write the checkpoint `out` from the best weights of `run_folder`.

    Args:
        run_folder: what `nlg train classifier` wrote.
        out: the folder to make or to make anew.
        dev: labelled texts that the metrics are taken on.
    """
    done = finished(run_folder)
    shape = Shape.load(run_folder)
    names = (run_folder / LABELS).read_text("utf-8").splitlines()
    model = build_model(shape.build(), [0.0] * len(names))  # priors are for training
    done.load_into(model)

    def graphs(out: pathlib.Path) -> None:
        write_graph(model, out)
        shape.tokenizer.vocabulary.save(out / VOCABULARY)
        shutil.copyfile(run_folder / LABELS, out / LABELS)

    export_checkpoint(
        done.run,
        out,
        TASK,
        graphs=graphs,
        facts={
            "lower_case": shape.tokenizer.lower_case,
            "max_tokens": done.settings["max_tokens"],
            "backbone": dataclasses.asdict(shape.config),
        },
        measure=lambda: measure(Classifier(out), dev),
    )


def write_graph(model: keras.Model, out: pathlib.Path) -> None:
    """Write the weights and the graph of `model`."""
    save_weights(model, out / WEIGHTS)
    signature = {"token_ids": ((None, None), "int32")}
    path, outputs = out / "model.onnx", ["probabilities"]

    def graph(token_ids):
        return [model.probabilities(token_ids)]

    export_onnx(graph, model, signature, outputs, path, out / WEIGHTS)


def measure(classifier: Classifier, dev: pathlib.Path) -> dict[str, Any]:
    """Return how many labels of the texts in `dev` are found."""
    names = classifier.names
    rows = load_labelled(dev, names)
    found = classifier.label_all([row.text for row in rows])
    return label_report(
        names,
        [names.index(row.label or "") for row in rows],
        [names.index(x.label) for x in found],
        are_levels(names),
    )


if __name__ == "__main__":
    export(*map(pathlib.Path, export_arguments()))
