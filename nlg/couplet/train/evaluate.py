"""Scores on dev while the couplet model is trained."""

from collections.abc import Iterator

import numpy as np

from nlg.couplet.config import COMPLETE, FORWARD, MODES, REVERSE
from nlg.couplet.pairs import Pairs
from nlg.couplet.train.batches import Encoded, batch_of
from nlg.couplet.train.model import CoupletTagger
from nlg.training.metric_means import mean_scores


def score(
    model: CoupletTagger, encoded: Encoded, pairs: Pairs, batch_tokens: int
) -> dict[str, float]:
    """Return nats a character of each task; `dev_loss` is that of second lines.

    The same places are blank each time.
    """
    rng = np.random.default_rng(1)
    found: dict[str, float] = {}
    for mode in (FORWARD, REVERSE, COMPLETE):
        batches = _dev_batches(encoded, mode, pairs, batch_tokens, rng)
        found |= {MODES[mode]: 0.0} | mean_scores(model, batches)  # 0: nothing blank
    nats = {f"dev_{name}": value for name, value in found.items()}
    return {"dev_loss": found[MODES[FORWARD]], **nats}


def _dev_batches(
    encoded: Encoded,
    mode: int,
    pairs: Pairs,
    batch_tokens: int,
    rng: np.random.Generator,
) -> Iterator[tuple[dict[str, np.ndarray], dict[str, float]]]:
    """Yield all of `encoded` as batches of one mode, with the weight of its score."""
    for length, rows in encoded.items():
        size = max(1, batch_tokens // length)
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            batch = batch_of(part, np.full(len(part), mode), pairs, rng)
            yield batch, {MODES[mode]: float(batch["weights"].sum())}
