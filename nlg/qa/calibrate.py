"""Turn how probable an answer is into how often such answers are right.

    answers to dev -> (raw confidence, right or wrong) -> knots -> a table

Raw is the probability of an answer that `nlg.qa.rerank` gives it, or without a ranking
that after the passage that supports it most; a network is surer than it should be. When
a checkpoint is made, the ways of `METHODS` are fitted to four fifths of the answers and
tried on the last fifth, five times; the one with the least expected calibration error
is fitted to all of them. Its table of knots (raw, calibrated) is part of the
checkpoint; between knots lies a straight line.

The table also holds the limit from which on a passage is silent: `silence`.

Fitting needs scikit-learn, reading a table does not.
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
LEAST = 50  # answers, and five of them right and five wrong: fewer tell nothing
GRID = 33  # knots of a curve
NEAR = 1e-4  # to 0 and 1, which have no log-odds
EVEN = 0.5  # the limit where nothing was learned

Knots = list[tuple[float, float]]  # raw and calibrated confidence, ascending


class Table(NamedTuple):
    """What a checkpoint knows of its probabilities."""

    knots: Knots  # none: a confidence is as it is
    limit: float  # see `silence`


class Calibration(NamedTuple):
    """What was fitted, and what it is worth on answers that it was not fitted to."""

    method: str  # of METHODS; RAW leaves confidences as they are
    knots: Knots
    answers: int
    ece_raw: float  # expected calibration error before
    ece: float  # after, in cross-validation


def calibrate(
    confidences: Sequence[float] | np.ndarray, right: Sequence[bool] | np.ndarray
) -> Calibration:
    """Return the way to calibrate that is best in cross-validation, fitted to all.

    Args:
        confidences: as the model has them, from 0 to 1.
        right: whether each answer is.
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
    """Return the shares that are right in blocks of neighbours, which never fall.

    One knot a block, at its mean confidence: between blocks the curve rises, so that
    two answers of different blocks keep their order (centred isotonic regression,
    arXiv:1701.05964).
    """
    from sklearn.isotonic import IsotonicRegression

    shares = IsotonicRegression(y_min=0, y_max=1).fit_transform(raw, wins)
    return [(_short(raw[shares == x].mean()), _short(x)) for x in np.unique(shares)]


def temperature(raw: np.ndarray, wins: np.ndarray) -> Knots:
    """Return log-odds divided by one number, the most likely one.

    Guo et al. 2017 (arXiv:1706.04599) divide a classifier's logits; an answer has the
    two classes right and wrong.
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
    """Return the probability of no answer from which on a passage should be silent.

    There as large a share of the passages without an answer is left empty as of the
    others is answered, or as nearly as can be.

    Args:
        no_answer: of each passage, by the model.
        answerable: whether it has an answer.

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
    """Return what `save` wrote into a checkpoint, or what holds without it."""
    if FILE not in checkpoint.listed:
        return Table([], EVEN)
    table = json.loads(checkpoint.path(FILE).read_text("utf-8"))
    return Table([(x, y) for x, y in table["knots"]], table["limit"])


def _held_out(
    fit: Callable[[np.ndarray, np.ndarray], Knots], raw: np.ndarray, wins: np.ndarray
) -> np.ndarray:
    """Return the confidence of each answer by what was fitted to other folds."""
    folds = np.empty(len(raw), int)
    folds[np.argsort(wins, kind="stable")] = np.arange(len(raw)) % FOLDS  # some of both
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
