"""The second line of a couplet as a label for each character of the first.

After kexue.fm/archives/6270: characters embedded, gated dilated convolutions, a softmax
at every place. Beyond the post, frequent pairs of neighbours have vectors too
(`nlg.couplet.pairs`), and a thin head lets each place see the two characters written
before it, so that words come out whole. That view is dropped at random in training:
without it the head gives the plain softmax of the post, which the search picks its
candidates from.

One network does three things, by its mode: write the second line from the first, the
first from the second, and a first line from a few of its characters.

This file knows neither characters nor rules.

Shapes: B lines, T characters, E embedding, D units, V vocabulary, P pairs.
"""

import keras
from keras import ops

from nlg.couplet.config import MODES, CoupletConfig
from nlg.couplet.train.options import CoupletTraining
from nlg.layers.attention import ResidualAttention
from nlg.layers.context import ContextHead, before
from nlg.layers.convolution import GatedConvolution
from nlg.layers.losses import MaskedCrossEntropy
from nlg.layers.measured import Measured, by_group
from nlg.layers.vocabulary import TiedVocabulary

DILATIONS = (1, 2, 4)  # repeated up to the depth


class CoupletTagger(Measured):
    """The network; its loss is added inside, so `fit` needs no targets."""

    def __init__(self, config: CoupletConfig, name: str = "couplet", **kwargs):
        super().__init__(MODES, name=name, **kwargs)
        self.config = config
        units = config.units
        self.vocabulary = TiedVocabulary(
            config.vocab_size, config.embedding_units, name="vocabulary"
        )
        self.pairs = TiedVocabulary(config.pairs, config.embedding_units, name="pairs")
        self.mode = keras.layers.Embedding(len(MODES), units, name="mode")
        self.read = keras.layers.Dense(units, name="read")
        self.blocks = [
            GatedConvolution(
                units,
                dilation=DILATIONS[i % len(DILATIONS)],
                dropout=config.dropout,
                name=f"block_{i}",
            )
            for i in range(config.blocks)
        ]
        self.attentions = {
            i: ResidualAttention(
                config.heads, dropout=config.dropout, name=f"attention_{i}"
            )
            for i in range(config.blocks)
            if config.attend_every and (i + 1) % config.attend_every == 0
        }
        self.head = ContextHead(units, name="head")
        self.write = keras.layers.Dense(config.embedding_units, name="write")
        self.cross_entropy = MaskedCrossEntropy(name="cross_entropy")
        self.seeds = keras.random.SeedGenerator()

    def build(self, inputs_shape=None):
        """Create every weight; no input is needed to know their shapes."""
        E, D = self.config.embedding_units, self.config.units
        self.vocabulary.build()
        self.pairs.build()
        self.mode.build((None,))
        self.read.build((None, None, 3 * E))
        for block in self.blocks:
            block.build((None, None, D))
        for attention in self.attentions.values():
            attention.build((None, None, D))
        self.head.build((None, None, D), (None, None, 2 * E))
        self.write.build((None, None, D))
        self.built = True

    def call(self, inputs, training=None):
        """Return -log p of each target in nats, (B, T); the loss is added inside.

        Args:
            inputs: a dict of `token_ids` (B, T), `pair_ids` (B, T + 1), `mode` (B,),
                `targets` (B, T) and `weights` (B, T), 0 where nothing is charged.
            training: drop out.
        """
        places = self.places(
            inputs["token_ids"], inputs["pair_ids"], inputs["mode"], training=training
        )
        context = before(self.vocabulary(inputs["targets"]))  # (B, T, 2 * E)
        if training:
            draws = keras.random.uniform(ops.shape(inputs["targets"]), seed=self.seeds)
            seen = ops.cast(draws >= self.config.context_dropout, context.dtype)
            context = context * seen[..., None]
        logits = self.logits(self.head(places, context))
        return self.cross_entropy(logits, inputs["targets"], inputs["weights"])

    def figures(self, inputs, outputs):
        """Return the nats of each mode."""
        return by_group(MODES, outputs, inputs["weights"], inputs["mode"][:, None])

    def places(self, token_ids, pair_ids, mode, training=None):
        """Return what each place wants before anything is written, (B, T, D)."""
        pairs = self.pairs(pair_ids)  # (B, T + 1, E)
        sides = [self.vocabulary(token_ids), pairs[:, :-1], pairs[:, 1:]]
        x = self.read(ops.concatenate(sides, axis=-1))  # (B, T, D)
        x = x + self.mode(mode)[:, None]
        for i, block in enumerate(self.blocks):
            x = block(x, training=training)
            if i in self.attentions:
                x = self.attentions[i](x, training=training)
        return x

    def logits(self, states, first=None):
        """Return the scores (..., V) of `states` (..., D) that leave the head.

        With `first`, only those of the first so many characters.
        """
        return self.vocabulary.logits(self.write(states), first)


def build_model(vocab_size: int, pairs: int, options: CoupletTraining) -> CoupletTagger:
    """Return a fresh model of the size that `options` say."""
    model = CoupletTagger(options.model(vocab_size, pairs))
    model.build()
    return model
