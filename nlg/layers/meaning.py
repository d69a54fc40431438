"""What words mean, by vectors that were made from plain text and stay as they are.

    passage     比什凯克 是 吉尔吉斯斯坦 的 首都          question   首都 在 哪个 城市
    likeness       .47          .63         1            to the most alike word of it

Each token gets the vector of the word around it, and the similarity of that word and
the most similar one of its text's question: the cosine, 0 if none is alike. So 比什凯克
is near 首都, and 创立 near 成立, before anything is learned.

This file knows no words.

Shapes: B rows, T tokens, U units, N words.
"""

import keras
from keras import ops


class Meaning(keras.layers.Layer):
    """A table that a training leaves as it is; rows count from 1, 0 means nothing."""

    def __init__(self, words: int, units: int, **kwargs):
        super().__init__(**kwargs)
        self.words, self.units = words, units
        self.features = units + 1  # numbers that describe a token

    def build(self, rows_shape=None):
        """Create the table (N, U), zeros; vectors of length U ** 0.5 belong there."""
        self.table = self.add_weight((self.words, self.units), "zeros", name="table")

    def call(self, rows, asks, texts):
        """Return vectors and likeness, (B, T, U + 1).

        Args:
            rows: (B, T) int32, of the word around each token.
            asks: (B, T) int32, 1 at tokens of the text's question.
            texts: (B, T) int32, the text that each token belongs to.
        """
        vectors = ops.take(self.table, ops.maximum(rows - 1, 0), axis=0)
        known = rows > 0
        vectors = ops.where(known[..., None], vectors, 0.0)
        vectors = ops.cast(vectors, self.compute_dtype)
        alike = ops.matmul(vectors, ops.transpose(vectors, (0, 2, 1))) / self.units
        asked = ops.logical_and(asks != 0, known)[:, None]  # (B, 1, T)
        own = ops.equal(texts[:, :, None], texts[:, None])
        alike = ops.where(ops.logical_and(own, asked), alike, 0.0)
        most = ops.max(ops.maximum(alike, 0.0), axis=-1, keepdims=True)
        return ops.concatenate([vectors, ops.cast(most, vectors.dtype)], axis=-1)
