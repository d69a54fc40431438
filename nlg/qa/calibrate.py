"""Calibrate confidence: from the probability of an answer to how often it is right.

    answers to dev -> (raw confidence, right or wrong) -> knots -> a table

The raw confidence is the probability that `nlg.qa.rerank` gives an answer; without a
ranking it is the probability after the passage that supports the answer most. Networks
are overconfident. When a checkpoint is made, each of `METHODS` is fitted to four fifths
of the answers and measured on the last fifth, five times over. The one with the least
expected calibration error is fitted to all answers. Its knots (raw, calibrated) are
part of the checkpoint; confidence is interpolated between knots.

The table also has the threshold of no answer, see `no_answer_threshold`.

Fitting needs scikit-learn; reading a table does not.
"""

import json
import pathlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from nlg.metrics.calibration import expected_calibration_error
from nlg.runtime import Checkpoint

FILE = "calibration.json"  # of a checkpoint
FOLDS = 5
LEAST = 50  # answers to fit to; `FOLDS` of them must be right, and `FOLDS` wrong
GRID = 33  # knots of a curve
NEAR = 1e-4  # nearest to 0 and 1, which have no log-odds
EVEN = 0.5  # the threshold where none can be learned

Knots = list[tuple[float, float]]  # raw and calibrated confidence, ascending


class Table(NamedTuple):
    """The calibration of a checkpoint."""

    knots: Knots  # of confidence; an empty list leaves it as it is
    limit: float  # see `no_answer_threshold`


class Calibration(NamedTuple):
    """A fitted method, and its errors on answers that it was not fitted to."""

    method: str  # one of METHODS; RAW leaves confidences as they are
    knots: Knots
    answers: int
    ece_raw: float  # expected calibration error before calibration
    ece: float  # after it, in cross-validation


def calibrate(
    confidences: Sequence[float] | np.ndarray, right: Sequence[bool] | np.ndarray
) -> Calibration:
    """Return the method that is best in cross-validation, fitted to all answers.

    Args:
        confidences: of the answers, raw, from 0 to 1.
        right: whether each answer is right.
    """
    raw, wins = np.asarray(confidences, "float64"), np.asarray(right, "float64")
    if len(raw) < LEAST or min(wins.sum(), (1 - wins).sum()) < FOLDS:
        error = expected_calibration_error(raw, wins) if len(raw) else 0.0
        return Calibration(RAW, [], len(raw), error, error)
    errors = {
        name: expected_calibration_error(_held_out(fit, raw, wins), wins)
        for name, fit in METHODS.items()
    }
    best = min(errors, key=errors.__getitem__)
    knots = METHODS[best](raw, wins)
    return Calibration(best, knots, len(raw), errors[RAW], errors[best])


def apply(knots: Knots, confidence: Any) -> Any:
    """Return calibrated confidences; without knots, the raw ones.

    Example:
        >>> float(apply([(0.2, 0.1), (0.8, 0.5)], 0.5))
        0.3
        >>> apply([], 0.5)
        0.5
    """
    if not knots:
        return confidence
    raw, calibrated = np.array(knots).T
    return np.interp(confidence, raw, calibrated)


def isotonic(raw: np.ndarray, wins: np.ndarray) -> Knots:
    """Return the knots of a centred isotonic regression (arXiv:1701.05964).

    Isotonic regression gives blocks of neighbours their share of right answers. Each
    block has one knot, at its mean confidence, so that the curve rises between blocks
    and answers of different blocks keep their order.
    """
    from sklearn.isotonic import IsotonicRegression

    shares = IsotonicRegression(y_min=0, y_max=1).fit_transform(raw, wins)
    return [(_short(raw[shares == x].mean()), _short(x)) for x in np.unique(shares)]


def temperature(raw: np.ndarray, wins: np.ndarray) -> Knots:
    """Return the knots of temperature scaling (Guo et al. 2017, arXiv:1706.04599).

    One number divides the log-odds of all answers: the one with the highest likelihood.
    The two classes of an answer are right and wrong.
    """
    from sklearn.linear_model import LogisticRegression

    flat = LogisticRegression(C=np.inf, fit_intercept=False)
    inverse = flat.fit(_log_odds(raw)[:, None], wins).coef_[0, 0]  # 1 / temperature
    grid = np.linspace(0, 1, GRID)
    curve = 1 / (1 + np.exp(-max(inverse, 0.0) * _log_odds(grid)))
    return [(_short(x), _short(y)) for x, y in zip(grid, curve, strict=True)]


RAW = "raw"
METHODS: dict[str, Callable[[np.ndarray, np.ndarray], Knots]] = {
    RAW: lambda raw, wins: [],
    "temperature": temperature,
    "isotonic": isotonic,
}


def no_answer_threshold(
    no_answer: Sequence[float] | np.ndarray, answerable: Sequence[bool] | np.ndarray
) -> float:
    """Return the probability of no answer at which a passage loses its vote.

    At this threshold two shares are equal, or as nearly as possible: that of the
    answerable passages that are answered, and that of the others that are left empty.

    Args:
        no_answer: probability of no answer of each passage, by the model.
        answerable: whether the passage has an answer.

    Example:
        >>> has = [True, True, False, False] * 9
        >>> round(no_answer_threshold([0.1, 0.2, 0.3, 0.4] * 9, has), 4)
        0.25
    """
    found, has = np.asarray(no_answer, "float64"), np.asarray(answerable, bool)
    if min(has.sum(), (~has).sum()) < FOLDS:
        return EVEN
    levels = np.unique(found)
    limits = np.append((levels[:-1] + levels[1:]) / 2, levels[-1] + NEAR)
    answered = np.searchsorted(np.sort(found[has]), limits) / has.sum()
    left_empty = 1 - np.searchsorted(np.sort(found[~has]), limits) / (~has).sum()
    return _short(limits[np.minimum(answered, left_empty).argmax()])


def save(path: pathlib.Path, table: Table) -> None:
    """Write the table of a checkpoint."""
    path.write_text(json.dumps(table._asdict()) + "\n", "utf-8")


def table_of(checkpoint: Checkpoint) -> Table:
    """Return the table of a checkpoint, or one that changes nothing if it has none."""
    if FILE not in checkpoint.listed:
        return Table([], EVEN)
    table = json.loads(checkpoint.path(FILE).read_text("utf-8"))
    return Table([(x, y) for x, y in table["knots"]], table["limit"])


def _held_out(
    fit: Callable[[np.ndarray, np.ndarray], Knots], raw: np.ndarray, wins: np.ndarray
) -> np.ndarray:
    """Return the confidence of each answer by a fit to the other folds."""
    folds = np.empty(len(raw), int)
    folds[np.argsort(wins, kind="stable")] = (
        np.arange(len(raw)) % FOLDS
    )  # right and wrong in each
    found = np.empty_like(raw)
    for fold in range(FOLDS):
        own = folds == fold
        found[own] = apply(fit(raw[~own], wins[~own]), raw[own])
    return found


def _log_odds(confidence: np.ndarray) -> np.ndarray:
    inside = np.clip(confidence, NEAR, 1 - NEAR)
    return np.log(inside / (1 - inside))


def _short(number: float) -> float:
    return round(float(number), 4)
