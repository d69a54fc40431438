"""A model whose gradients are what the batch says: NumPy can be the oracle of a step.

The loss of a row is the sum of weight * given, so its gradient is `given`. The table is
read by token: its gradient is the sum of the vectors given to the places of a token.
"""

import keras
import numpy as np
from keras import ops

SHAPES = {
    "block_0": {"kernel": (3, 2), "bias": (2,)},
    "block_1": {"kernel": (3, 2)},
    "head": {"kernel": (2, 2)},
}
TOKENS, UNITS = 5, 2


class Holder(keras.layers.Layer):
    def __init__(self, shapes, **kwargs):
        super().__init__(**kwargs)
        self.shapes = shapes

    def build(self, shape=None):
        for name, shape in self.shapes.items():
            setattr(self, name, self.add_weight(shape, name=name))

    def call(self, given):
        """Return the sum of weight * given for every row (B,)."""
        return sum(
            ops.sum(
                given[name] * getattr(self, name), axis=tuple(range(1, len(shape) + 1))
            )
            for name, shape in self.shapes.items()
        )


class Given(keras.Model):
    def __init__(self):
        super().__init__(name="given")
        self.embeddings = Holder({"table": (TOKENS, UNITS)}, name="embeddings")
        self.parts = [Holder(shapes, name=name) for name, shapes in SHAPES.items()]

    def build(self, shape=None):
        for holder in (self.embeddings, *self.parts):
            holder.build()
        self.built = True

    def call(self, batch):
        vectors = ops.take(self.embeddings.table, batch["token_ids"], axis=0)
        losses = ops.sum(vectors * batch["vectors"], axis=(1, 2))  # (B,)
        for holder in self.parts:
            given = {name: batch[f"{holder.name}/{name}"] for name in holder.shapes}
            losses = losses + holder(given)
        self.add_loss(ops.mean(losses))
        return losses


def new_model(seed=0, kind=Given):
    model = kind()
    model.build()
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    return model


def new_batch(seed, rows=6):
    """Return what a step is given; token 1 stands twice or more in every row."""
    rng = np.random.default_rng(seed)
    tokens = np.c_[np.ones((rows, 2), int), rng.integers(1, TOKENS - 1, (rows, 2))]
    batch = {"token_ids": tokens, "vectors": rng.normal(size=(rows, 4, UNITS))}
    for part, shapes in SHAPES.items():
        for name, shape in shapes.items():
            batch[f"{part}/{name}"] = rng.normal(size=(rows, *shape))
    return {
        key: x if x.dtype == int else x.astype("float32") for key, x in batch.items()
    }


def gradients_of(batch):
    """Return the gradient of every weight by path, as the head of this file says."""
    rows = len(batch["token_ids"])
    table = np.zeros((TOKENS, UNITS))
    np.add.at(table, batch["token_ids"], batch["vectors"] / rows)
    gradients = {"given/embeddings/table": table}
    for part, shapes in SHAPES.items():
        for name in shapes:
            gradients[f"given/{part}/{name}"] = batch[f"{part}/{name}"].mean(0)
    return gradients


def part_of(batch, number, parts):
    """Return every part's share of the rows."""
    return {key: np.array_split(x, parts)[number] for key, x in batch.items()}
