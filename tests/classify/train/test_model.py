import itertools

import keras
import numpy as np
import pytest

from nlg.backbone.config import BackboneConfig
from nlg.backbone.unilm import UniLM
from nlg.classify.train.train import build_model

V, LEADS = 20, (0.0, -0.5, -2.0)
ROWS = np.array([[2, 7, 8, 3], [2, 9, 3, 0]], "int32")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    config = BackboneConfig.preset(
        "tiny", V, max_positions=16, application="bidirectional"
    )
    unilm = UniLM(config)
    unilm.build()
    made = build_model(unilm, LEADS)
    rng = np.random.default_rng(0)
    for variable in made.trainable_variables:
        variable.assign(np.array(variable) + 0.3 * rng.normal(size=variable.shape))
    return made


def test_scores_are_a_dense_layer_on_the_mean_of_the_states(model):
    states = np.array(model.unilm({"token_ids": ROWS}))
    means = np.stack([states[0].mean(0), states[1, :3].mean(0)])
    kernel, bias = map(np.array, model.scores.variables)
    expected = means @ kernel + bias
    np.testing.assert_allclose(model.logits(ROWS), expected, rtol=1e-4, atol=1e-5)


def test_padding_changes_nothing(model):
    wider = np.pad(ROWS, ((0, 0), (0, 5)))
    np.testing.assert_allclose(model.logits(wider), model.logits(ROWS), atol=1e-5)


def test_each_token_sees_those_after_it(model):
    def first(last):
        tokens = np.array([[2, 7, last, 3]], "int32")
        return np.array(model.unilm({"token_ids": tokens}))[0, 0]

    assert np.abs(first(8) - first(9)).max() > 1e-3


def test_probabilities_are_a_softmax_of_the_scores(model):
    scores = np.array(model.logits(ROWS), "float64")
    odds = np.exp(scores)
    expected = odds / odds.sum(1, keepdims=True)
    np.testing.assert_allclose(model.probabilities(ROWS), expected, rtol=1e-4)


def test_loss_is_nats_of_the_right_labels_where_each_has_its_lead(model):
    labels = np.array([2, 0], "int32")
    model.compile()
    told = model.test_on_batch({"token_ids": ROWS, "labels": labels}, return_dict=True)
    odds = np.exp(np.array(model.logits(ROWS), "float64") + LEADS)
    nats = -np.log(odds / odds.sum(1, keepdims=True))[[0, 1], labels]
    assert float(told["loss"]) == pytest.approx(nats.mean(), rel=1e-4)


def test_what_scores_tokens_rests_but_their_table_learns(model):
    paths = {variable.path for variable in model.trainable_variables}
    assert any("embeddings/token" in path for path in paths)
    assert not any("/head/" in path for path in paths)
    assert any(path.startswith("classifier/scores") for path in paths)


def test_two_dropouts_are_charged_for_what_they_differ_by(model, monkeypatch):
    agreeing = build_model(model.unilm, LEADS, r_drop=0.5)
    once, again = np.random.default_rng(3).normal(size=(2, 2, 3)).astype("float32")
    calls = itertools.cycle([once, again])
    monkeypatch.setattr(agreeing, "logits", lambda ids, training=None: next(calls))
    labels = np.array([2, 0], "int32")
    agreeing({"token_ids": ROWS, "labels": labels}, training=True)
    want = np.mean([nats(once, labels), nats(again, labels)])
    p, q = softmax(once), softmax(again)
    want += 0.5 * np.mean(np.sum((p - q) * np.log(p / q), axis=1) / 2)
    assert float(sum(agreeing.losses)) == pytest.approx(want, rel=1e-4)
    agreeing({"token_ids": ROWS, "labels": labels})  # to be scored, once is enough
    assert float(sum(agreeing.losses)) == pytest.approx(nats(once, labels), rel=1e-4)


def softmax(scores):
    odds = np.exp(scores.astype("float64"))
    return odds / odds.sum(1, keepdims=True)


def nats(scores, labels):
    """The mean of -log p of the labels, each with its lead."""
    return -np.log(softmax(scores + LEADS)[[0, 1], labels]).mean()
