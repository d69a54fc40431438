"""What is measured, of a reader that is a rule; `test_train` exports a model."""

import json

import pytest
from qa.stub import HAS, HAS_NOT, stub_reader

from nlg.metrics.qa import Attempt
from nlg.qa import calibrate, rerank
from nlg.qa.answer import QARequest
from nlg.qa.data.examples import Example
from nlg.qa.options import AnswerOptions
from nlg.qa.train import measure

POET, SILENT = "杜甫，字子美，号<少陵>野老。", "春眠不觉晓，处处闻啼鸟。"
SURE = 0.9048


def example(passage, answer):
    return Example("诗", passage, "杜甫号什么？", answer)


def test_dev_is_answered_from_single_passages():
    dev = [example(POET, "少陵"), example(SILENT, ""), example(POET, "")]
    found = measure.attempts(measure.answered(stub_reader(), dev), dev)
    assert found == [
        Attempt("少陵", ("少陵",), SURE),
        Attempt("", (), 0.0),
        Attempt("少陵", (), SURE),
    ]
    assert measure.report(found) == {
        "questions": 3,
        "exact_match": 2 / 3,
        "f1": 2 / 3,
        "answered": 1.0,
        "left_empty": 0.5,
        "risk_coverage": 0.5,
    }


def test_a_question_that_cannot_be_answered_is_silence():
    dev = [example(" ", "少陵")]
    (found,) = measure.attempts(measure.answered(stub_reader(), dev), dev)
    assert found == Attempt("", ("少陵",), 0.0)


def test_confidence_is_fitted_to_what_was_answered():
    right, wrong = Attempt("少陵", ("少陵",), SURE), Attempt("少陵", (), SURE)
    silent = Attempt("", ("少陵",), 0.0)
    found = measure.calibrated([right, wrong, wrong, wrong, silent] * 50)
    assert found.answers == 200
    assert found.ece_raw == pytest.approx(SURE - 1 / 4)
    assert found.ece < 0.02
    assert calibrate.apply(found.knots, SURE) == pytest.approx(1 / 4, abs=0.02)


@pytest.mark.parametrize(("count", "learned"), [(3, False), (60, True)])
def test_a_table_has_knots_if_there_is_something_to_learn(
    tmp_path, monkeypatch, count, learned
):
    given = []
    monkeypatch.setattr(
        measure.Reader,
        "from_checkpoint",
        lambda folder, workers: given.append(workers) or stub_reader(),
    )
    dev = [example(POET, "少陵"), example(POET, "春"), example(SILENT, "")] * count
    found = json.loads(json.dumps(measure.measure(tmp_path, dev)))
    table = json.loads((tmp_path / calibrate.FILE).read_text("utf-8"))
    assert bool(table["knots"]) == learned and given[0] >= 1
    assert HAS < table["limit"] <= HAS_NOT
    assert (table["limit"] == calibrate.EVEN) != learned
    assert found["dev"]["questions"] == 3 * count
    assert found["calibration"]["answers"] == 2 * count
    assert found["calibration"]["limit"] == table["limit"]
    assert (found["calibration"]["ece"] < found["calibration"]["ece_raw"]) == learned


def asked(count, answers=("少陵", "春")):
    """Return questions, each of its own wording."""
    kinds = [*zip((POET, POET), answers, strict=True), (SILENT, "")]
    return [
        example(passage, answer)._replace(question=f"杜甫号{number}？")
        for number in range(count)
        for passage, answer in kinds
    ]


@pytest.mark.parametrize("more", [0, 60])
def test_how_to_choose_is_learned_from_questions_whose_answer_was_found(
    tmp_path, monkeypatch, more
):
    reader = stub_reader()
    monkeypatch.setattr(measure.Reader, "from_checkpoint", lambda *_, workers: reader)
    measure.measure(tmp_path, asked(60), asked(more, ("少陵", "少陵")))
    ranking = rerank.Ranking(json.loads((tmp_path / rerank.FILE).read_text("utf-8")))
    one = QARequest("杜甫号什么？", [POET])
    (found,) = reader.evidence_all([one], AnswerOptions(no_answer_threshold=1))
    (chance,) = ranking.probabilities([evidence for _, evidence in found.lines])
    assert chance == pytest.approx(3 / 4 if more else 1 / 2, abs=0.06)  # is it right


def test_each_question_is_answered_by_the_ranking_of_its_fold(monkeypatch):
    reader = stub_reader()
    folds = [
        (numbers, rerank.Ranking({"line": float(fold)}))
        for fold, numbers in enumerate(([0, 2, 4, 7], [1, 3, 5, 6]))
    ]
    monkeypatch.setattr(measure, "cross_fitted", lambda samples: folds)
    dev = [example(POET, "少陵")] * 6
    found = measure.cross_answered(reader, dev, [None] * 8)
    chances = [0.5, 0.7311]  # exp(0) / (1 + exp(0)), exp(1) / (1 + exp(1))
    assert [one.confidence for one in found] == [chances[n % 2] for n in range(6)]


def test_nothing_is_learned_of_choosing_where_nothing_is_right(tmp_path, monkeypatch):
    monkeypatch.setattr(
        measure.Reader, "from_checkpoint", lambda *_, workers: stub_reader()
    )
    dev = [example(POET, "春"), example(" ", "春"), example(SILENT, "")] * 60
    measure.measure(tmp_path, dev)
    assert not (tmp_path / rerank.FILE).exists()
