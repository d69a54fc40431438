"""Classes and vectors, made into the one condition of Conditional LayerNorm.

Shapes: B rows, N kinds of class, C condition units.
"""

import keras
from keras import ops


class Condition(keras.layers.Layer):
    """Add up the embeddings of a row's classes and its vector (kexue.fm/archives/7124).

    Class 0 of each kind is "not told" and adds nothing, so one model writes with and
    without each condition.

    Args:
        classes: how many classes each kind has, 0 not counted.
        units: C.
    """

    def __init__(self, classes: tuple[int, ...], units: int, **kwargs):
        super().__init__(**kwargs)
        self.classes, self.units = classes, units

    def build(self, *shapes):
        """Create one table (classes, C) a kind."""
        self.tables = [
            self.add_weight(
                (size, self.units),
                initializer=keras.initializers.RandomNormal(stddev=0.02),
                name=f"class_{kind}",
            )
            for kind, size in enumerate(self.classes)
        ]

    def call(self, class_ids=None, vector=None):
        """Return (B, C) from `class_ids` (B, N), `vector` (B, C), or both."""
        parts = [] if vector is None else [ops.cast(vector, self.compute_dtype)]
        if class_ids is not None:
            row = ops.maximum(class_ids - 1, 0)  # (B, N), of the table
            told = ops.cast(class_ids > 0, self.compute_dtype)
            for kind, table in enumerate(self.tables):
                vectors = ops.cast(ops.take(table, row[:, kind], axis=0), told.dtype)
                parts.append(vectors * told[:, kind : kind + 1])
        return sum(parts[1:], parts[0])
