"""Fit how a reader chooses among the answers that its search found.

    questions kept back -> lines with evidence, and the right one -> weights

The questions must be held out from the reader: to one that it knows by heart its first
line is right, so nothing would be learned about those that it does not know. As there
are few of them, figures are cross-fitted: each fifth of the questions is answered by
weights that were fitted to the other four.

The first line of the search is kept unless another is better by a margin. The margin is
chosen by a second cross-fit inside the questions that weights are fitted to, and is a
part of the weight of the evidence "first".

A fit is the same at every run: nothing is drawn.

Shapes: Q questions, n lines of all questions, k pieces of evidence.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nlg.qa.rerank import Evidence, Ranking

RIDGE = 20.0  # factor of the squared weights in the loss, which sums over questions
RAREST = 20  # lines that must have a piece of evidence for it to get a weight
LEAST_SPREAD = 0.05  # evidence is divided by its standard deviation, at least by this
LEAST = 50  # samples with a right answer among their lines that a fit needs
STEPS = 300  # most iterations of the fit
FOLDS = 5
TOGETHER = 16  # neighbouring questions, which may be about one document, in one fold
MARGINS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.8)  # log-odds
FIRST = "first"  # the evidence that a line is the first of the search


class Sample(NamedTuple):
    """The lines that a reader found in one passage."""

    question: str
    lines: Sequence[Evidence]
    best: int  # number of the right line; -1 if none is right


def fit(samples: Sequence[Sample]) -> Ranking | None:
    """Return the most likely weights, with a margin; None from too few samples."""
    ranking = _fit(samples)
    if ranking is None:
        return None
    margin = _margin(samples)
    weight = ranking.weights.get(FIRST, 0.0) + margin
    return Ranking(ranking.weights | {FIRST: round(weight, 4)})


def cross_fitted(samples: Sequence[Sample]) -> list[tuple[list[int], Ranking | None]]:
    """Return the numbers of the samples of each fold, with a fit to the other folds."""
    return [(own, fit(others)) for own, others in _folds(samples)]


def _folds(samples: Sequence[Sample]) -> list[tuple[list[int], list[Sample]]]:
    """Return for each fold its numbers, and the samples of the others.

    All samples of a question are in one fold.
    """
    order = {
        name: n for n, name in enumerate(dict.fromkeys(x.question for x in samples))
    }
    folds = [order[sample.question] // TOGETHER % FOLDS for sample in samples]
    return [
        (
            [n for n, fold in enumerate(folds) if fold == own],
            [x for x, fold in zip(samples, folds, strict=True) if fold != own],
        )
        for own in range(FOLDS)
    ]


def _margin(samples: Sequence[Sample]) -> float:
    """Return the margin with the most right answers in cross-validation."""
    right = dict.fromkeys(MARGINS, 0)
    for own, others in _folds(samples):
        ranking = _fit(others)
        if ranking is None:
            return 0.0
        held_out = [samples[n] for n in own if samples[n].best >= 0]
        for margin in MARGINS:
            right[margin] += sum(
                _chosen(ranking, one.lines, margin) == one.best for one in held_out
            )
    return max(MARGINS, key=right.__getitem__)


def _chosen(ranking: Ranking, lines: Sequence[Evidence], margin: float) -> int:
    """Return the number of the line that is chosen."""
    odds = [ranking.odds(one) for one in lines]
    best = max(range(len(odds)), key=odds.__getitem__)
    return best if odds[best] > odds[0] + margin else 0


def _fit(samples: Sequence[Sample]) -> Ranking | None:
    """Return the most likely weights without a margin; None from too few samples.

    The m samples of a question count as the square root of m: they are not independent,
    and not one either.
    """
    from scipy.optimize import minimize

    if sum(one.best >= 0 for one in samples) < LEAST:
        return None
    counts = Counter(name for one in samples for line in one.lines for name in line)
    names = sorted(name for name, count in counts.items() if count >= RAREST)
    sizes = [len(one.lines) for one in samples]
    owner = np.repeat(np.arange(len(samples)), sizes)  # (n,) sample of each line
    x = _matrix([line for one in samples for line in one.lines], names)  # (n, k)
    spread = np.maximum(x.std(0), LEAST_SPREAD)
    right = np.concatenate(
        [np.arange(len(one.lines)) == one.best for one in samples]
    ).astype("float64")
    times = Counter(one.question for one in samples)
    counted = np.array([1 / math.sqrt(times[one.question]) for one in samples])
    found = minimize(
        _loss,
        np.zeros(len(names)),
        (x / spread, right, owner, counted),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": STEPS},
    )
    weights = found.x / spread
    return Ranking({n: round(float(w), 4) for n, w in zip(names, weights, strict=True)})


def _matrix(lines: Sequence[Evidence], names: Sequence[str]) -> np.ndarray:
    """Return the evidence of `lines` as an array (n, k)."""
    columns = {name: column for column, name in enumerate(names)}
    found = np.zeros((len(lines), len(names)))
    for row, line in enumerate(lines):
        for name, x in line.items():
            if name in columns:
                found[row, columns[name]] = x
    return found


def _loss(
    weights: np.ndarray,
    x: np.ndarray,
    right: np.ndarray,
    owner: np.ndarray,
    counted: np.ndarray,
) -> tuple[float, np.ndarray]:
    """Return the loss in nats with its gradient.

    Args:
        weights: (k,).
        x: (n, k) evidence of all lines.
        right: (n,) 1 for the right line of a sample.
        owner: (n,) number of the sample of each line.
        counted: (Q,) as how many questions each sample counts.
    """
    odds = x @ weights
    most = np.zeros(len(counted))  # of a sample; "none" has 0
    np.maximum.at(most, owner, odds)
    shares = np.exp(odds - most[owner])
    total = np.exp(-most) + np.bincount(owner, shares, len(counted))
    each = counted[owner]
    nats = (most + np.log(total)) @ counted - (right * each) @ odds
    slope = x.T @ ((shares / total[owner] - right) * each)
    ridge = RIDGE * weights
    return float(nats + weights @ ridge / 2), slope + ridge
