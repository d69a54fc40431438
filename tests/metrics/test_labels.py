import numpy as np
import pytest
from sklearn import metrics

from nlg.metrics.labels import label_report


@pytest.mark.parametrize("labels", [2, 5])
def test_scores_are_those_of_scikit_learn(labels):
    rng = np.random.default_rng(labels)
    told, found = rng.integers(labels, size=(2, 200))
    names = [f"{n}" for n in range(labels)]
    report = label_report(names, told, found, True)
    assert report["accuracy"] == metrics.accuracy_score(told, found)
    f1 = metrics.f1_score(told, found, average="macro")
    assert report["macro_f1"] == pytest.approx(f1, abs=1e-4)
    assert report["mean_error"] == pytest.approx(
        metrics.mean_absolute_error(told, found), abs=1e-4
    )
    counts = [list(row.values()) for row in report["confusion"].values()]
    assert counts == metrics.confusion_matrix(told, found).tolist()
    assert list(report["confusion"]) == names


def test_a_label_that_never_occurs_does_not_lower_f1():
    assert label_report(["坏", "中", "好"], [0, 2], [0, 2], False)["macro_f1"] == 1.0


def test_majority_is_what_always_the_same_answer_would_get():
    report = label_report(["坏", "好"], [0, 1, 1, 1], [0, 0, 0, 0], False)
    assert (report["accuracy"], report["majority"]) == (0.25, 0.75)
    assert "mean_error" not in report


def test_levels_tell_how_far_off_a_label_is():
    report = label_report(list("12345"), [0, 1, 4, 2], [0, 2, 2, 2], True)
    assert (report["mean_error"], report["within_one"]) == (0.75, 0.75)


def test_a_label_that_is_only_found_wrongly_lowers_f1():
    # 坏: precision 1, recall 1/2, F1 2/3; 好: F1 0; 中 does not occur
    report = label_report(["坏", "中", "好"], [0, 0], [0, 2], False)
    assert report["macro_f1"] == pytest.approx((2 / 3 + 0) / 2, abs=1e-4)
