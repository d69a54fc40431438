"""Turn a finished training run into a checkpoint folder that answers without Keras.

Run as a process of its own (`python -m nlg.poem.export_vae`), because tf2onnx reads the
TensorFlow backend, whichever backend trained the run.
"""

import dataclasses
import json
import pathlib
import sys
from typing import Any

import nlg
from nlg.decode.export import export_onnx, save_weights
from nlg.errors import DataError
from nlg.metrics.originality import KnownLines
from nlg.poem.dataset import load_poems
from nlg.poem.evaluate import measure
from nlg.poem.generate import KNOWN, TASK, Poet
from nlg.poem.options import VAETraining
from nlg.poem.pages import pages_of
from nlg.poem.search import SLOTS, Poems, Rules, write_poems
from nlg.poem.train_vae import build_model, score
from nlg.poem.vae import PoemVAE
from nlg.runtime.checkpoint import CONFIG, FORMAT, METRICS, VOCABULARY, WEIGHTS, seal
from nlg.text.vocab import Vocabulary
from nlg.training.backend import choose_backend
from nlg.training.loop import BEST, load_weights
from nlg.training.run import Run, best_line


def export(
    run_folder: pathlib.Path, data: pathlib.Path, dev: pathlib.Path, out: pathlib.Path
) -> None:
    """Write the checkpoint `out` from the best weights of `run_folder`.

    Args:
        run_folder: what `nlg train poem-vae` wrote.
        data: the training poems, for the originality report.
        dev: the poems that the metrics are taken on.
        out: the folder to make or to make anew.
    """
    run = Run(run_folder)
    saved = run.load(BEST)
    if saved is None:
        raise DataError(
            f"{run_folder} has no {BEST}: train until the first look at dev"
        )
    settings = json.loads((run_folder / "config.json").read_text("utf-8"))
    settings.pop("data")
    options = VAETraining(**settings)
    vocabulary = Vocabulary.load(run_folder / "vocab.txt")
    model = build_model(len(vocabulary), options)
    load_weights(model, saved[0])
    out.mkdir(parents=True, exist_ok=True)
    for old in out.iterdir():
        old.unlink()
    write_graphs(model, out)
    vocabulary.save(out / VOCABULARY)
    lines = (line for poem in load_poems(data) for line in poem.lines)
    KnownLines.from_lines(lines).save(out / KNOWN)
    facts = {"task": TASK, "format": FORMAT, "nlg": nlg.__version__, "slots": SLOTS}
    _write_json(
        out / CONFIG, {**facts, "model": dataclasses.asdict(model.config), **settings}
    )
    dev_poems = load_poems(dev)
    pages = pages_of(dev_poems, vocabulary, halves=False)
    seal(out)  # the metrics are taken with the checkpoint itself
    metrics = measure(Poet.from_checkpoint(out), dev_poems, options.metric_samples)
    model.compile()  # Keras asks for it before it measures
    metrics["bound"] = score(model, pages, options.batch_tokens)
    metrics["best_line"] = best_line(run.lines())
    _write_json(out / METRICS, metrics)
    seal(out)


def write_graphs(model: PoemVAE, out: pathlib.Path) -> None:
    """Write the weights, the writer (model.onnx) and the encoder of `model`."""
    weights = out / WEIGHTS
    save_weights(model, weights)
    vocabulary, latent = model.config.vocab_size, model.config.latent_units
    page = (None, None, None)

    def write(latent, noise, temperature, *rules):
        return write_poems(model, latent, noise, temperature, Rules(*rules))

    export_onnx(
        write,
        model,
        {
            "latent": ((None, latent), "float32"),
            "noise": ((None, None, SLOTS), "float32"),
            "temperature": ((), "float32"),
            "kinds": ((None, vocabulary), "float32"),
            "required": (page, "int32"),
            "rhyming": (page, "float32"),
            "groups": ((), "int32"),
        },
        Poems._fields,
        out / "model.onnx",
        weights,
    )
    export_onnx(
        model.encoder,
        model,
        {"token_ids": (page, "int32")},
        ("mean", "log_var"),
        out / "encoder.onnx",
        weights,
    )


def _write_json(path: pathlib.Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    choose_backend("tensorflow", "float32", seed=1)
    export(*map(pathlib.Path, sys.argv[1:5]))
