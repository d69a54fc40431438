"""Scores on dev while the VAE is trained."""

from collections.abc import Iterator

import numpy as np

from nlg.poem.vae.train.batches import Encoded, batch_size
from nlg.poem.vae.train.model import PoemVAE
from nlg.training.metric_means import mean_scores


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
        size = batch_size(shape, batch_tokens)
        for start in range(0, len(poems), size):
            batch = poems[start : start + size]
            yield batch, len(batch)
