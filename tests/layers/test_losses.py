import keras
import numpy as np
import pytest
from keras import ops

from nlg.layers.losses import MaskedCrossEntropy, SymmetricKL


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def test_masked_cross_entropy_charges_only_places_with_weight():
    logits, targets = random(2, 3, 5), np.array([[0, 4, 2], [1, 1, 3]])
    weights = np.array([[1, 0, 1], [1, 0, 0]], "float32")
    layer = MaskedCrossEntropy()
    nats = ops.convert_to_numpy(layer(logits, targets, weights))
    want = -np.log(np.take_along_axis(softmax(logits), targets[..., None], -1))[..., 0]
    np.testing.assert_allclose(nats, want, atol=1e-5)
    charged = (want[0, 0] + want[0, 2] + want[1, 0]) / 3
    assert float(layer.losses[0]) == pytest.approx(charged, abs=1e-5)


def test_no_place_at_all_costs_nothing():
    layer = MaskedCrossEntropy()
    layer(random(2, 5), np.array([0, 1]), np.zeros(2))
    assert float(layer.losses[0]) == 0.0


def test_symmetric_kl_is_the_mean_of_both_directions():
    p_logits, q_logits = random(2, 4, seed=1), random(2, 4, seed=2)
    p, q = softmax(p_logits), softmax(q_logits)
    want = 0.5 * ((p * np.log(p / q)).sum(-1) + (q * np.log(q / p)).sum(-1))
    layer = SymmetricKL(weight=3.0)
    got = ops.convert_to_numpy(layer(p_logits, q_logits, np.array([1.0, 0.0])))
    np.testing.assert_allclose(got, want, atol=1e-5)
    assert float(layer.losses[0]) == pytest.approx(3 * want[0], rel=1e-4)


def test_a_model_trains_on_its_added_loss_alone():
    class Scorer(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense, self.loss_layer = keras.layers.Dense(3), MaskedCrossEntropy()

        def call(self, inputs):
            logits = self.dense(inputs["x"])
            return self.loss_layer(logits, inputs["y"], ops.ones_like(inputs["y"]))

    keras.utils.set_random_seed(0)
    model = Scorer()
    model.compile(keras.optimizers.Adam(0.1))
    batch = {"x": np.eye(3, dtype="float32"), "y": np.array([2, 0, 1])}
    losses = [float(model.train_on_batch(batch)) for _ in range(40)]
    assert losses[-1] < 0.1 * losses[0]
