"""Ratios, means and distinct-n, 0 where there is nothing to divide by."""

from collections.abc import Iterable


def ratio(part: float, whole: float) -> float:
    """Return part / whole, or 0 if `whole` is 0."""
    return part / whole if whole else 0.0


def mean(values: Iterable[float]) -> float:
    """Return the mean, or 0 without values; of truth values, the share that is true.

    Example:
        >>> mean([True, False]), mean([])
        (0.5, 0.0)
    """
    values = list(values)
    return ratio(sum(values), len(values))


def distinct(lines: Iterable[str], size: int) -> float:
    """Return distinct-n: the share of different runs of `size` characters in lines.

    Example:
        >>> distinct(["春眠", "春风"], 1)
        0.75
    """
    runs = [
        line[start : start + size]
        for line in lines
        for start in range(len(line) - size + 1)
    ]
    return ratio(len(set(runs)), len(runs))
