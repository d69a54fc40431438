"""Scores on dev while the writer is trained."""

from collections.abc import Iterator, Mapping

import numpy as np

from nlg.poem.writer.train.batches import Encoded, inputs, title_of
from nlg.poem.writer.train.model import Writer
from nlg.training.metric_means import mean_scores

EVAL_BATCH = 32  # poems that are measured at once


def scores(model: Writer, encoded: Mapping[str, Encoded]) -> dict[str, float]:
    """Return nats a character: given nothing; title, form, …; and the latent.

    `dev_loss` is with the title and the classes, as people ask for poems.
    """

    def nats(**given: bool) -> float:
        return mean_scores(model, _dev_batches(encoded, **given))["loss"]

    return {
        "dev_untold": nats(title=False, classes=False, latent=False),
        "dev_loss": nats(title=True, classes=True, latent=False),
        "dev_latent": nats(title=False, classes=True, latent=True),
    }


def _dev_batches(
    encoded: Mapping[str, Encoded], title: bool, classes: bool, latent: bool
) -> Iterator[tuple[dict[str, np.ndarray], float]]:
    """Yield all of `encoded` as batches, with the number of characters charged."""
    for form, every in encoded.items():
        for start in range(0, len(every.poems), EVAL_BATCH):
            some = Encoded(*(array[start : start + EVAL_BATCH] for array in every))
            batch = inputs(
                form,
                [title_of(some, n) if title else [] for n in range(len(some.poems))],
                some.poems,
                some.told * classes,
                some.latents.astype("float32") * latent,
            )
            yield batch, len(batch["targets"])
