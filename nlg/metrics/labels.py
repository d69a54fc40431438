"""How well labels were found."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Numbers = Sequence[int] | np.ndarray


def label_report(
    names: Sequence[str], told: Numbers, found: Numbers, levels: bool
) -> dict[str, Any]:
    """Return accuracy, macro-F1 and the confusion of labels.

    Args:
        names: of the labels.
        told: the right label of each text, a number in `names`.
        found: the label that was found.
        levels: whether labels have an order; then also `mean_error`, how many levels a
            label is off, and `within_one`, the share that is off by one at most.

    Returns:
        `majority` is the accuracy of always saying the most frequent label; `confusion`
        has a row a right label, and there how often each label was found. F1 is the
        mean over the labels that were told or found.

    Example:
        >>> label_report(["坏", "好"], [0, 1, 1, 1], [0, 1, 1, 0], False)["accuracy"]
        0.75
    """
    right, said = np.asarray(told, int), np.asarray(found, int)
    confusion = np.zeros((len(names), len(names)), int)
    np.add.at(confusion, (right, said), 1)
    hits, rows, columns = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    seen = rows + columns > 0
    report: dict[str, Any] = {
        "texts": len(right),
        "accuracy": _round(hits.sum() / len(right)),
        "macro_f1": _round((2 * hits[seen] / (rows + columns)[seen]).mean()),
        "majority": _round(rows.max() / len(right)),
    }
    if levels:
        off = np.abs(right - said)
        report["mean_error"] = _round(off.mean())
        report["within_one"] = _round((off <= 1).mean())
    counts = zip(names, confusion.tolist(), strict=True)
    report["confusion"] = {
        name: dict(zip(names, row, strict=True)) for name, row in counts
    }
    return report


def _round(share: float) -> float:
    return round(float(share), 4)
