"""A thin autoregressive head: each place also sees the characters just before it.

All that a model knows is computed for every place at once; only this head waits for
what was written, so a search over it costs little.

Shapes: ... any axes, D units, C context, T places.
"""

import keras
from keras import ops

from nlg.layers.norm import ConditionalLayerNormalization


def before(vectors):
    """Return what stands one and two places before each, zeros outside.

    Args:
        vectors: (B, T, E).

    Returns:
        (B, T, 2 * E):

            place        春    眠      不      觉
            one before   -     春      眠      不
            two before   -     -       春      眠
    """
    T = ops.shape(vectors)[1]
    padded = ops.pad(vectors, [(0, 0), (2, 0), (0, 0)])  # (B, T + 2, E)
    return ops.concatenate([padded[:, 1 : T + 1], padded[:, :T]], axis=-1)


class ContextHead(keras.layers.Layer):
    """Mix what the rest of the model wants at a place with what stands before it.

    One gated layer, `mix`, over both; its two halves can be computed apart, because
    what is wanted is known for every place before the first is written.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.norm = ConditionalLayerNormalization(name="norm")
        self.mix = keras.layers.Dense(2 * units, name="mix")
        self.output_norm = ConditionalLayerNormalization(name="output_norm")

    def build(self, places_shape, context_shape):
        """Create the kernel (D + C, 2 * D) of the gated mixture."""
        self.norm.build(places_shape)
        self.mix.build((None, self.units + context_shape[-1]))
        self.output_norm.build(places_shape)

    def call(self, places, context):
        """Return (..., D) from `places` (..., D) and `context` (..., C)."""
        return self.join(places, self.wanted(places), context)

    def wanted(self, places):
        """Return the share of `places` in the mixture, (..., 2 * D)."""
        kernel = ops.cast(self.mix.kernel[: self.units], self.compute_dtype)
        bias = ops.cast(self.mix.bias, self.compute_dtype)
        return ops.matmul(self.norm(places), kernel) + bias

    def join(self, places, wanted, context=None):
        """Add the share of `context`; None is "not seen", the same as zeros."""
        mixed = wanted
        if context is not None:
            kernel = ops.cast(self.mix.kernel[self.units :], self.compute_dtype)
            mixed = mixed + ops.matmul(context, kernel)
        content, gate = ops.split(mixed, 2, axis=-1)
        return self.output_norm(places + content * ops.sigmoid(gate))
