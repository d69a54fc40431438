"""Whether confidences are to be believed: of answers at 70 %, 70 % are right."""

from collections.abc import Callable, Sequence

import numpy as np

from nlg.errors import DataError
from nlg.metrics.qa import Attempt

BINS = 15  # of the paper below


def expected_calibration_error(
    confidences: Sequence[float] | np.ndarray,
    right: Sequence[bool] | np.ndarray,
    bins: int = BINS,
) -> float:
    """Return how far confidences are from the share of answers that are right.

    Answers are put into bins of equal width, (0, 1/15], (1/15, 2/15], … by their
    confidence; in each, the mean confidence is compared with the share that is right.
    The error is the mean of the differences, weighted by answers (Guo et al. 2017,
    arXiv:1706.04599, eq. 3). 0 is perfect.

    Args:
        confidences: from 0 to 1.
        right: whether each answer is.
        bins: how many.

    Raises:
        DataError: there is no answer, or a confidence that is no probability.

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
    places = np.maximum(np.ceil(sure * bins), 1).astype(int)  # 0 is of the first bin
    sums = np.bincount(places, weights=gaps)
    return float(np.abs(sums).sum() / len(sure))


def calibration_report(
    attempts: Sequence[Attempt], right: Callable[[str, Sequence[str]], bool]
) -> dict[str, float]:
    """Return `ece` of the answers given, where each has a probability as confidence.

    Args:
        attempts: all of them; silence is no answer.
        right: says whether an answer is right.
    """
    given = [said for said in attempts if said.answer]
    confidences = [said.confidence for said in given if said.confidence is not None]
    if not given or len(confidences) < len(given):
        return {}
    if min(confidences) < 0 or max(confidences) > 1:  # of another scale
        return {}
    wins = [right(said.answer, said.references) for said in given]
    return {"ece": expected_calibration_error(confidences, wins)}
