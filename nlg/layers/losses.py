"""Losses that are no functions of (y_true, y_pred), as layers that add them.

kexue.fm/archives/4493: a layer that sees all it needs calls `add_loss` and keeps its
own metrics, so a model trains on every backend without targets.

Shapes: ... any axes, V vocabulary, G groups.
"""

import keras
from keras import ops


def nats_of(logits, targets):
    """Return -log p(target) in nats, float32 (...), of `logits` (..., V).

    The logits are what training waits for, so they stay in the compute dtype: softmax
    kernels sum in float32 and round only what they return.
    """
    # Two axes, classes last: the form for which torch has one fused kernel.
    flat = ops.reshape(logits, (-1, ops.shape(logits)[-1]))
    nats = ops.sparse_categorical_crossentropy(
        ops.reshape(targets, (-1,)), flat, from_logits=True
    )
    return ops.cast(ops.reshape(nats, ops.shape(targets)), "float32")


class MaskedCrossEntropy(keras.layers.Layer):
    """Charge -log p(target) in nats, averaged over the places with weight.

    Args:
        groups: names of kinds of places; each gets a metric of its own.
    """

    def __init__(self, groups: tuple[str, ...] = (), **kwargs):
        super().__init__(**kwargs)
        self.means = [keras.metrics.Mean(name=name) for name in groups]

    def call(self, logits, targets, weights, group_ids=None):
        """Return the nats of each place, float32 (...).

        Args:
            logits: (..., V), scores of each token.
            targets: (...) int, the right ones.
            weights: (...), 0 where nothing is charged.
            group_ids: (...) int, the kind of each place, a number in `groups`.
        """
        nats = nats_of(logits, targets)
        weights = ops.cast(weights, "float32")
        self.add_loss(ops.sum(nats * weights) / ops.maximum(ops.sum(weights), 1.0))
        for number, mean in enumerate(self.means):
            in_group = weights * ops.cast(ops.equal(group_ids, number), "float32")
            mean.update_state(nats, in_group)
        return nats


class SymmetricKL(keras.layers.Layer):
    """Charge two distributions for differing: R-Drop's term (arXiv:2106.14448).

    (KL(p || q) + KL(q || p)) / 2 in nats, averaged over the places with weight.
    """

    def __init__(self, weight: float = 1.0, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.weight = weight
        self.mean = keras.metrics.Mean(name="kl")

    def call(self, logits, other, weights):
        """Return the divergence of each place (...) from two logits (..., V)."""
        log_p, log_q = ops.log_softmax(logits), ops.log_softmax(other)
        terms = (ops.exp(log_p) - ops.exp(log_q)) * (log_p - log_q)
        kl = 0.5 * ops.sum(terms, axis=-1)
        self.mean.update_state(kl, weights)
        total = ops.maximum(ops.sum(weights), 1.0)
        self.add_loss(self.weight * ops.sum(kl * weights) / total)
        return kl
