"""Weights are fitted to questions, and measured on others."""

import random

import numpy as np
import pytest

from nlg.qa.rerank import Ranking
from nlg.qa.train import fit_ranking
from nlg.qa.train.fit_ranking import FOLDS, Sample, cross_fitted, fit


def made(rng, count, questions=None):
    """Samples of three lines; right is the one that was `shown`, if any was."""
    samples = []
    for number in range(count):
        best = rng.choice([-1, 0, 1, 2])
        lines = [
            {"line": 1.0, "noise": rng.gauss(0, 1), "shown": float(n == best)}
            for n in range(3)
        ]
        samples.append(Sample(f"{number % (questions or count)}？", lines, best))
    return samples


def test_what_tells_right_from_wrong_is_found():
    ranking = fit(made(random.Random(0), 400))
    assert ranking.weights["shown"] > 2 and abs(ranking.weights["noise"]) < 0.2
    lines = made(random.Random(1), 1)[0].lines
    lines = [{**one, "shown": float(n == 1)} for n, one in enumerate(lines)]
    chances = ranking.probabilities(lines)
    assert np.argmax(chances) == 1 and chances[1] > 0.6
    assert sum(ranking.probabilities([{**one, "shown": 0.0} for one in lines])) < 0.5


def logistic(times, seed=0):
    """One line a sample, `times` samples a question, and what the weights should be."""
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(300), rng.normal(size=(300, 2)) * [1.0, 3.0]])
    y = rng.random(300) < 1 / (1 + np.exp(-(x @ [0.3, 1.0, -0.5])))
    names = ["line", "a", "b"]
    samples = [
        Sample(f"{n // times}？", [dict(zip(names, row, strict=True))], -1 + right)
        for n, (row, right) in enumerate(zip(x.tolist(), y.tolist(), strict=True))
    ]
    spread = np.maximum(x.std(0), fit_ranking.LEAST_SPREAD)
    flat = LogisticRegression(C=1 / fit_ranking.RIDGE, fit_intercept=False, tol=1e-8)
    flat.fit(x / spread, y, sample_weight=np.full(300, times**-0.5))
    return samples, dict(zip(names, flat.coef_[0] / spread, strict=True))


@pytest.mark.parametrize("times", [1, 4])
def test_with_one_line_it_is_logistic_regression_of_the_root_of_the_samples(times):
    samples, want = logistic(times)
    got = fit(samples).weights
    assert [got[name] for name in want] == pytest.approx([*want.values()], abs=1e-3)


def test_rare_evidence_is_not_weighed():
    samples = made(random.Random(0), 400)
    for sample in samples[: fit_ranking.RAREST - 1]:
        sample.lines[0]["rare"] = 1.0
    assert "rare" not in fit(samples).weights


def test_from_too_few_right_answers_nothing_is_learned():
    samples = made(random.Random(0), 400)
    right = [one for one in samples if one.best >= 0]
    assert fit(right[: fit_ranking.LEAST - 1]) is None
    assert fit(right[: fit_ranking.LEAST]) is not None
    assert fit([]) is None


def test_every_sample_is_ranked_by_a_fit_to_other_questions(monkeypatch):
    given = []
    monkeypatch.setattr(fit_ranking, "fit", given.append)
    samples = made(random.Random(0), 600, questions=200)
    folds = cross_fitted(samples)
    numbers = [number for own, _ in folds for number in own]
    assert sorted(numbers) == list(range(600)) and len(folds) == FOLDS
    for (own, _), others in zip(folds, given, strict=True):
        assert len(own) + len(others) == 600
        asked = {samples[number].question for number in own}
        assert not asked & {one.question for one in others}


def test_the_first_line_is_kept_by_the_margin_that_is_right_most_often(monkeypatch):
    told = Ranking({"first": 0.25, "told": 1.0})  # too little for a first line
    monkeypatch.setattr(fit_ranking, "_fit", lambda samples: told)
    samples = [
        Sample(f"{n}？", [{"first": 1.0}, {"told": n / 100}], int(n > 52))
        for n in range(100)
    ]
    weights = fit(samples).weights
    assert weights == {"first": 0.55, "told": 1.0}  # of the margins .3 is nearest
    chosen = [Ranking(weights).probabilities(one.lines) for one in samples]
    right = sum(
        np.argmax(x) == one.best for x, one in zip(chosen, samples, strict=True)
    )
    assert right == 97  # 53, 54 and 55 are kept too
