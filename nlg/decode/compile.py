"""Compile a search for the backend that Keras runs on; no other file names one.

A compiled function is made anew for every shape it meets, which takes seconds. So rows
are padded to a power of two and sources to one of few lengths: compiling becomes rare.

This file does not know what it compiles.

Shapes: B rows, S source tokens.
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import tree

from nlg.decode.beam import Hypotheses
from nlg.text.packing import round_up

PER_TOKEN = ("token_ids", "segment_ids", "generated")  # inputs of shape (B, S)
STEP = 64  # sources longer than this are padded to its multiples


def compiled(function: Callable[..., Any], model: keras.Model) -> Callable[..., Any]:
    """Return `function` of arrays, compiled: XLA on TensorFlow and JAX, eager on torch.

    Args:
        function: takes arrays by name, returns a structure of arrays.
        model: the owner of the weights that `function` uses.
    """
    return COMPILERS[keras.backend.backend()](function, model)


def in_buckets(
    function: Callable[..., Hypotheses],
) -> Callable[[Mapping[str, np.ndarray]], Hypotheses]:
    """Return `function` of a batch of sources, called with few different shapes only.

    The rows that fill a bucket repeat the first, and are cut off the result.
    """

    def run(inputs: Mapping[str, np.ndarray]) -> Hypotheses:
        rows, length = np.shape(inputs["token_ids"])
        size = (bucket_of_rows(rows), bucket_of_length(length))
        padded = {
            name: _fill(np.asarray(x), size, name in PER_TOKEN)
            for name, x in inputs.items()
        }
        found = function(**padded)
        return tree.map_structure(lambda x: keras.ops.convert_to_numpy(x)[:rows], found)

    return run


def bucket_of_rows(rows: int) -> int:
    """Return the power of two that holds `rows`.

    Example:
        >>> [bucket_of_rows(rows) for rows in (1, 3, 16, 17)]
        [1, 4, 16, 32]
    """
    return 1 << (rows - 1).bit_length()


def bucket_of_length(length: int) -> int:
    """Return a power of two from 8 to `STEP`, or a multiple of `STEP`, that holds it.

    Example:
        >>> [bucket_of_length(length) for length in (3, 20, 64, 65, 250)]
        [8, 32, 64, 128, 256]
    """
    if length <= STEP:
        return max(8, bucket_of_rows(length))
    return round_up(length, STEP)


def _fill(array: np.ndarray, size: tuple[int, int], per_token: bool) -> np.ndarray:
    """Pad (B, …) with its first row and, if it has S columns, with zeros, to `size`."""
    rows, length = size
    if per_token:
        array = np.pad(array, ((0, 0), (0, length - array.shape[1])))
    return np.concatenate([array, np.repeat(array[:1], rows - len(array), axis=0)])


def _tensorflow(function: Callable[..., Any], model: keras.Model):
    import tensorflow as tf

    return tf.function(function, jit_compile=True, autograph=False)


def _jax(function: Callable[..., Any], model: keras.Model):
    import jax

    variables = model.variables

    # Weights that a jitted function captures become constants of the program.
    @jax.jit
    def on_weights(weights, inputs):
        mapping = list(zip(variables, weights, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return function(**inputs)

    return lambda **inputs: on_weights([x.value for x in variables], inputs)


def _torch(function: Callable[..., Any], model: keras.Model):
    import torch

    def run(**inputs):
        with torch.inference_mode():
            return function(**inputs)

    return run


COMPILERS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
