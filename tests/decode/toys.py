"""Models small enough to enumerate, and every way of running a search over them.

Shapes: B rows, K beams, M = B * K, T longest output, V vocabulary, R table rows.
"""

import itertools
import pathlib
import tempfile

import keras
import numpy as np
import pytest
from keras import ops, tree

from nlg.decode.results import NEG_INF

PAD, END, A, B, C = range(5)
BACKEND = keras.backend.backend()


def table_model(table, first):
    """P(first token) is `first` (V,), P(next | last token) is `table` (V, V)."""
    table, first = log_of(table), log_of(first)

    def next_log_probs(token_ids, cache, index):
        last = ops.take(token_ids, ops.maximum(index - 1, 0), axis=1)  # (M,)
        return ops.where(index == 0, first, ops.take(table, last, axis=0)), cache

    return next_log_probs


def history_model(table):
    """P(next | all before) is the row (1 x 1st token + 2 x 2nd + …) mod R of `table`.

    What a beam gets depends on all it has written, as with a real model.
    """
    rows, table = table.shape[0], log_of(table)

    def next_log_probs(token_ids, cache, index):
        place = ops.arange(ops.shape(token_ids)[1], dtype="int32")
        total = ops.sum(token_ids * (place + 1), axis=1)  # [PAD] is 0
        return ops.take(table, total % rows, axis=0), cache

    return next_log_probs


def log_of(probs):
    probs = ops.convert_to_tensor(probs, "float32")
    return ops.where(probs > 0, ops.log(ops.maximum(probs, 1e-9)), NEG_INF)


def row_of(line, rows):
    return sum((i + 1) * token for i, token in enumerate(line)) % rows


def history_log_prob(table, line):
    """The log-probability of a line under `history_model`, by hand."""
    steps = [table[row_of(line[:i], len(table)), t] for i, t in enumerate(line)]
    return float(np.sum(np.log(steps)))


def dice(words, seed):
    """Return `table` and `first` of a random model without PAD."""
    rng = np.random.default_rng(seed)
    first = np.append(0, rng.dirichlet(np.ones(words)))
    table = np.c_[np.zeros(words + 1), rng.dirichlet(np.ones(words), words + 1)]
    return table, first


def history_dice(words, seed, rows=11):
    """Return the table (R, 1 + words) of a random model without PAD."""
    rng = np.random.default_rng(seed)
    return np.c_[np.zeros(rows), rng.dirichlet(np.ones(words), rows)]


def all_lines(words, length):
    """Every line over tokens 1 … words that ends with END, or is cut at `length`."""
    for n in range(1, length + 1):
        for line in itertools.product(range(1, words + 1), repeat=n):
            if END not in line[:-1] and (line[-1] == END or n == length):
                yield line


def padded(line, length):
    return [*line, *[PAD] * (length - len(line))]


def eager(function, model=None):
    return function


def as_onnx(function, model=None):
    """Return `function`, which uses the weights of `model`, as ONNX Runtime runs it."""
    from nlg.onnx_export.export import export_onnx, save_weights
    from nlg.runtime.graph import Graph

    def run(*arrays):
        arrays = {f"x{i}": np.asarray(x) for i, x in enumerate(arrays)}
        signature = {name: (x.shape, x.dtype.name) for name, x in arrays.items()}
        like = function(*arrays.values())  # only its structure is used
        names = [f"y{i}" for i in range(len(tree.flatten(like)))]
        owner = model or keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.onnx"
            weights = path.with_name("weights.safetensors")
            save_weights(owner, weights)
            flat = lambda *tensors: tree.flatten(function(*tensors))  # noqa: E731
            export_onnx(flat, owner, signature, names, path, weights)
            found = Graph(path, "cpu", 1)(**arrays)
        return tree.pack_sequence_as(like, [found[name] for name in names])

    return run


def ways_to_run():
    yield "eager", eager
    if BACKEND == "tensorflow":
        import tensorflow as tf

        yield "graph", lambda function, model=None: tf.function(function)
        yield (
            "xla",
            lambda function, model=None: tf.function(function, jit_compile=True),
        )
        yield "onnx", as_onnx
    if BACKEND == "jax":
        import jax

        yield "jit", lambda function, model=None: jax.jit(function)


every_way = pytest.mark.parametrize(
    "way", [pytest.param(way, id=name) for name, way in ways_to_run()]
)


def numpy_of(result):
    return tree.map_structure(ops.convert_to_numpy, result)
