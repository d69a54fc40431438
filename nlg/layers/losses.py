"""Losses that are no functions of (y_true, y_pred), as layers that add them.

kexue.fm/archives/4493: a layer that sees all it needs calls `add_loss`, so a model
trains on every backend without targets. What it returns a model may keep the mean of,
see `nlg.layers.measured`.

Shapes: ... any axes, V vocabulary.
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
    """Charge -log p(target) in nats, averaged over the places with weight."""

    def call(self, logits, targets, weights):
        """Return the nats of each place, float32 (...).

        Args:
            logits: (..., V), scores of each token.
            targets: (...) int, the right ones.
            weights: (...), 0 where nothing is charged.
        """
        nats = nats_of(logits, targets)
        weights = ops.cast(weights, "float32")
        self.add_loss(ops.sum(nats * weights) / ops.maximum(ops.sum(weights), 1.0))
        return nats


class SymmetricKL(keras.layers.Layer):
    """Charge two distributions for differing: R-Drop's term (arXiv:2106.14448).

    (KL(p || q) + KL(q || p)) / 2 in nats, averaged over the places with weight. R-Drop
    makes the two by calling a model twice, so that they differ by what dropout left
    out; the rest of its loss is the mean of the two calls'.
    """

    def __init__(self, weight: float = 1.0, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.weight = weight

    def call(self, logits, other, weights):
        """Return the divergence of each place (...) from two logits (..., V)."""
        log_p, log_q = ops.log_softmax(logits), ops.log_softmax(other)
        terms = (ops.exp(log_p) - ops.exp(log_q)) * (log_p - log_q)
        kl = 0.5 * ops.sum(terms, axis=-1)
        total = ops.maximum(ops.sum(weights), 1.0)
        self.add_loss(self.weight * ops.sum(kl * weights) / total)
        return kl
