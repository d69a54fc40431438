"""Muon: update a matrix by the direction of its momentum, every singular value near 1.

    momentum M = U S V'    ->    update = U V', times 0.2 sqrt(longer side)

The scale gives an update the root mean square that AdamW's has, about 0.2, so that both
take one learning rate and one weight decay (arXiv:2502.16982). Muon is by Keller Jordan
(2024); kexue.fm/archives/10592 derives it. It suits the matrices inside blocks;
embeddings, norms and biases stay AdamW's.

Shapes: K matrices of one shape (m, n).
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from nlg.errors import OptionError
from nlg.training.layerwise import BLOCK

MOMENTUM = 0.95
STEPS = 5  # of Newton-Schulz
COEFFICIENTS = 3.4445, -4.7750, 2.0315  # its quintic: steepest at zero, not exact at 1
SCALE = 0.2  # root mean square of an update of AdamW
CONDITION = "norm/"  # in the path of a projection of Conditional LayerNorm
TINY = 1e-7


def matrices(variables: Sequence[Any]) -> list[str]:
    """Return the paths of the kernels inside blocks: what Muon updates.

    A kernel of a convolution (width, inputs, units) is a matrix of width * inputs rows.
    The projections of a condition inside a norm are left to AdamW: they start at zero,
    where the direction of a momentum means little.

    Raises:
        OptionError: there is none.
    """
    found = [
        x.path
        for x in variables
        if len(x.shape) >= 2 and BLOCK.match(x.path) and CONDITION not in x.path
    ]
    if not found:
        raise OptionError(
            "optimizer is muon, but no matrix is in a block_0, block_1, …; take adamw"
        )
    return found


def directions(momenta: Sequence[Any]) -> list[Any]:
    """Return the update of each momentum, of its shape; the rate is not in it."""
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for place, momentum in enumerate(momenta):
        by_shape.setdefault(tuple(momentum.shape), []).append(place)
    updates: dict[int, Any] = {}
    for shape, places in by_shape.items():
        m, n = math.prod(shape[:-1]), shape[-1]
        stack = ops.stack([ops.reshape(momenta[i], (m, n)) for i in places])
        stack = orthogonal(stack) * (SCALE * math.sqrt(max(m, n)))  # (K, m, n)
        parts = (ops.reshape(stack[k], shape) for k in range(len(places)))
        updates.update(zip(places, parts, strict=True))
    return [updates[place] for place in range(len(momenta))]


def orthogonal(stack):
    """Return (K, m, n) matrices with the singular vectors of `stack`'s, float32.

    Newton-Schulz steps X <- aX + b(XX')X + c(XX')^2 X bring each singular value to
    between 0.7 and 1.2. Computed in the compute dtype: bfloat16 is precise enough.
    """
    a, b, c = COEFFICIENTS
    wide = stack.shape[1] <= stack.shape[2]
    x = stack if wide else ops.swapaxes(stack, 1, 2)  # (K, short, long)
    norms = ops.sqrt(ops.sum(ops.square(x), axis=(1, 2), keepdims=True))
    x = ops.cast(x / (norms + TINY), keras.mixed_precision.dtype_policy().compute_dtype)
    for _ in range(STEPS):
        square = ops.matmul(x, ops.swapaxes(x, 1, 2))  # (K, short, short)
        x = a * x + ops.matmul(b * square + c * ops.matmul(square, square), x)
    x = ops.cast(x, "float32")
    return x if wide else ops.swapaxes(x, 1, 2)
