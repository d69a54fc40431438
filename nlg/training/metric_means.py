"""Scores averaged over batches."""

from collections.abc import Iterable, Mapping
from typing import Any

Weight = float | Mapping[str, float]  # of all scores of a batch, or of each by name


def mean_scores(model: Any, batches: Iterable[tuple[Any, Weight]]) -> dict[str, float]:
    """Return the mean of each score of `model` over batches of dev.

    Args:
        model: compiled; what it measures does not change it.
        batches: the input of each and its weight. Scores that a weight does not name
            are left out; so are those whose weights are all 0.
    """
    means: dict[str, Means] = {}
    for batch, weight in batches:
        model.reset_metrics()
        scores = model.test_on_batch(batch, return_dict=True)
        named = weight if isinstance(weight, Mapping) else dict.fromkeys(scores, weight)
        for name, each in named.items():
            if each:
                means.setdefault(name, Means()).add({name: scores[name]}, each)
    return {name: mean.result()[name] for name, mean in means.items()}


class Means:
    """Average scores over batches, each batch with its weight."""

    def __init__(self, totals: dict[str, float] | None = None):
        self.totals = dict(totals or {})

    def add(self, scores: dict[str, float], weight: float = 1.0) -> None:
        """Count one batch's `scores`."""
        for name, score in {**scores, "": 1.0}.items():  # "" counts the weights
            self.totals[name] = self.totals.get(name, 0.0) + weight * float(score)

    def result(self) -> dict[str, float]:
        """Return the mean of every score."""
        weight = self.totals.get("", 1.0)
        return {name: x / weight for name, x in self.totals.items() if name}

    def with_speed(self) -> dict[str, float]:
        """Return `result`, and tokens per second in place of their two parts."""
        scores = self.result()
        speed = scores.pop("tokens") / max(scores.pop("seconds"), 1e-9)
        return {**scores, "tokens_per_second": speed}
