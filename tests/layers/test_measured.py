import keras
import numpy as np
import pytest

from nlg.couplet.config import CoupletConfig
from nlg.couplet.train.model import CoupletTagger
from nlg.layers.losses import MaskedCrossEntropy
from nlg.layers.measured import Measured, by_group
from nlg.poem.vae.train.model import PoemVAE, VAEConfig

PRECISIONS = pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])


class Judge(Measured):
    def __init__(self, precision):
        super().__init__(("odd", "even"), dtype=precision)
        self.dense = keras.layers.Dense(3, kernel_initializer="ones", dtype=precision)
        self.cross_entropy = MaskedCrossEntropy(dtype=precision)

    def call(self, batch):
        logits = self.dense(batch["x"])
        return self.cross_entropy(logits, batch["y"], batch["weights"])

    def figures(self, batch, nats):
        return by_group(("odd", "even"), nats, batch["weights"], batch["group"])


@PRECISIONS
def test_means_by_group_are_kept_on_every_backend(precision):
    model = Judge(precision)
    model.compile(keras.optimizers.SGD(0.0))
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    y, group = np.array([2, 0, 1, 1]), np.array([0, 1, 0, 1])
    weights = np.array([1, 1, 2, 0], "float32")
    batch = {"x": x, "y": y, "group": group, "weights": weights}
    for scores in (
        model.test_on_batch(batch, return_dict=True),
        model.train_on_batch(batch, return_dict=True),
    ):
        nats = np.log(3)  # equal columns: three tokens are as probable
        assert scores["odd"] == pytest.approx(nats, rel=0.01)
        assert scores["even"] == pytest.approx(nats, rel=0.01)
        model.reset_metrics()


def test_values_weigh_in_their_own_group_only():
    mean = keras.metrics.Mean()
    found = by_group(("a", "b"), np.array([1.0, 3, 50]), [1, 3, 0], np.array([0, 0, 1]))
    mean.update_state(*found["a"])
    assert float(mean.result()) == pytest.approx((1 + 3 * 3) / 4)
    mean.reset_state()
    mean.update_state(*found["b"])  # no weight at all
    assert float(mean.result()) == 0.0


@PRECISIONS
def test_the_shipped_models_figures_add_up_to_their_loss(precision):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        sizes = {
            "units": 8,
            "latent_units": 4,
            "encoder_blocks": 1,
            "decoder_blocks": 1,
        }
        vae = PoemVAE(VAEConfig(vocab_size=9, free_nats=0.0, **sizes))
        couplet = CoupletTagger(
            CoupletConfig(9, 3, units=8, embedding_units=4, blocks=1)
        )
        for model in (vae, couplet):
            model.build()
            model.compile()
    finally:
        keras.config.set_dtype_policy(before)
    scores = vae.test_on_batch(np.full((2, 4, 5), 3), return_dict=True)
    assert scores["kl"] > 0 and scores["reconstruction"] > 1
    total = scores["kl"] + scores["reconstruction"]
    assert scores["loss"] == pytest.approx(total, rel=0.01)
    each = scores["reconstruction"] / 20
    assert scores["nats_per_character"] == pytest.approx(each, rel=1e-3)
    batch = {
        "token_ids": np.array([[2, 3], [4, 5]]),
        "pair_ids": np.zeros((2, 3), "int32"),
        "targets": np.array([[5, 4], [3, 2]]),
        "weights": np.array([[1, 1], [1, 0]], "float32"),
        "mode": np.array([0, 1]),
    }
    scores = couplet.test_on_batch(batch, return_dict=True)
    total = (2 * scores["forward"] + scores["reverse"]) / 3
    assert scores["loss"] == pytest.approx(total, rel=0.01)
    assert scores["forward"] > 1 and scores["complete"] == 0.0
