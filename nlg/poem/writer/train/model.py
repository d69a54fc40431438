"""The backbone as a poet: it writes after a title, after words, or after nothing.

    [CLS]秋夕[SEP] -> 银烛秋光…[SEP]

The form, the period, the sentiment, the author and a latent of the VAE become one
condition of all its LayerNorms (kexue.fm/archives/7124).

This file knows neither words nor the search.

Shapes: B rows, L tokens, P predictions, Z latent units, C condition units, D units.
"""

import keras
from keras import ops

from nlg.backbone.unilm import UniLM
from nlg.decode.seq2seq import read, writer
from nlg.layers.losses import SymmetricKL, nats_of


class Writer(keras.Model):
    """The network; its loss is added inside, so `fit` needs no targets."""

    def __init__(
        self,
        unilm: UniLM,
        latent_units: int,
        r_drop: float = 0.0,
        name: str = "writer",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self.unilm = unilm
        self.latent_units = latent_units
        self.latent = keras.layers.Dense(
            unilm.config.condition_size, use_bias=False, name="latent"
        )
        self.agreement = SymmetricKL(r_drop, name="agreement") if r_drop else None

    def build(self, inputs_shape=None):
        """Create the projection of latents; `unilm` is built already."""
        self.latent.build((None, self.latent_units))
        self.built = True

    def call(self, inputs, training=None):
        """Return -log p of each target in nats, (P,); the loss is added inside.

        Args:
            inputs: what `nlg.poem.writer.train.batches.inputs` returns.
            training: drop out.
        """
        inputs = self.conditioned(inputs)
        logits = self._logits(inputs, training)
        nats = nats_of(logits, inputs["targets"])
        if training and self.agreement:
            again = self._logits(inputs, training)
            self.agreement(logits, again, ops.ones_like(nats))
            nats = (nats + nats_of(again, inputs["targets"])) / 2
        self.add_loss(ops.mean(nats))
        return nats

    def _logits(self, inputs, training):
        """Return the scores (P, V) of the tokens of each prediction."""
        states = self.unilm(inputs, training=training)
        flat = ops.reshape(states, (-1, ops.shape(states)[-1]))  # (B * L, D)
        picked = ops.take(flat, inputs["places"], axis=0)  # (P, D)
        rows = inputs["places"] // ops.shape(inputs["token_ids"])[1]
        condition = ops.take(self.unilm.condition_of(inputs), rows, axis=0)
        return self.unilm.logits(picked, condition)

    def conditioned(self, inputs):
        """Return the backbone's inputs: the latents as the vector of its condition."""
        return {**inputs, "condition": self.latent(inputs["latents"])}

    def read(self, inputs):
        """Read sources once.

        Args:
            inputs: `token_ids` (B, S), padding at the end, `class_ids` (B, 4) and
                `latents` (B, Z).
        """
        return read(self.unilm, self.conditioned(inputs))

    def writer(self, reading, beams):
        """Return the seam's `next_log_probs` after `reading`, for K beams a row."""
        return writer(self.unilm, reading, beams)

    def empty_cache(self, rows, length):
        """Return an empty cache for `rows` lines of `length` tokens."""
        return self.unilm.empty_cache(rows, length)


def build_model(unilm: UniLM, latent_units: int, r_drop: float = 0.0) -> Writer:
    """Return a built writer on `unilm`."""
    model = Writer(unilm, latent_units, r_drop)
    model.build()
    return model
