"""Scores averaged over batches."""


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
