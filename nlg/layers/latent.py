"""The two losses of a variational auto-encoder, as layers.

Each adds its own loss (`add_loss`, kexue.fm/archives/4493), so any model that owns the
layers trains without targets on every backend.

Shapes: B rows, T places, Z latent units.
"""

import keras
from keras import ops


def kl_per_unit(mean, log_var):
    """Return KL(N(mean, e^log_var) || N(0, 1)) in nats per unit, (B, Z).

    arXiv:1312.6114, appendix B.
    """
    return 0.5 * (ops.square(mean) + ops.exp(log_var) - 1.0 - log_var)


class GaussianLatent(keras.layers.Layer):
    """Sample z = mean + e^(log_var / 2) * noise and charge its KL to the loss.

    Two defences against a decoder that ignores z: `free_nats` (arXiv:1606.04934) lets
    each unit carry that much, averaged over the batch, without being charged; `weight`
    is raised from 0 to 1 by the training loop (KL warm-up, arXiv:1511.06349).
    """

    def __init__(self, free_nats: float = 0.0, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.free_nats = free_nats
        self.seeds = keras.random.SeedGenerator()

    def build(self, mean_shape, log_var_shape):
        """Create the weight of the KL, which the warm-up moves."""
        self.weight = self.add_weight(
            (), initializer="ones", trainable=False, name="weight"
        )

    def call(self, mean, log_var):
        """Return a sample (B, Z), in training and in evaluation alike, and the KL (B,).

        The KL is in nats, whatever of it is charged.
        """
        kl = kl_per_unit(mean, log_var)  # (B, Z)
        charged = ops.maximum(ops.mean(kl, axis=0), self.free_nats)  # (Z,)
        self.add_loss(self.weight * ops.sum(charged))
        noise = keras.random.normal(ops.shape(mean), seed=self.seeds)
        return mean + ops.exp(0.5 * log_var) * noise, ops.sum(kl, axis=-1)


class ReconstructionLoss(keras.layers.Layer):
    """Charge -log p(x | z), summed over the places of a row, averaged over rows.

    Averaged over places it would weigh T times too little against the KL, and the KL
    would fall to zero: what readers of kexue.fm/archives/5332 met.
    """

    def __init__(self, **kwargs):
        super().__init__(dtype="float32", **kwargs)

    def call(self, nats):
        """Return the sum over places (B,) of `nats` (B, T)."""
        rows = ops.sum(nats, axis=-1)
        self.add_loss(ops.mean(rows))
        return rows
