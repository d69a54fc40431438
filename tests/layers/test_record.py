"""A tiny attention: what it records against its own arithmetic in NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

from nlg.errors import OptionError
from nlg.layers.record import recorded


class Attention(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.score = keras.layers.Dense(4, use_bias=False, name="score")
        self.probabilities = keras.layers.Softmax(name="probabilities")

    def build(self, shape):
        self.score.build(shape)

    def call(self, x):
        scores = ops.einsum("bid,bjd->bij", self.score(x), x)
        return ops.matmul(self.probabilities(scores), x)


class Encoder(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [Attention(name=f"block_{i}") for i in range(2)]
        self.dropout = keras.layers.Dropout(0.5, name="dropout")

    def build(self, shape):
        for block in self.blocks:
            block.build(shape)

    def call(self, x, training=None):
        for block in self.blocks:
            x = block(x)
        return self.dropout(x, training=training)


class Model(keras.Model):
    def __init__(self):
        super().__init__(name="model")
        self.encoder = Encoder(name="encoder")

    def build(self, shape=(None, None, 4)):
        self.encoder.build(shape)
        self.built = True

    def call(self, x, training=None):
        return self.encoder(x, training=training) * 2.0


BLOCK, MATRIX = "encoder/block_1", "encoder/block_1/probabilities"
X = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")


@pytest.fixture
def model():
    model = Model()
    model.build()
    return model


def softmax(scores):
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def attention(block, x):
    """Return matrix (B, T, T) and output (B, T, D) of a block, by hand."""
    kernel = ops.convert_to_numpy(block.score.kernel.value)
    matrix = softmax(np.einsum("bid,bjd->bij", x @ kernel, x))
    return matrix, matrix @ x


def test_recorded_outputs_are_what_the_arithmetic_says(model):
    with recorded(model, BLOCK, MATRIX, "model/encoder/block_0") as outputs:
        result = model(X)
    _, first = attention(model.encoder.blocks[0], X)
    matrix, second = attention(model.encoder.blocks[1], first)
    found = {name: ops.convert_to_numpy(x) for name, x in outputs.items()}
    np.testing.assert_allclose(found["model/encoder/block_0"], first, atol=1e-5)
    np.testing.assert_allclose(found[MATRIX], matrix, atol=1e-5)
    np.testing.assert_allclose(found[BLOCK], second, atol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(result), 2 * second, atol=1e-5)


def test_paths_are_those_of_keras(model):
    model(X)
    for layer in (*model.encoder.blocks, model.encoder.blocks[0].score):
        with recorded(model, layer.path) as outputs:
            model(X)
        assert outputs.keys() == {layer.path}


def test_layer_that_is_not_called_leaves_no_output(model):
    with recorded(model, BLOCK) as outputs:
        model.encoder.blocks[0](X)
    assert outputs == {}


def test_model_is_as_before_afterwards(model):
    layers = [model, *model._flatten_layers()]
    with pytest.raises(KeyboardInterrupt), recorded(model, BLOCK, MATRIX) as outputs:
        raise KeyboardInterrupt
    model(X)
    assert outputs == {}
    assert not any("call" in vars(layer) for layer in layers)


def test_recordings_may_be_nested(model):
    with recorded(model, BLOCK) as outer:
        with recorded(model, BLOCK) as inner:
            model(X)
        between = dict(outer)
        model(2 * X)
    assert between[BLOCK] is inner[BLOCK]
    assert outer[BLOCK] is not inner[BLOCK]


def test_training_argument_still_arrives(model):
    with recorded(model, "encoder") as outputs:
        model(X, training=True)
    share = (ops.convert_to_numpy(outputs["encoder"]) == 0).mean()
    assert 0.1 < share < 0.9  # dropped half of it


def test_functional_model_is_recorded_too():
    inputs = keras.Input((4,))
    x = keras.layers.Dense(3, name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, name="top")(x), name="plain")
    with recorded(model, "hidden") as outputs:
        model(X[0])
    dense = model.get_layer("hidden")
    kernel = ops.convert_to_numpy(dense.kernel.value)
    found = ops.convert_to_numpy(outputs["hidden"])
    np.testing.assert_allclose(found, X[0] @ kernel, atol=1e-5)


def test_unknown_layer_names_the_nearest(model):
    name = "encoder/block_7/probabilities"
    with pytest.raises(OptionError, match=r"nearest is \S*block_\d/probabilities$"):
        recorded(model, name).__enter__()
