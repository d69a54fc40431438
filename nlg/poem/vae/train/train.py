"""Train the CNN-VAE: poems in, a run folder and a checkpoint folder out."""

import dataclasses
import pathlib
from typing import Any

import numpy as np

from nlg.errors import DataError
from nlg.poem.dataset import Poem, load_poems
from nlg.poem.vae.train.batches import Encoded, encode
from nlg.poem.vae.train.model import PoemVAE
from nlg.poem.vae.train.options import VAETraining
from nlg.poem.vae.train.search import SLOTS
from nlg.text.vocab import Vocabulary
from nlg.training.batches import Schedule
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.loop import Means, fit
from nlg.training.options import MAY_CHANGE
from nlg.training.run import Run


def train_vae(
    data: pathlib.Path, dev: pathlib.Path, folder: pathlib.Path, options: VAETraining
) -> dict[str, Any]:
    """Train to `options.steps`, resuming what `folder` holds; return the best line."""
    poems = load_poems(data)
    dev_poems = load_poems(dev)[: options.dev_poems]
    for path, found in ((data, poems), (dev, dev_poems)):
        if not found:
            raise DataError(f"{path}: no poem in it; make it with nlg data poem")
    run = Run(folder)
    run.lock_config(
        dataclasses.asdict(options) | {"data": data.name},
        (*MAY_CHANGE, "metric_samples"),
        defaults=dataclasses.asdict(VAETraining()),
    )
    vocabulary = _vocabulary(run, poems, options.min_count)
    if len(vocabulary) < SLOTS:
        raise DataError(
            f"{data}: only {len(vocabulary)} characters come {options.min_count} times "
            f"or more, the search needs {SLOTS}; give more poems or a lower min_count"
        )
    model = build_model(len(vocabulary), options)
    encoded = encode(poems, vocabulary, halves=True)
    dev_encoded = encode(dev_poems, vocabulary, halves=False)
    schedule = Schedule(
        {shape: len(rows) for shape, rows in encoded.items()},
        {shape: _batch_size(shape, options.batch_tokens) for shape in encoded},
        options.seed,
    )

    def batch_at(step: int) -> np.ndarray:
        shape, rows = schedule.at(step)
        return encoded[shape][rows]

    def warm_up(step: int) -> None:
        model.latent.weight.assign(min(1.0, (step + 1) / max(1, options.kl_warmup)))

    def evaluate() -> dict[str, float]:
        return score(model, dev_encoded, options.batch_tokens)

    return fit(model, batch_at, evaluate, options, run, warm_up)


def build_model(vocab_size: int, options: VAETraining) -> PoemVAE:
    """Return a fresh model of the size that `options` say."""
    model = PoemVAE(options.model(vocab_size))
    model.build()
    return model


def make_checkpoint(
    folder: pathlib.Path, data: pathlib.Path, dev: pathlib.Path
) -> pathlib.Path:
    """Export the run's best weights to `folder`/checkpoint; return that path."""
    return export_in_subprocess("nlg.poem.vae.train.export", folder, data, dev)


def score(model: PoemVAE, encoded: Encoded, batch_tokens: int) -> dict[str, float]:
    """Return the negative evidence lower bound on `encoded`, and its two parts.

    `dev_loss` is in nats a character, so forms can be compared; the parts are in nats
    a poem. The latent is sampled, as the bound asks.
    """
    means = Means()
    for shape, poems in encoded.items():
        size = _batch_size(shape, batch_tokens)
        for start in range(0, len(poems), size):
            batch = poems[start : start + size]
            model.reset_metrics()
            means.add(model.test_on_batch(batch, return_dict=True), len(batch))
    scores = means.result()
    places = np.mean([page.size for poems in encoded.values() for page in poems])
    return {
        "dev_loss": float((scores["reconstruction"] + scores["kl"]) / places),
        "dev_reconstruction": scores["reconstruction"],
        "dev_kl": scores["kl"],
    }


def _batch_size(shape: tuple[int, int], batch_tokens: int) -> int:
    lines, columns = shape
    return max(1, batch_tokens // (lines * columns))


def _vocabulary(run: Run, poems: list[Poem], min_count: int) -> Vocabulary:
    """Return the run's vocabulary, made from `poems` the first time."""
    path = run.folder / "vocab.txt"
    if not path.exists():
        lines = (line for poem in poems for line in poem.lines)
        Vocabulary.from_counts(lines, min_count).save(path)
    return Vocabulary.load(path)
