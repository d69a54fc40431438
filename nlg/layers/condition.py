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
            for kind, table in enumerate(self.tables):
                parts.append(self._of_class(table, class_ids[:, kind]))
        return sum(parts[1:], parts[0])

    def _of_class(self, table, ids):
        """Return the vectors (B, C) of `ids` (B,), zeros where the class is 0."""
        vectors = ops.take(table, ops.maximum(ids - 1, 0), axis=0)
        told = ops.cast(ids > 0, table.dtype)[:, None]
        return ops.cast(vectors * told, self.compute_dtype)
