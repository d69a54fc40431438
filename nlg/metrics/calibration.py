"""Measure calibration: of the answers with a confidence of 70 %, 70 % are right."""

from collections.abc import Callable, Sequence

import numpy as np

from nlg.errors import DataError
from nlg.metrics.qa import Attempt

BINS = 15  # as in Guo et al. 2017


def expected_calibration_error(
    confidences: Sequence[float] | np.ndarray,
    right: Sequence[bool] | np.ndarray,
    bins: int = BINS,
) -> float:
    """Return the expected calibration error (Guo et al. 2017, arXiv:1706.04599, eq. 3).

    Bins of equal width, (0, 1/15], (1/15, 2/15], …, hold the answers by confidence. The
    error of a bin is |mean confidence - share of right answers|; the result is the mean
    over the bins, weighted by their answers. 0 is perfect.

    Args:
        confidences: from 0 to 1.
        right: whether each answer is.
        bins: number of bins.

    Raises:
        DataError: there is no answer, or a confidence is no probability.

    Example:
        >>> round(expected_calibration_error([0.9, 0.9, 0.2], [True, False, False]), 4)
        0.3333
    """
    if not len(confidences):
        raise DataError("there is no answer to measure the calibration of")
    sure = np.asarray(confidences, "float64")
    if not np.all((sure >= 0) & (sure <= 1)):
        raise DataError("a confidence is no probability: it must be from 0 to 1")
    gaps = np.asarray(right, "float64") - sure
    places = np.maximum(np.ceil(sure * bins), 1).astype(int)  # 0 is in the first bin
    sums = np.bincount(places, weights=gaps)
    return float(np.abs(sums).sum() / len(sure))


def calibration_report(
    attempts: Sequence[Attempt], right: Callable[[str, Sequence[str]], bool]
) -> dict[str, float]:
    """Return `ece` of the answers given; {} unless all have a probability.

    Args:
        attempts: one for each question; those without an answer do not count.
        right: says whether an answer is right.
    """
    given = [one for one in attempts if one.answer]
    confidences = [one.confidence for one in given if one.confidence is not None]
    if not given or len(confidences) < len(given):
        return {}
    if min(confidences) < 0 or max(confidences) > 1:  # on another scale
        return {}
    wins = [right(one.answer, one.references) for one in given]
    return {"ece": expected_calibration_error(confidences, wins)}
