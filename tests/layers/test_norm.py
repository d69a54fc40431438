import numpy as np
import pytest
from keras import ops

from nlg.layers.norm import ConditionalLayerNormalization

B, R, C, D, CONDITION = 2, 3, 4, 5, 6
SHAPES = [(B, D), (B, R, C, D)]


def normalised(x, epsilon=1e-6):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def result_of(layer, *inputs):
    return ops.convert_to_numpy(layer(*inputs))


@pytest.mark.parametrize("shape", SHAPES)
def test_untrained_condition_leaves_a_plain_layer_norm(shape):
    x = 3 + 2 * random(*shape)
    layer = ConditionalLayerNormalization()
    y = result_of(layer, x, random(B, CONDITION, seed=1))
    np.testing.assert_allclose(y, normalised(x), atol=1e-5)
    np.testing.assert_allclose(result_of(layer, x), y, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_row_is_scaled_and_moved_by_its_own_condition(shape):
    x, condition = random(*shape), random(B, CONDITION, seed=1)
    gamma, beta = random(D, seed=2), random(D, seed=3)
    to_gamma, to_beta = random(CONDITION, D, seed=4), random(CONDITION, D, seed=5)
    layer = ConditionalLayerNormalization()
    layer.build(x.shape, condition.shape)
    layer.set_weights([gamma, beta, to_gamma, to_beta])
    want = [
        normalised(row) * (gamma + about @ to_gamma) + beta + about @ to_beta
        for row, about in zip(x, condition, strict=True)
    ]
    np.testing.assert_allclose(result_of(layer, x, condition), want, atol=1e-4)


def test_layer_built_without_a_condition_has_no_kernels_for_it():
    layer = ConditionalLayerNormalization()
    layer.build((None, D))
    layer.set_weights([random(D, seed=2), random(D, seed=3)])
    x = random(B, D)
    want = normalised(x) * random(D, seed=2) + random(D, seed=3)
    np.testing.assert_allclose(result_of(layer, x), want, atol=1e-5)
