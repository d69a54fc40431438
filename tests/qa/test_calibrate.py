"""What is fitted, on answers whose chance to be right is known."""

import json
import sys

import numpy as np
import pytest
from qa.stub import HAS, SURE, StubCheckpoint, stub_reader

from nlg.metrics.calibration import expected_calibration_error
from nlg.qa.calibrate import (
    EVEN,
    FILE,
    LEAST,
    Calibration,
    Table,
    apply,
    calibrate,
    isotonic,
    no_answer_threshold,
    save,
    table_of,
    temperature,
)
from nlg.qa.reader import Reader

POET = "杜甫，字子美，号<少陵>野老。"
STEPS = [(0.0, 0.1), (0.5, 0.3), (1.0, 0.7)]


def answers(count, chance, seed=0):
    """Return raw confidences, and wins with the `chance` that each of them has."""
    rng = np.random.default_rng(seed)
    raw = rng.uniform(0.02, 0.98, count)
    return raw, rng.random(count) < chance(raw)


def softened(raw, heat):
    odds = (raw / (1 - raw)) ** (1 / heat)
    return odds / (1 + odds)


def sure_of_too_much(raw):
    return np.where(raw > 0.5, 0.3 + 0.2 * raw, 0.1)


# --- the ways


def test_a_temperature_is_found_again():
    raw, wins = answers(20_000, lambda raw: softened(raw, 2.5))
    knots = temperature(raw, wins.astype(float))
    inside = np.linspace(0.05, 0.95, 50)
    np.testing.assert_allclose(apply(knots, inside), softened(inside, 2.5), atol=0.02)


def test_a_temperature_does_not_turn_the_order_round():
    raw, wins = answers(500, lambda raw: 1 - raw)
    curve = [y for _, y in temperature(raw, wins.astype(float))]
    assert curve == sorted(curve)


def test_isotonic_knots_are_the_shares_of_blocks():
    # By hand: 0.1 wrong; 0.3 right and 0.5 wrong fall, so they are one block; 0.9 right
    raw, wins = np.array([0.1, 0.3, 0.5, 0.9]), np.array([0.0, 1.0, 0.0, 1.0])
    assert isotonic(raw, wins) == [(0.1, 0.0), (0.4, 0.5), (0.9, 1.0)]


def test_isotonic_knots_rise():
    raw, wins = answers(2000, sure_of_too_much)
    xs, ys = zip(*isotonic(raw, wins.astype(float)), strict=True)
    assert all(np.diff(xs) > 0) and all(np.diff(ys) > 0) and len(xs) > 3


# --- the choice


def test_the_better_way_is_taken_and_its_error_is_told():
    raw, wins = answers(3000, sure_of_too_much)
    found = calibrate(raw, wins)
    assert found.method == "isotonic" and found.answers == 3000
    assert found.ece_raw == pytest.approx(expected_calibration_error(raw, wins))
    fresh, their_wins = answers(3000, sure_of_too_much, seed=1)
    truth = expected_calibration_error(apply(found.knots, fresh), their_wins)
    assert found.ece == pytest.approx(truth, abs=0.02)
    assert found.ece < 0.05 < found.ece_raw
    few = calibrate(*answers(120, lambda raw: softened(raw, 4.0)))
    assert few.method == "temperature"


def test_what_was_right_is_left_as_it_was():
    raw = np.tile([0.2, 0.8], 500)
    turn = np.arange(1000) // 2 % 5
    wins = np.where(raw == 0.2, turn == 0, turn != 0)  # 1 of 5, and 4 of 5
    found = calibrate(raw, wins)
    assert found.ece <= found.ece_raw < 0.01
    assert np.abs(apply(found.knots, raw) - raw).max() < 0.01


@pytest.mark.parametrize(
    "wins",
    [
        [],
        [True],
        [True, False] * 20,
        [True] * 200,
        [False] * 200,
        [True] + [False] * 99,
    ],
    ids=["none", "one", "few", "right", "wrong", "one right"],
)
def test_too_few_answers_change_nothing(wins):
    raw = np.linspace(0.5, 0.9, len(wins))
    found = calibrate(raw, wins)
    assert found == Calibration("raw", [], len(wins), found.ece_raw, found.ece_raw)
    assert len(wins) < LEAST or sum(wins) in (0, 1, len(wins))


def test_answers_of_one_confidence_do_no_harm():
    found = calibrate([0.9] * 100, [True, False] * 50)
    assert found.ece < 0.05
    assert apply(found.knots, 0.9) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("order", [1, -1])
def test_every_part_is_fitted_to_right_and_wrong_answers(order):
    wins = np.arange(100)[::order] % 20 == 0  # every fifth answer holds all that win
    assert np.isfinite(calibrate(np.linspace(0.1, 0.9, 100), wins).ece)


# --- the table


class Folder(StubCheckpoint):
    """A checkpoint with a table in it."""

    listed = (FILE,)

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def path(self, name):
        return self.folder / name if name == FILE else super().path(name)


def test_between_knots_lies_a_line_and_outside_the_last_value():
    assert apply(STEPS, 0.25) == pytest.approx(0.2)
    assert apply(STEPS[:2], 0.9) == 0.3
    assert apply([], 0.9) == 0.9


def test_a_reader_tells_calibrated_confidence(tmp_path):
    save(tmp_path / FILE, Table(STEPS, 0.3))
    assert table_of(Folder(tmp_path)) == Table(STEPS, 0.3)
    raw = np.exp(SURE)
    calibrated = Reader(Folder(tmp_path))
    asked = ("杜甫号什么？", [POET])
    assert stub_reader().answer(*asked).confidence == round(raw, 4)
    assert calibrated.answer(*asked).confidence == round(0.3 + 0.8 * (raw - 0.5), 4)


def test_a_table_is_small_and_read_by_eye(tmp_path):
    save(tmp_path / FILE, Table(STEPS, 0.3))
    assert json.loads((tmp_path / FILE).read_text("utf-8")) == {
        "knots": [[0.0, 0.1], [0.5, 0.3], [1.0, 0.7]],
        "limit": 0.3,
    }


def test_a_table_is_read_without_what_fitted_it(tmp_path, monkeypatch):
    save(tmp_path / FILE, Table(STEPS, 0.3))
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.isotonic", None)
    assert float(apply(table_of(Folder(tmp_path)).knots, 0.5)) == 0.3


def test_a_reader_is_silent_from_the_limit_on(tmp_path):
    asked = ("杜甫号什么？", [POET])
    for limit, text in ((HAS + 0.01, "少陵"), (HAS, "")):
        save(tmp_path / FILE, Table([], limit))
        assert Reader(Folder(tmp_path)).answer(*asked).text == text


# --- the limit


@pytest.mark.parametrize("seed", range(3))
def test_limit_answers_as_large_a_share_as_it_leaves_empty(seed):
    rng = np.random.default_rng(seed)
    answerable = rng.random(600) < 0.8
    no_answer = rng.beta(2, 4, 600) + 0.3 * ~answerable
    limit = no_answer_threshold(no_answer, answerable)

    def worse(limit):
        said = no_answer < limit
        return min(said[answerable].mean(), 1 - said[~answerable].mean())

    assert worse(limit) == pytest.approx(
        max(map(worse, np.linspace(0, 1.3, 500))), abs=0.01
    )
    assert 0.6 < worse(limit) < 0.9


def test_limit_is_even_where_there_is_nothing_to_learn():
    assert (
        no_answer_threshold([0.1] * 50, [True] * 50)
        == EVEN
        == table_of(StubCheckpoint()).limit
    )
