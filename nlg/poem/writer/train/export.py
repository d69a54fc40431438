"""Turn a finished training run of the writer into a checkpoint folder.

Run as a process of its own (`python -m nlg.poem.writer.train.export RUN OUT DATA DEV`),
because tf2onnx reads the TensorFlow backend, whichever backend trained the run.

    model.onnx         draws poems, as many as there are rows
    beam.onnx          searches for the best, with `BEAMS` beams
    model_guided.onnx  and beam_guided.onnx, the same with guidance
"""

import dataclasses
import functools
import pathlib
import shutil
from collections.abc import Callable
from typing import Any

from nlg.backbone.init_from import Shape
from nlg.decode.keyword_boost import Keywords
from nlg.metrics.poems import poem_report
from nlg.onnx_export.export import export_onnx, of_names, save_weights
from nlg.poem.dataset import load_poems
from nlg.poem.known import save_known_lines
from nlg.poem.request import BEAMS, LONGEST_WORD, SOURCE_WORDS
from nlg.poem.writer.composer import TASK, Composer
from nlg.poem.writer.conditions import AUTHORS
from nlg.poem.writer.train.model import Writer, build_model
from nlg.poem.writer.train.search import PlanInputs, draw, search
from nlg.runtime.checkpoint import CONFIG, GUIDED, VOCABULARY, WEIGHTS
from nlg.text.forms import FORMS
from nlg.training.export_checkpoint import (
    export_arguments,
    export_checkpoint,
    finished,
)
from nlg.training.settings import read_config

NUMBER = (), "float32"
DRAWN = {"length": ((), "int32"), "noise": ((None, None), "float32")}
DRAWN |= {"temperature": NUMBER, "top_p": NUMBER}
FOUND = {"length": ((), "int32"), "beam": ((), "int32")}
PLAIN: dict[str, tuple[Callable, dict[str, Any]]] = {
    "model": (draw, DRAWN),
    "beam": (functools.partial(search, beams=BEAMS), FOUND),
}
GRAPHS = PLAIN | {
    f"{name}{GUIDED}": (write, options | {"guidance": NUMBER})
    for name, (write, options) in PLAIN.items()
}
OUTPUTS = ("poems", "log_probs")
LATENT = "writer/latent/kernel"  # its first axis is the units of a latent


def export(
    run_folder: pathlib.Path, out: pathlib.Path, data: pathlib.Path, samples: int
) -> None:
    """Write the checkpoint `out` from the best weights of `run_folder`.

    Args:
        run_folder: what `nlg train poem` wrote.
        out: the folder to make or to make anew.
        data: the training poems, for the originality report.
        samples: poems of each form that the metrics are taken on.
    """
    done = finished(run_folder)
    shape = Shape.load(run_folder)
    model = build_model(shape.build(), len(done.weights[LATENT]))
    done.load_into(model)

    def graphs(out: pathlib.Path) -> None:
        write_graphs(model, out)
        shape.tokenizer.vocabulary.save(out / VOCABULARY)
        shutil.copyfile(run_folder / AUTHORS, out / AUTHORS)
        save_known_lines((poem.lines for poem in load_poems(data)), out)

    export_checkpoint(
        done.run,
        out,
        TASK,
        graphs=graphs,
        facts={
            "latent_units": model.latent_units,
            "vae": read_config(run_folder / CONFIG)["vae"],  # sha256 of its weights
            "backbone": dataclasses.asdict(shape.config),
        },
        measure=lambda: measure(Composer.from_checkpoint(out), samples),
    )


def write_graphs(model: Writer, out: pathlib.Path) -> None:
    """Write the weights and the graphs of `model`."""
    weights = out / WEIGHTS
    save_weights(model, weights)
    for name, (write, options) in GRAPHS.items():
        signature = inputs_of(model) | options
        graph = of_names(functools.partial(run, write, model), signature)
        path = out / f"{name}.onnx"
        export_onnx(graph, model, signature, OUTPUTS, path, weights)


def inputs_of(model: Writer) -> dict[str, Any]:
    """Return shape and dtype of what each of `GRAPHS` takes before its options."""
    config = model.unilm.config
    V = config.vocab_size
    return {
        "token_ids": ((None, None), "int32"),
        "class_ids": ((None, len(config.classes)), "int32"),
        "latents": ((None, model.latent_units), "float32"),
        "kinds": ((None, V), "float32"),
        "plans": ((None, None), "int32"),
        "again": ((V,), "bool"),
        "marks": ((V,), "bool"),
        "doubled": ((None,), "bool"),
        "words": ((SOURCE_WORDS, LONGEST_WORD), "int32"),
        "begin": ((None,), "float32"),
        "go_on": NUMBER,
    }


def run(write: Callable, model: Writer, given: dict[str, Any]) -> tuple[Any, Any]:
    """Return what one of `GRAPHS` writes: tokens and log-probabilities."""
    inputs = {name: given.pop(name) for name in ("token_ids", "class_ids", "latents")}
    plan_inputs = PlanInputs(*(given.pop(name) for name in PlanInputs._fields))
    wanted = Keywords(*(given.pop(name) for name in Keywords._fields))
    found = write(model, inputs, plan_inputs, wanted, **given)
    return found.token_ids, found.log_probs


def measure(composer: Composer, count: int) -> dict[str, Any]:
    """Return how good `count` poems of each form are, with no other condition."""
    return {
        "samples": {
            form: poem_report(
                [poem.lines for poem in composer.write(form=form, count=count)],
                composer.training_lines,
            )
            for form in FORMS
        }
    }


if __name__ == "__main__":
    arguments = export_arguments()
    run_folder, out, data = map(pathlib.Path, arguments[:3])
    export(run_folder, out, data, int(arguments[3]))
