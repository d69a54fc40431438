"""Gated one-dimensional convolutions over a line, or over a page of lines.

GLU convolution (arXiv:1612.08083, as in kexue.fm/archives/5332): half of the filters
are the content, the other half, through a sigmoid, say how much of it passes.

Shapes: B pages, R lines, C characters a line, D units.
"""

import keras
from keras import ops

from nlg.layers.norm import ConditionalLayerNormalization


class GatedConvolution(keras.layers.Layer):
    """Residual gated convolution of width three over (B, R, C, D) or (B, T, D).

    `along="reading"` looks at the characters before and after in reading order, over
    line ends, `dilation` places away. `along="column"` looks at the same place of the
    lines above and below, where a couplet has its counterpart.

        reading, dilation 1        column
        春 眠 不 觉 晓              春 眠 不 觉 晓
        处 [闻 啼 鸟] 夜            处 闻 [啼] 鸟 夜     (one above, one below)
    """

    def __init__(self, units, dilation=1, along="reading", dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.dilation, self.along = units, dilation, along
        self.norm = ConditionalLayerNormalization(name="norm")
        self.filters = keras.layers.Dense(2 * units, name="filters")
        self.dropout = keras.layers.Dropout(dropout, name="dropout")

    def build(self, inputs_shape, condition_shape=None):
        """Create the kernel (3 * D, 2 * D) and the norm before it."""
        self.norm.build(inputs_shape, condition_shape)
        self.filters.build((None, 3 * inputs_shape[-1]))

    def call(self, inputs, condition=None, training=None, texts=None):
        """Return the shape of `inputs`: they plus what the gate lets pass.

        Args:
            inputs: (B, R, C, D) or (B, T, D).
            condition: of the norm.
            training: drop out.
            texts: (B, T) int32, the text of a line that each place belongs to: places
                of other texts are not seen. By default all of a line is one.
        """
        x = self.norm(inputs, condition)
        x = self._column(x) if self.along == "column" else self._reading(x, texts)
        content, gate = ops.split(x, 2, axis=-1)  # (B, R, C, D) each
        return inputs + self.dropout(content * ops.sigmoid(gate), training=training)

    def _reading(self, x, texts):
        """Filter the page as one line of R * C characters."""
        *shape, D = ops.shape(x)
        line = ops.reshape(x, (shape[0], -1, D))
        windows = self._windows(line, self.dilation)  # (B, R * C, 3 * D)
        if texts is not None:
            windows = self._within(windows, texts)
        return ops.reshape(self.filters(windows), (*shape, 2 * self.units))

    def _column(self, x):
        """Filter each column of the page as a line of R characters."""
        return self.filters(self._windows(x, 1))

    def _within(self, windows, texts):
        """Return `windows` (B, T, 3 * D), zeros where they leave their text."""
        B, T, width = ops.shape(windows)
        sides = self._windows(texts[..., None], self.dilation)  # (B, T, 3)
        own = ops.cast(ops.equal(sides, texts[..., None]), windows.dtype)
        apart = ops.reshape(windows, (B, T, 3, -1)) * own[..., None]
        return ops.reshape(apart, (B, T, width))

    @staticmethod
    def _windows(x, step):
        """Put the neighbours `step` before and after on axis 1 beside each place.

        One wide product is what a CPU's matrix unit and ONNX Runtime do fastest.
        """
        edges = [(0, 0)] * len(x.shape)
        edges[1] = (step, step)
        padded = ops.pad(x, edges)
        before, after = padded[:, : -2 * step], padded[:, 2 * step :]
        return ops.concatenate([before, x, after], axis=-1)
