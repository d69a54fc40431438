"""Turn a finished training run into a checkpoint folder that answers without Keras.

Run as a process of its own (`python -m nlg.poem.vae.train.export`), because tf2onnx
reads the TensorFlow backend, whichever backend trained the run.
"""

import dataclasses
import pathlib
from typing import Any

from nlg.onnx_export.export import export_onnx, save_weights
from nlg.poem.dataset import load_poems
from nlg.poem.known import save_known_lines
from nlg.poem.vae.evaluate import measure
from nlg.poem.vae.poet import TASK, Poet
from nlg.poem.vae.train.batches import encode
from nlg.poem.vae.train.evaluate import score
from nlg.poem.vae.train.model import PoemVAE, build_model
from nlg.poem.vae.train.options import VAETraining
from nlg.poem.vae.train.search import SLOTS, Poems, Rules, write_poems
from nlg.runtime.checkpoint import VOCABULARY, WEIGHTS
from nlg.text.vocab import Vocabulary
from nlg.training.export_checkpoint import (
    export_arguments,
    export_checkpoint,
    finished,
)


def export(
    run_folder: pathlib.Path, out: pathlib.Path, data: pathlib.Path, dev: pathlib.Path
) -> None:
    """Write the checkpoint `out` from the best weights of `run_folder`.

    Args:
        run_folder: what `nlg train poem-vae` wrote.
        out: the folder to make or to make anew.
        data: the training poems, for the originality report.
        dev: the poems that the metrics are taken on.
    """
    done = finished(run_folder)
    options = VAETraining(**done.settings)
    vocabulary = Vocabulary.load(run_folder / "vocab.txt")
    model = build_model(len(vocabulary), options)
    done.load_into(model)
    dev_poems = load_poems(dev)
    encoded = encode(dev_poems, vocabulary, halves=False)
    model.compile()  # Keras asks for it before it measures

    def graphs(out: pathlib.Path) -> None:
        write_graphs(model, out)
        vocabulary.save(out / VOCABULARY)
        save_known_lines((poem.lines for poem in load_poems(data)), out)

    def metrics() -> dict[str, Any]:
        found = measure(Poet.from_checkpoint(out), dev_poems, options.metric_samples)
        return found | {"bound": score(model, encoded, options.batch_tokens)}

    export_checkpoint(
        done.run,
        out,
        TASK,
        graphs=graphs,
        facts={"slots": SLOTS, "model": dataclasses.asdict(model.config)},
        measure=metrics,
    )


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


if __name__ == "__main__":
    export(*map(pathlib.Path, export_arguments()))
