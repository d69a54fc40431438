"""Train the CNN-VAE: poems in, a run folder and a checkpoint folder out."""

import functools
import pathlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

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
from nlg.training.metric_means import mean_scores
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
        {shape: _batch_size(shape, options.batch_tokens) for shape in encoded},
        options.seed,
    )

    def batch_at(step: int) -> np.ndarray:
        shape, rows = schedule.at(step)
        return encoded[shape][rows]

    return batch_at


def build_model(vocab_size: int, options: VAETraining) -> PoemVAE:
    """Return a fresh model of the size that `options` say."""
    model = PoemVAE(options.model(vocab_size))
    model.build()
    return model


def score(model: PoemVAE, encoded: Encoded, batch_tokens: int) -> dict[str, float]:
    """Return the negative evidence lower bound on `encoded`, and its two parts.

    `dev_loss` is in nats a character, so forms can be compared; the parts are in nats
    a poem. The latent is sampled, as the bound asks.
    """
    scores = mean_scores(model, _dev_batches(encoded, batch_tokens))
    places = np.mean([page.size for poems in encoded.values() for page in poems])
    return {
        "dev_loss": float((scores["reconstruction"] + scores["kl"]) / places),
        "dev_reconstruction": scores["reconstruction"],
        "dev_kl": scores["kl"],
    }


def _dev_batches(
    encoded: Encoded, batch_tokens: int
) -> Iterator[tuple[np.ndarray, float]]:
    """Yield all of `encoded` as batches, with the number of poems in each."""
    for shape, poems in encoded.items():
        size = _batch_size(shape, batch_tokens)
        for start in range(0, len(poems), size):
            batch = poems[start : start + size]
            yield batch, len(batch)


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
