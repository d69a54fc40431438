"""Characters in, log-probabilities of characters out, through one table.

Shapes: B rows, ... any axes between, D units, V vocabulary.
"""

import keras
from keras import ops

from nlg.layers.losses import nats_of


class TiedVocabulary(keras.layers.Layer):
    """One table (V, D): look characters up in it, and score every character by it.

    Vectors are looked up times `scale`, sqrt(D) by default, so that a table which is
    small enough for scoring gives vectors of unit size (arXiv:1706.03762, 3.4).
    """

    def __init__(self, size: int, units: int, scale=None, initializer=None, **kwargs):
        super().__init__(**kwargs)
        self.size, self.units = size, units
        self.scale = units**0.5 if scale is None else scale
        self.initializer = initializer or keras.initializers.RandomNormal(
            stddev=units**-0.5
        )

    def build(self, input_shape=None):
        """Create the table (V, D)."""
        self.table = self.add_weight(
            (self.size, self.units),
            initializer=keras.initializers.get(self.initializer),
            name="table",
        )

    def call(self, token_ids):
        """Return the vectors (B, ..., D) of `token_ids` (B, ...)."""
        vectors = ops.take(self.table, token_ids, axis=0)
        return ops.cast(vectors, self.compute_dtype) * self.scale

    def logits(self, states, first=None):
        """Return the scores (B, ..., V) of `states` (B, ..., D), in their dtype.

        With `first`, only those of the first so many characters.
        """
        table = ops.cast(self.table[:first], states.dtype)  # (V, D)
        return ops.matmul(states, ops.transpose(table))

    def negative_log_likelihood(self, states, token_ids):
        """Return -log p(token) in nats, float32 (B, ...)."""
        return nats_of(self.logits(states), token_ids)
