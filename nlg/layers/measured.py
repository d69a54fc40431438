"""A model that keeps means of its outputs, besides its loss, on every backend.

A metric that a layer updates inside a call is lost on some backends: JAX's trainer
calls a model without its metrics, and on torch a variable that is cast
(mixed_bfloat16) is a copy. Updates in `compute_metrics` count on all of them.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


class Measured(keras.Model):
    """A model with a mean for each of `names`, of what its `figures` are.

    Args:
        names: as scores and the log of a run show them.
    """

    def __init__(self, names: Sequence[str], **kwargs):
        super().__init__(**kwargs)
        self.means = [keras.metrics.Mean(name=name) for name in names]

    def figures(self, inputs: Any, outputs: Any) -> dict[str, tuple[Any, Any]]:
        """Return values and their weights, or None, for each name.

        Args:
            inputs: what the model was called with.
            outputs: what it returned.
        """
        raise NotImplementedError

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Return all scores after a batch; Keras calls it."""
        found = self.figures(x, y_pred)
        for mean in self.means:
            mean.update_state(*found[mean.name])
        return self.get_metrics_result()


def by_group(names: Sequence[str], values, weights, groups):
    """Return `values` (...) under each name, with weight in their own group only.

    Args:
        names: of the groups.
        values: (...) float32.
        weights: (...).
        groups: (...) int, the place of each value's group in `names`.
    """
    weights = ops.cast(weights, "float32")
    return {
        name: (values, weights * ops.cast(ops.equal(groups, number), "float32"))
        for number, name in enumerate(names)
    }
