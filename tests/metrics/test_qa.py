import itertools

import pytest

from nlg.errors import DataError
from nlg.metrics.qa import (
    METRICS,
    Attempt,
    abstention_report,
    equals,
    risk_coverage_area,
    signature,
    sogou_report,
    squad_report,
    webqa_report,
)

RIGHT = Attempt("杜甫", ("杜甫", "杜子美"))
NEAR = Attempt("北京市", ("北京",))  # shares 2 of 3 and 2 of 2 characters: F1 0.8
WRONG = Attempt("上海", ("北京",))
SILENT = Attempt("", ("北京",))
RIGHTLY_SILENT = Attempt("", ())
MADE_UP = Attempt("上海", ())


def test_sogou_counts_every_question():
    report = sogou_report([RIGHT, NEAR, WRONG, SILENT])
    assert report["accuracy"] == 1 / 4
    assert report["f1"] == pytest.approx((1 + 0.8) / 4)
    assert report["final"] == pytest.approx((1 / 4 + 1.8 / 4) / 2)


def test_sogou_knows_no_right_silence():
    report = sogou_report([RIGHTLY_SILENT])
    assert report == {"accuracy": 0.0, "f1": 0.0, "final": 0.0}


def test_webqa_divides_by_answers_given_and_by_questions_that_have_one():
    report = webqa_report([RIGHT, NEAR, SILENT, RIGHTLY_SILENT, MADE_UP])
    assert report["precision"] == 1 / 3
    assert report["recall"] == 1 / 3
    assert report["f1"] == pytest.approx(1 / 3)
    assert report["character_precision"] == pytest.approx(1.8 / 3)
    assert report["character_recall"] == pytest.approx(1.8 / 3)
    assert report["character_f1"] == pytest.approx(0.6)


def test_webqa_f1_is_of_precision_and_recall():
    report = webqa_report([RIGHT, SILENT, SILENT])
    assert (report["precision"], report["recall"]) == (1, 1 / 3)
    assert report["f1"] == pytest.approx(1 / 2)


def test_squad_rewards_silence_where_it_is_right():
    report = squad_report([RIGHT, NEAR, SILENT, RIGHTLY_SILENT, MADE_UP])
    assert report["exact_match"] == 2 / 5
    assert report["f1"] == pytest.approx((1 + 0.8 + 1) / 5)


@pytest.mark.parametrize("metric", METRICS)
def test_nothing_to_score_is_no_division_by_zero(metric):
    for attempts in ([], [RIGHTLY_SILENT], [SILENT], [MADE_UP]):
        report = METRICS[metric].report(attempts)
        assert set(report) == set(METRICS[metric].report([RIGHT]))


@pytest.mark.parametrize("metric", METRICS)
def test_all_right_is_all_ones(metric):
    attempts = [RIGHT, Attempt("《北京》", ("北京",))]
    assert set(METRICS[metric].report(attempts).values()) == {1.0}


@pytest.mark.parametrize(
    ("answer", "references", "equal"),
    [
        ("《红楼梦》", ["石头记", "红楼梦"], True),
        ("红楼", ["红楼梦"], False),
        ("", ["红楼梦"], False),
        ("", [], True),
        ("红楼梦", [], False),
    ],
)
def test_equal_is_one_of_the_references_or_rightly_nothing(answer, references, equal):
    assert equals(answer, references) == equal


# --- abstention


def test_silence_is_counted_where_it_is_due_and_where_not():
    attempts = [RIGHT, WRONG, SILENT, RIGHTLY_SILENT, RIGHTLY_SILENT, MADE_UP]
    report = abstention_report(attempts, equals)
    assert report == {"answered": 2 / 3, "left_empty": 2 / 3}


def test_what_was_not_asked_is_not_told():
    assert abstention_report([RIGHT], equals) == {"answered": 1.0}
    assert abstention_report([MADE_UP], equals) == {"left_empty": 0.0}
    assert abstention_report([], equals) == {}


def test_risk_needs_a_confidence_in_every_answer():
    sure = RIGHT._replace(confidence=0.9)
    unsure = WRONG._replace(confidence=0.1)
    assert abstention_report([sure, unsure, SILENT], equals)["risk_coverage"] == 1 / 4
    assert "risk_coverage" not in abstention_report([sure, WRONG], equals)
    assert "risk_coverage" not in abstention_report([SILENT], equals)


@pytest.mark.parametrize(
    ("confidences", "wrong", "area"),
    [
        ([0.9, 0.8, 0.7], [0, 0, 0], 0.0),
        ([0.9, 0.8, 0.7], [1, 1, 1], 1.0),
        ([0.9, 0.8, 0.7], [0, 0, 1], (0 + 0 + 1 / 3) / 3),
        ([0.7, 0.8, 0.9], [0, 0, 1], (1 + 1 / 2 + 1 / 3) / 3),
        ([-5.0], [1], 1.0),
    ],
)
def test_risk_is_the_mean_of_the_wrong_shares_from_the_surest_down(
    confidences, wrong, area
):
    assert risk_coverage_area(confidences, wrong) == pytest.approx(area)


def test_answers_of_one_confidence_count_as_in_any_order():
    wrong = [1, 0, 0, 1]
    orders = [
        risk_coverage_area([4, 3, 2, 1], order)
        for order in itertools.permutations(wrong)
    ]
    area = risk_coverage_area([1, 1, 1, 1], wrong)
    assert area == pytest.approx(sum(orders) / len(orders))
    mixed = risk_coverage_area([9, 1, 1], [0, 1, 0])
    assert mixed == pytest.approx((0 + (0.5 + 0) / 2 + 1 / 3) / 3)


def test_no_answer_has_no_risk():
    with pytest.raises(DataError, match="no answer"):
        risk_coverage_area([], [])


@pytest.mark.parametrize("metric", METRICS)
def test_a_signature_is_one_line_that_names_metric_and_version(metric):
    line = signature(metric)
    assert line.startswith(f"{metric}|") and "version:1" in line
    assert "\n" not in line
    assert "missing:0" in line
    assert "missing:left out" in signature(metric, as_submitted=True)
