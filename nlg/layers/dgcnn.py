"""Gated dilated convolutions over a text that is read with a question in mind.

Su Jianlin's DGCNN (kexue.fm/archives/5409): what surrounds each token of a passage,
and one vector of the question beside each. Convolutions see from the first step that
neighbours belong together, which attention learns from far more examples.

    passage   鲁 迅 原 名 周 树 人     question   谁 的 原 名
                    |                              |
              two blocks  <------ the same ------> two blocks
                    |                              |
                    + <---- one vector, a mean ----+
                    |       by learned weights
              blocks of dilation 1 2 4 8 1 1
                    |
              one vector a token

Texts may stand in one row after another; no token sees another text's.

Shapes: B rows, T tokens, D units in, H hints, U units out.
"""

import keras
from keras import ops

from nlg.layers.attention import NEG_INF
from nlg.layers.convolution import GatedConvolution

BOTH = (1, 1)  # dilations of the blocks before the question is summed up
AFTER = (1, 2, 4, 8, 1, 1)  # and of those that know it


class DGCNN(keras.layers.Layer):
    """See the text of this file."""

    def __init__(self, units, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.norm = keras.layers.LayerNormalization(name="norm")
        self.enter = keras.layers.Dense(units, name="enter")
        self.hint = keras.layers.Dense(
            units,
            use_bias=False,
            kernel_initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="hint",
        )
        self.weigh = keras.layers.Dense(1, name="weigh")
        self.question = keras.layers.Dense(units, name="question")
        self.blocks = [
            GatedConvolution(units, dilation, dropout=dropout, name=f"block_{number}")
            for number, dilation in enumerate(BOTH + AFTER)
        ]
        self.leave = keras.layers.Dense(units, "relu", name="leave")

    def build(self, inputs_shape, hints_shape):
        """Create every weight for inputs (B, T, D) and hints (B, T, H)."""
        U = self.units
        self.norm.build(inputs_shape)
        self.enter.build(inputs_shape)
        self.hint.build(hints_shape)
        for layer in (self.weigh, self.question, *self.blocks):
            layer.build((None, None, U))
        self.leave.build((None, None, 2 * U))
        self.built = True

    def call(self, inputs, hints, texts, asks, training=None):
        """Return what surrounds each token, (B, T, U); zeros outside of the texts.

        Args:
            inputs: (B, T, D), normalised before they are used.
            hints: (B, T, H), numbers that say of a token what its vector does not.
            texts: (B, T) int32, the text that each token belongs to; 0 is none.
            asks: (B, T) int32, 1 at tokens of the text's question.
            training: drop out.
        """
        x = self.enter(self.norm(inputs)) + self.hint(hints)
        for block in self.blocks[: len(BOTH)]:
            x = block(x, training=training, texts=texts)
        question = self._summed_up(x, texts, asks)
        x = x + self.question(question)
        for block in self.blocks[len(BOTH) :]:
            x = block(x, training=training, texts=texts)
        x = self.leave(ops.concatenate([x, question], axis=-1))
        return x * ops.cast(texts != 0, x.dtype)[..., None]

    def _summed_up(self, x, texts, asks):
        """Return beside each token the vector of its text's question, (B, T, U)."""
        own = ops.equal(texts[:, :, None], texts[:, None])  # (B, T, T)
        own = ops.logical_and(own, (asks != 0)[:, None])
        scores = ops.cast(self.weigh(x)[:, None, :, 0], "float32")  # (B, 1, T)
        weights = ops.softmax(ops.where(own, scores, NEG_INF), axis=-1)
        return ops.matmul(ops.cast(weights, x.dtype), x)
