"""Derivatives that a book has, in a graph that was made of a tape."""

import keras
import numpy as np
import pytest
from keras import ops

from nlg.onnx_export import export
from nlg.runtime.graph import Graph

X = np.array([[0.3], [1.7], [-0.6], [-2.5]], "float32")
FUNCTIONS = {
    "tanh": (ops.tanh, 1 - np.tanh(X) ** 2),
    "sigmoid": (ops.sigmoid, np.exp(-X) / (1 + np.exp(-X)) ** 2),
    "relu": (ops.relu, (X > 0).astype("float32")),
    "rsqrt": (lambda x: ops.rsqrt(x + 3), -0.5 * (X + 3) ** -1.5),
    "last_axis": (lambda x: ops.square(x[..., 0]), 2 * X),
    "front": (lambda x: ops.square(x[:3]), 2 * X * [[1], [1], [1], [0]]),
    "middle": (lambda x: ops.square(x[None, 1:-1, 0]), 2 * X * [[0], [1], [1], [0]]),
}


def gradient_of(function, x):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x)


def write(functions, folder, size):
    """Export the gradients of `functions` at (size, 1)."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    export.save_weights(model, folder / "weights")
    path = folder / "gradients.onnx"
    export.export_onnx(
        lambda x: [gradient_of(function, x) for function in functions.values()],
        *(model, {"x": (size, "float32")}, list(functions), path, folder / "weights"),
    )
    return path


def test_each_gradient_is_the_derivative(tmp_path):
    functions = {name: function for name, (function, _) in FUNCTIONS.items()}
    got = Graph(write(functions, tmp_path, X.shape), "cpu", 1)(x=X)
    for name, (_, derivative) in FUNCTIONS.items():
        np.testing.assert_allclose(got[name], derivative, rtol=1e-5, err_msg=name)


def test_a_slice_with_steps_is_refused(tmp_path):
    with pytest.raises(NotImplementedError, match=r"a slice of .* with steps"):
        write({"second": lambda x: ops.square(x[::2])}, tmp_path, (4, 1))
