"""The backbone as a writer of text of a class, and how it writes.

    [CLS] -> 房间很干净。[SEP]           class: positive
    [CLS]房间 -> 又小又吵。[SEP]          class: negative

Each token sees those before it. The class is the condition of all LayerNorms
(kexue.fm/archives/7124), as form and period are where poems are written.

This file knows no words.

Shapes: B rows, S source tokens, T tokens of a text, V vocabulary.
"""

from typing import Any

import keras
from keras import ops

from nlg.backbone.unilm import UniLM
from nlg.decode import sample as sampling
from nlg.decode.constraints import at_least, banned, no_repeated_ngram
from nlg.decode.guidance import BOTH, guided, twice
from nlg.decode.seq2seq import read, writer
from nlg.layers.losses import MaskedCrossEntropy
from nlg.text.vocab import CLS_ID, MASK_ID, PAD_ID, SEP_ID, UNK_ID

REPEATED = 4  # so many tokens never stand twice in a text


class Writer(keras.Model):
    """The network; its loss is added inside, so `fit` needs no targets."""

    def __init__(self, unilm: UniLM, name="writer", **kwargs):
        super().__init__(name=name, **kwargs)
        self.unilm = unilm
        self.cross_entropy = MaskedCrossEntropy(name="cross_entropy")

    def build(self, inputs_shape=None):
        """Have nothing of its own to build: `unilm` comes built."""
        self.built = True

    def call(self, inputs, training=None):
        """Return -log p of each target in nats, (B, T); the loss is added inside.

        Args:
            inputs: what `nlg.write.train.batches.inputs` returns.
            training: drop out.
        """
        states = self.unilm(inputs, training=training)  # (B, T, D)
        logits = self.unilm.logits(states, self.unilm.condition_of(inputs))
        charged = ops.not_equal(inputs["targets"], PAD_ID)
        return self.cross_entropy(logits, inputs["targets"], charged)


def draw(
    unilm: UniLM,
    inputs: Any,
    length: Any,
    noise: Any,
    temperature: Any,
    top_p: Any,
    guidance: Any = None,
) -> sampling.Samples:
    """Draw the rest of a text a row: `token_ids` (B, T) and their `log_probs` (B,).

    Args:
        unilm: trained.
        inputs: `token_ids` (B, S), [CLS] and how the text begins, and `class_ids`
            (B, 1), 0 where there is none.
        length: T, a number or a scalar tensor.
        noise: (B, T or more) uniform in [0, 1).
        temperature: above 0.
        top_p: see `nlg.decode.sample.top_p`; at most `sampling.MOST` are drawn from.
        guidance: how much further from what is written without a class; None compares
            with nothing.
    """
    rows = ops.shape(inputs["token_ids"])[0]

    def after(inputs, rows):
        return writer(unilm, read(unilm, inputs), 1), unilm.empty_cache(rows, length)

    if guidance is None:
        next_log_probs, cache = after(inputs, rows)
    else:
        unconditioned = {**inputs, "class_ids": ops.zeros_like(inputs["class_ids"])}
        next_log_probs, cache = after(twice(inputs, unconditioned), BOTH * rows)
        next_log_probs, cache = guided(next_log_probs, cache, guidance)
    return sampling.sample(
        next_log_probs,
        cache,
        rows=rows,
        length=length,
        noise=noise,
        end_id=SEP_ID,
        constraints=[
            banned([PAD_ID, UNK_ID, CLS_ID, MASK_ID]),
            at_least(1, SEP_ID),
            no_repeated_ngram(REPEATED),
        ],
        filters=[
            sampling.temperature(temperature),
            sampling.top_p(top_p, sampling.MOST),
        ],
    )


def build_model(unilm: UniLM) -> Writer:
    """Return `unilm` with a loss."""
    model = Writer(unilm)
    model.build()
    return model
