"""Turn a finished training run of the text writer into a checkpoint folder.

Run as a process of its own (`python -m nlg.write.train.export RUN OUT SAMPLES`),
because tf2onnx reads the TensorFlow backend, whichever backend trained the run.

    model.onnx         draws texts, as many as there are rows
    model_guided.onnx  the same with guidance
"""

import dataclasses
import functools
import pathlib
from typing import Any

from nlg.backbone.init_from import Shape
from nlg.backbone.unilm import UniLM
from nlg.metrics.ratio import distinct
from nlg.onnx_export.export import export_onnx, of_names, save_weights
from nlg.runtime.checkpoint import GUIDED, VOCABULARY, WEIGHTS
from nlg.training.export_checkpoint import (
    export_arguments,
    export_checkpoint,
    finished,
)
from nlg.write.reviewer import TASK, Reviewer
from nlg.write.train.model import draw
from nlg.write.train.prepare import TRAIN, load_arrays

PLAIN: dict[str, Any] = {
    "token_ids": ((None, None), "int32"),
    "class_ids": ((None, 1), "int32"),
    "length": ((), "int32"),
    "noise": ((None, None), "float32"),
    "temperature": ((), "float32"),
    "top_p": ((), "float32"),
}
SIGNATURES = {"model": PLAIN, f"model{GUIDED}": PLAIN | {"guidance": ((), "float32")}}
OUTPUTS = ("texts", "log_probs")


def export(run_folder: pathlib.Path, out: pathlib.Path, samples: int) -> None:
    """Write the checkpoint `out` from the best weights of `run_folder`.

    Args:
        run_folder: what `nlg train write` wrote.
        out: the folder to make or to make anew.
        samples: texts of each class that the metrics are taken on.
    """
    done = finished(run_folder)
    shape = Shape.load(run_folder)
    unilm = shape.build()
    done.load_into(unilm)

    def graphs(out: pathlib.Path) -> None:
        write_graphs(unilm, out)
        shape.tokenizer.vocabulary.save(out / VOCABULARY)

    export_checkpoint(
        done.run,
        out,
        TASK,
        graphs=graphs,
        facts={
            "classes": load_arrays(done.run, TRAIN)[1],
            "length": done.settings["length"],
            "lower_case": shape.tokenizer.lower_case,
            "backbone": dataclasses.asdict(shape.config),
        },
        measure=lambda: measure(Reviewer(out), samples),
    )


def write_graphs(unilm: UniLM, out: pathlib.Path) -> None:
    """Write the weights of `unilm`, and the graphs that draw."""
    save_weights(unilm, out / WEIGHTS)
    for name, signature in SIGNATURES.items():
        graph = of_names(functools.partial(run, unilm), signature)
        path = out / f"{name}.onnx"
        export_onnx(graph, unilm, signature, OUTPUTS, path, out / WEIGHTS)


def run(unilm: UniLM, given: dict[str, Any]) -> tuple[Any, Any]:
    """Return what a graph writes: tokens and log-probabilities."""
    inputs = {name: given.pop(name) for name in ("token_ids", "class_ids")}
    found = draw(unilm, inputs, **given)
    return found.token_ids, found.log_probs


def measure(writer: Reviewer, count: int) -> dict[str, Any]:
    """Return what `count` texts of each class are like."""
    return {"samples": {name: _report(writer, name, count) for name in writer.classes}}


def _report(writer: Reviewer, class_name: str, count: int) -> dict[str, float]:
    written = list(writer.write(class_name, count=count))
    texts = [one.text for one in written]
    return {
        "texts": count,
        "ended": sum(one.ended for one in written) / count,
        "characters": sum(map(len, texts)) / count,
        "distinct_1": distinct(texts, 1),
        "distinct_2": distinct(texts, 2),
    }


if __name__ == "__main__":
    run_folder, out, samples = export_arguments()
    export(pathlib.Path(run_folder), pathlib.Path(out), int(samples))
