import numpy as np
import pytest

from nlg.errors import DataError
from nlg.metrics.calibration import calibration_report, expected_calibration_error
from nlg.metrics.qa import Attempt, equals

RIGHT, WRONG = ("杜甫",), ("李白",)


def by_the_formula(confidences, right, bins):
    """Return the sum over bins of |B| / n * |accuracy(B) - confidence(B)|."""
    error = 0.0
    for m in range(1, bins + 1):
        inside = [
            (c, r)
            for c, r in zip(confidences, right, strict=True)
            if (m - 1) / bins < c <= m / bins or (m == 1 and c == 0)
        ]
        if inside:
            sure, wins = np.mean(inside, axis=0)
            error += len(inside) / len(right) * abs(wins - sure)
    return error


def test_the_error_is_that_of_the_formula():
    rng = np.random.default_rng(0)
    confidences = rng.beta(4, 1, 500)
    right = rng.random(500) < confidences**2
    for bins in (1, 5, 15):
        got = expected_calibration_error(confidences, right, bins)
        assert got == pytest.approx(by_the_formula(confidences, right, bins))
        assert got > 0.05


def test_confidences_that_are_borne_out_have_no_error():
    assert expected_calibration_error([0.75] * 4, [1, 1, 1, 0]) == 0
    assert expected_calibration_error([1.0, 0.0], [True, False]) == 0


def test_the_end_of_a_bin_belongs_to_it():
    together = expected_calibration_error([0.2, 0.15], [True, False])
    assert together == pytest.approx(abs(1 - 0.35) / 2)
    apart = expected_calibration_error([0.2, 0.21], [True, False])
    assert apart == pytest.approx((0.8 + 0.21) / 2)


def test_a_confidence_of_zero_is_in_the_first_bin():
    # Both in one bin: |(1 - 0) + (0 - 0.05)| / 2; in bins of their own 1.05 / 2
    error = expected_calibration_error([0.0, 0.05], [True, False])
    assert error == pytest.approx(0.95 / 2)


def test_errors_of_one_bin_cancel_and_those_of_two_do_not():
    assert expected_calibration_error([0.5, 0.5], [True, False]) == 0
    assert expected_calibration_error([0.4, 0.6], [True, False]) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("confidences", "says"),
    [([], "no answer to measure"), ([1.1], "from 0 to 1"), ([np.nan], "from 0 to 1")],
)
def test_what_has_no_calibration_is_told(confidences, says):
    with pytest.raises(DataError, match=says):
        expected_calibration_error(confidences, [True] * len(confidences))


def test_a_report_is_of_the_answers_given():
    said = [Attempt("杜甫", RIGHT, 0.9), Attempt("杜甫", WRONG, 0.3), Attempt("", ())]
    assert calibration_report(said, equals) == {"ece": pytest.approx((0.1 + 0.3) / 2)}


@pytest.mark.parametrize(
    "said",
    [
        [],
        [Attempt("", RIGHT, 0.5)],
        [Attempt("杜甫", RIGHT)],
        [Attempt("杜甫", RIGHT, 0.5), Attempt("杜甫", RIGHT)],
        [Attempt("杜甫", RIGHT, -2.5)],  # a log-probability
        [Attempt("杜甫", RIGHT, 12)],
    ],
)
def test_without_probabilities_there_is_no_report(said):
    assert calibration_report(said, equals) == {}
