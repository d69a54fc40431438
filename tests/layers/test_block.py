import math

import numpy as np
import pytest
from keras import ops

from nlg.backbone.config import BackboneConfig
from nlg.layers.block import ACTIVATIONS, Block, FeedForward
from nlg.layers.embeddings import BertEmbeddings

CONFIG = BackboneConfig.preset("tiny", 20)
X = np.array([-2.0, -0.5, 0.0, 0.3, 4.0], "float32")


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("gelu", lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2)))),
        (
            "gelu_tanh",
            lambda x: (
                0.5
                * x
                * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
            ),
        ),
        ("relu", lambda x: max(x, 0.0)),
    ],
)
def test_activations_are_their_formulas(name, formula):
    got = ops.convert_to_numpy(ACTIVATIONS[name](X))
    np.testing.assert_allclose(got, [formula(float(x)) for x in X], atol=1e-6)


def test_feed_forward_widens_bends_and_narrows():
    layer = FeedForward(6, "relu", "glorot_uniform")
    layer.build((None, None, 4))
    weights = [random(*x.shape, seed=n) for n, x in enumerate(layer.weights)]
    layer.set_weights(weights)
    x = random(2, 3, 4)
    want = np.maximum(x @ weights[0] + weights[1], 0) @ weights[2] + weights[3]
    np.testing.assert_allclose(ops.convert_to_numpy(layer(x)), want, atol=1e-5)


def test_block_normalises_after_each_addition():
    block = Block(CONFIG, "glorot_uniform")
    block.build((None, None, 32))
    x, mask = random(2, 3, 32), np.ones((2, 3, 3), bool)

    def norm(y):
        y = y - y.mean(-1, keepdims=True)
        return y / np.sqrt((y**2).mean(-1, keepdims=True))

    middle = norm(x + ops.convert_to_numpy(block.attention(x, mask)))
    want = norm(middle + ops.convert_to_numpy(block.feed_forward(middle)))
    got = ops.convert_to_numpy(block(x, mask))
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_embeddings_add_token_segment_and_place_and_normalise():
    layer = BertEmbeddings(CONFIG, "uniform", name="embeddings")
    layer.build()
    layer.token.table.assign(random(20, 32, seed=1))
    layer.segments.assign(random(2, 32, seed=2))
    layer.positions.assign(random(512, 32, seed=3))
    tokens, segments, places = (
        np.array([[3, 7]]),
        np.array([[0, 1]]),
        np.array([[0, 5]]),
    )
    y = random(20, 32, seed=1)[[3, 7]] + random(2, 32, seed=2)[[0, 1]]
    y = y + random(512, 32, seed=3)[[0, 5]]
    y = y - y.mean(-1, keepdims=True)
    want = y / np.sqrt((y**2).mean(-1, keepdims=True))
    got = ops.convert_to_numpy(layer(tokens, segments, places))
    np.testing.assert_allclose(got[0], want, atol=1e-5)


def test_embeddings_of_another_size_are_mapped_to_that_of_the_blocks():
    config = BackboneConfig.preset("tiny", 20, embedding_size=6)
    layer = BertEmbeddings(config, "uniform", name="embeddings")
    layer.build()
    tokens = np.array([[3, 7, 2]])
    assert tuple(layer(tokens, 0 * tokens, tokens).shape) == (1, 3, 32)
    assert tuple(layer.token.table.shape) == (20, 6)
