"""One block of BERT: attention, then two dense layers, each added and normalised after.

Shapes: B rows, T tokens, D units, F feed-forward units, C condition.
"""

import keras
from keras import ops

from nlg.layers.attention import SelfAttention
from nlg.layers.norm import ConditionalLayerNormalization

ACTIVATIONS = {
    "gelu": lambda x: ops.gelu(x, approximate=False),
    "gelu_tanh": lambda x: ops.gelu(x, approximate=True),
    "relu": ops.relu,
}


class FeedForward(keras.layers.Layer):
    """Widen to F units, bend, and come back."""

    def __init__(self, units, activation, kernel_initializer, **kwargs):
        super().__init__(**kwargs)
        self.units, self.activation = units, activation
        self.kernel_initializer = kernel_initializer

    def build(self, inputs_shape):
        """Create the kernels (D, F) and (F, D)."""
        for name, size, units in (
            ("widen", inputs_shape[-1], self.units),
            ("narrow", self.units, inputs_shape[-1]),
        ):
            initializer = keras.initializers.get(self.kernel_initializer)
            dense = keras.layers.Dense(units, kernel_initializer=initializer, name=name)
            dense.build((None, None, size))
            setattr(self, name, dense)

    def call(self, inputs):
        """Return (..., D) from `inputs` (..., D)."""
        return self.narrow(ACTIVATIONS[self.activation](self.widen(inputs)))


class Block(keras.layers.Layer):
    """Post-norm transformer block, as in BERT (arXiv:1810.04805)."""

    def __init__(self, config, kernel_initializer, **kwargs):
        super().__init__(**kwargs)
        self.attention = SelfAttention(
            config.heads, kernel_initializer, name="attention"
        )
        self.attention_norm = ConditionalLayerNormalization(
            config.epsilon, name="attention_norm"
        )
        self.feed_forward = FeedForward(
            config.feed_forward_size,
            config.activation,
            kernel_initializer,
            name="feed_forward",
        )
        self.feed_forward_norm = ConditionalLayerNormalization(
            config.epsilon, name="feed_forward_norm"
        )
        self.dropout = keras.layers.Dropout(config.dropout, name="dropout")

    def build(self, inputs_shape, mask_shape=None, condition_shape=None):
        """Build the parts on (B, T, D)."""
        self.attention.build(inputs_shape)
        self.attention_norm.build(inputs_shape, condition_shape)
        self.feed_forward.build(inputs_shape)
        self.feed_forward_norm.build(inputs_shape, condition_shape)

    def call(self, inputs, mask, condition=None, training=None):
        """Return (B, T, D); `mask` (B, T, T) is "i sees j"."""
        attended = self.attention(inputs, mask)
        return self.after_attention(inputs, attended, condition, training)

    def after_attention(self, inputs, attended, condition=None, training=None):
        """Add what attention found to `inputs`, then the feed-forward layers."""
        attended = self.dropout(attended, training=training)
        x = self.attention_norm(inputs + attended, condition)
        widened = self.dropout(self.feed_forward(x), training=training)
        return self.feed_forward_norm(x + widened, condition)
