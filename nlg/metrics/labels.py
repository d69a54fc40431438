"""Score the labels that a classifier gives to texts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Numbers = Sequence[int] | np.ndarray


def label_report(
    names: Sequence[str], right: Numbers, found: Numbers, levels: bool
) -> dict[str, Any]:
    """Return accuracy, macro-F1 and the confusion matrix of labels.

    Args:
        names: names of the labels.
        right: the right label of each text, as a number in `names`.
        found: the label that the classifier gave.
        levels: whether the labels have an order; then the report has `mean_error` too,
            the mean distance in levels, and `within_one`, the share of labels that are
            off by one level at most.

    Returns:
        `majority` is the accuracy of always giving the most frequent label. `confusion`
        counts, for each right label, how often each label was found. `macro_f1` is the
        mean over the labels that occur among the right or the found ones.

    Example:
        >>> label_report(["坏", "好"], [0, 1, 1, 1], [0, 1, 1, 0], False)["accuracy"]
        0.75
    """
    right, found = np.asarray(right, int), np.asarray(found, int)
    confusion = np.zeros((len(names), len(names)), int)
    np.add.at(confusion, (right, found), 1)
    hits, rows, columns = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    seen = rows + columns > 0
    report: dict[str, Any] = {
        "texts": len(right),
        "accuracy": _round(hits.sum() / len(right)),
        "macro_f1": _round((2 * hits[seen] / (rows + columns)[seen]).mean()),
        "majority": _round(rows.max() / len(right)),
    }
    if levels:
        off = np.abs(right - found)
        report["mean_error"] = _round(off.mean())
        report["within_one"] = _round((off <= 1).mean())
    counts = zip(names, confusion.tolist(), strict=True)
    report["confusion"] = {
        name: dict(zip(names, row, strict=True)) for name, row in counts
    }
    return report


def _round(share: float) -> float:
    return round(float(share), 4)
