"""A convolutional variational auto-encoder of whole poems.

After kexue.fm/archives/5332: characters embedded, gated convolutions, pooled to a mean
and a log-variance, a reparameterised sample, a convolutional decoder, a softmax at
every place. Beyond the post, a poem is a page of R lines by C characters, so one model
writes every form and a convolution can look down a column, where a couplet has its
counterpart; the latent steers every decoder block by Conditional Layer Normalization
(archives/7124); and a thin head lets each place see the two characters before it, so
that words come out whole. That view is dropped at random in training (word dropout,
arXiv:1511.06349): without it the head gives the plain softmax of the post, p(x_t | z).

This file knows neither characters nor rules.

Shapes: B poems, R lines, C characters a line, T = R * C, D units, Z latent units, V
vocabulary.
"""

import keras
from keras import ops

from nlg.layers.context import ContextHead, before
from nlg.layers.convolution import GatedConvolution
from nlg.layers.latent import GaussianLatent, ReconstructionLoss
from nlg.layers.measured import Measured
from nlg.layers.norm import ConditionalLayerNormalization
from nlg.layers.vocabulary import TiedVocabulary
from nlg.poem.vae.config import VAEConfig

BLOCKS = [("reading", 1), ("column", 1), ("reading", 2)]  # repeated up to the depth


class PagePosition(keras.layers.Layer):
    """Vectors (R, C, D) that tell each place of a page where it stands.

    The shape of the page is the form of the poem: 4 x 5 is 五绝, 8 x 7 七律.
    """

    def __init__(self, config, **kwargs):
        super().__init__(**kwargs)
        self.config = config

    def build(self, token_ids_shape=None):
        """Create one table of lines per page length, one of places per line length."""
        lines, columns = self.config.max_lines, self.config.max_columns
        units = self.config.units
        self.lines = self.add_weight((lines + 1, lines, units), name="lines")
        self.columns = self.add_weight((columns + 1, columns, units), name="columns")

    def call(self, token_ids):
        """Return (R, C, D) for `token_ids` (B, R, C); only their shape is read."""
        _, R, C = ops.shape(token_ids)
        lines = ops.take(self.lines, R, axis=0)[:R]  # (R, D)
        columns = ops.take(self.columns, C, axis=0)[:C]  # (C, D)
        return ops.cast(lines[:, None] + columns, self.compute_dtype)


class Encoder(keras.layers.Layer):
    """Characters (B, R, C) to the mean and log-variance (B, Z) of their latent."""

    def __init__(self, config, vocabulary, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary = vocabulary
        self.page = PagePosition(config, name="page")
        self.blocks = blocks(config.encoder_blocks, config)
        self.norm = ConditionalLayerNormalization(name="norm")
        self.attention = keras.layers.Dense(1, name="attention", dtype="float32")
        self.statistics = keras.layers.Dense(
            2 * config.latent_units,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            name="statistics",
            dtype="float32",
        )
        self.units = config.units

    def build(self, token_ids_shape):
        """Build the parts on pages of vectors (B, R, C, D)."""
        page = (None, None, None, self.units)
        self.page.build()
        for block in self.blocks:
            block.build(page)
        self.norm.build(page)
        self.attention.build((None, None, self.units))
        self.statistics.build((None, self.units))

    def call(self, token_ids, training=None):
        """Return `(mean, log_var)`, each (B, Z)."""
        x = self.vocabulary(token_ids) + self.page(token_ids)  # (B, R, C, D)
        for block in self.blocks:
            x = block(x, training=training)
        x = ops.cast(self.norm(x), "float32")
        x = ops.reshape(x, (ops.shape(x)[0], -1, self.units))  # (B, T, D)
        weights = ops.softmax(self.attention(x), axis=1)  # (B, T, 1)
        pooled = ops.sum(weights * x, axis=1)  # (B, D)
        mean, log_var = ops.split(self.statistics(pooled), 2, axis=-1)
        return mean, log_var


class Decoder(keras.layers.Layer):
    """A latent (B, Z) to one vector per place (B, T, D)."""

    def __init__(self, config, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        self.page = PagePosition(config, name="page")
        self.expand = keras.layers.Dense(config.units, name="expand")
        self.blocks = blocks(config.decoder_blocks, config)

    def build(self, latent_shape, token_ids_shape=None):
        """Build the parts; every block is conditioned on the latent."""
        self.page.build()
        self.expand.build(latent_shape)
        for block in self.blocks:
            block.build((None, None, None, self.config.units), latent_shape)

    def call(self, latent, token_ids, training=None):
        """Return (B, T, D); of `token_ids` (B, R, C) only the shape is read."""
        latent = ops.cast(latent, self.compute_dtype)
        x = self.expand(latent)[:, None, None] + self.page(token_ids)  # (B, R, C, D)
        for block in self.blocks:
            x = block(x, latent, training=training)
        return ops.reshape(x, (ops.shape(x)[0], -1, self.config.units))


class PoemVAE(Measured):
    """The auto-encoder; its two losses are added inside, so `fit` needs no targets."""

    def __init__(self, config: VAEConfig, name: str = "poem_vae", **kwargs):
        # Keras would call the second model of a process poem_vae_1, and weights are
        # found by path.
        names = ("kl", "reconstruction", "nats_per_character")
        super().__init__(names, name=name, **kwargs)
        self.config = config
        self.vocabulary = TiedVocabulary(
            config.vocab_size, config.units, name="vocabulary"
        )
        self.encoder = Encoder(config, self.vocabulary, name="encoder")
        self.latent = GaussianLatent(config.free_nats, name="latent")
        self.decoder = Decoder(config, name="decoder")
        self.head = ContextHead(config.units, name="head")
        self.reconstruction = ReconstructionLoss(name="reconstruction")
        self.seeds = keras.random.SeedGenerator()

    def build(self, token_ids_shape=None):
        """Create every weight; no input is needed to know their shapes."""
        config = self.config
        latent, places = (None, config.latent_units), (None, None, config.units)
        self.vocabulary.build()
        self.encoder.build((None, None, None))
        self.latent.build(latent, latent)
        self.decoder.build(latent)
        self.head.build(places, (None, None, 2 * config.units))
        self.built = True

    def call(self, token_ids, training=None):
        """Return each poem's -log p(x | z) and KL, (B,); the layers add the losses."""
        mean, log_var = self.encoder(token_ids, training=training)
        z, kl = self.latent(mean, log_var)
        nats = self.negative_log_likelihood(z, token_ids, training=training)
        return {"reconstruction": self.reconstruction(nats), "kl": kl}

    def figures(self, inputs, outputs):
        """Return the two parts of the loss, and the first by character."""
        nats = outputs["reconstruction"]
        _, R, C = ops.shape(inputs)
        each = nats / ops.cast(R * C, nats.dtype)
        found = {**outputs, "nats_per_character": each}
        return {name: (values, None) for name, values in found.items()}

    def negative_log_likelihood(self, z, token_ids, training=None):
        """Return -log p(x_t | z, x_t-2, x_t-1) in nats, (B, T), of (B, R, C)."""
        places = self.decoder(z, token_ids, training=training)
        flat = ops.reshape(token_ids, (ops.shape(token_ids)[0], -1))  # (B, T)
        context = self.context(flat)
        if training:
            seen = keras.random.uniform(ops.shape(flat), seed=self.seeds)
            seen = ops.cast(seen >= self.config.context_dropout, context.dtype)
            context = context * seen[..., None]
        states = self.head(places, context)
        return self.vocabulary.negative_log_likelihood(states, flat)

    def context(self, flat):
        """Return the vectors of the two characters before each place, (B, T, 2 * D)."""
        return before(self.vocabulary(flat))


def blocks(depth: int, config: VAEConfig):
    """Return `depth` gated convolutions that alternate as `BLOCKS` says."""
    return [
        GatedConvolution(
            config.units,
            dilation=dilation,
            along=along,
            dropout=config.dropout,
            name=f"block_{i}",
        )
        for i, (along, dilation) in enumerate(
            BLOCKS[i % len(BLOCKS)] for i in range(depth)
        )
    ]
