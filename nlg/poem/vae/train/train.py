"""Train the CNN-VAE: poems in, a run folder and a checkpoint folder out."""

import functools
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nlg.errors import DataError
from nlg.poem.dataset import load_poems
from nlg.poem.vae.train.batches import Encoded, batch_size, encode
from nlg.poem.vae.train.evaluate import score
from nlg.poem.vae.train.model import PoemVAE, build_model
from nlg.poem.vae.train.options import VAETraining
from nlg.poem.vae.train.search import SLOTS
from nlg.text.poem_records import Poem
from nlg.text.vocab import Vocabulary
from nlg.training.batches import Schedule
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.run import Run
from nlg.training.task import TrainingTask


class Data(NamedTuple):
    """What a run trains and is scored on."""

    vocabulary: Vocabulary
    train: Encoded
    dev: Encoded


def vae_task(
    data: pathlib.Path, dev: pathlib.Path, folder: pathlib.Path, options: VAETraining
) -> TrainingTask[Data, PoemVAE]:
    """Return the training of a VAE on the poems that `nlg data poem` wrote.

    Raises:
        DataError: there is no poem, or too few characters are frequent.
    """
    poems = load_poems(data)
    dev_poems = load_poems(dev)[: options.dev_poems]
    for path, found in ((data, poems), (dev, dev_poems)):
        if not found:
            raise DataError(f"{path}: no poem in it; make it with nlg data poem")

    def prepare(run: Run) -> Data:
        vocabulary = _vocabulary(run, poems, options.min_count)
        if len(vocabulary) < SLOTS:
            raise DataError(
                f"{data}: only {len(vocabulary)} characters come {options.min_count} "
                f"times or more, the search needs {SLOTS}; give more poems or a lower "
                "min_count"
            )
        encoded = encode(poems, vocabulary, halves=True)
        return Data(vocabulary, encoded, encode(dev_poems, vocabulary, halves=False))

    def warm_up(model: PoemVAE, step: int) -> None:
        model.latent.weight.assign(min(1.0, (step + 1) / max(1, options.kl_warmup)))

    return TrainingTask(
        folder=folder,
        options=options,
        notes={"data": data.name},
        prepare=prepare,
        model=lambda run, data: build_model(len(data.vocabulary), options),
        batches=lambda data: _batches(data.train, options),
        evaluate=lambda model, data: functools.partial(
            score, model, data.dev, options.batch_tokens
        ),
        export=lambda trained: export_in_subprocess(
            "nlg.poem.vae.train.export", folder, data, dev
        ),
        before_step=warm_up,
        may_change=("metric_samples",),
    )


def _batches(encoded: Encoded, options: VAETraining) -> Callable[[int], np.ndarray]:
    """Return the function from the number of a batch to its input."""
    schedule = Schedule(
        {shape: len(rows) for shape, rows in encoded.items()},
        {shape: batch_size(shape, options.batch_tokens) for shape in encoded},
        options.seed,
    )

    def batch_at(step: int) -> np.ndarray:
        shape, rows = schedule.at(step)
        return encoded[shape][rows]

    return batch_at


def _vocabulary(run: Run, poems: list[Poem], min_count: int) -> Vocabulary:
    """Return the run's vocabulary, made from `poems` the first time."""
    path = run.folder / "vocab.txt"
    if not path.exists():
        lines = (line for poem in poems for line in poem.lines)
        Vocabulary.from_counts(lines, min_count).save(path)
    return Vocabulary.load(path)
