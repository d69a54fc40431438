"""Multi-head self-attention that reads whole sequences, or one token with a cache.

Shapes: B rows, T tokens, D units, H heads, d = D / H; in a step R sources, K beams a
source, M = R * K, S tokens of source, W places for written tokens.
"""

import keras
from keras import ops

from nlg.layers.norm import ConditionalLayerNormalization

NEG_INF = -1e9  # finite, so that a masked score gives no NaN


class Probabilities(keras.layers.Layer):
    """Scores (B, H, T, T) to the attention matrix: a softmax in float32."""

    def build(self, scores_shape=None):
        """Have no weights."""
        self.built = True

    def call(self, scores):
        """Return probabilities of the shape of `scores`, in the compute dtype."""
        return ops.cast(ops.softmax(ops.cast(scores, "float32")), self.compute_dtype)


class SelfAttention(keras.layers.Layer):
    """Attend to a sequence under a mask (arXiv:1706.03762).

    Fused kernels never show the attention matrix. Set `fused` to False, and it is what
    the sub-layer `probabilities` returns.
    """

    def __init__(self, heads: int, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.heads = heads
        self.kernel_initializer = kernel_initializer
        self.fused = True
        self.probabilities = Probabilities(name="probabilities")

    def build(self, inputs_shape, mask_shape=None):
        """Create the four projections (D, D)."""
        units = inputs_shape[-1]
        self.head_size = units // self.heads
        for name in ("query", "key", "value", "output_projection"):
            dense = keras.layers.Dense(
                units,
                kernel_initializer=keras.initializers.get(self.kernel_initializer),
                name=name,
            )
            dense.build((None, None, units))
            setattr(self, name, dense)
        # A fused kernel never calls it, and Keras traces a model that has an unbuilt
        # layer anew at every batch.
        self.probabilities.build()

    def call(self, inputs, mask=None):
        """Return (B, T, D) from `inputs` (B, T, D).

        Args:
            inputs: (B, T, D).
            mask: (B, T, T) bool, "i sees j"; by default all see all.
        """
        mask = None if mask is None else mask[:, None]  # (B, 1, T, T)
        query, keys, values = (
            self._split(project(inputs))  # (B, T, H, d)
            for project in (self.query, self.key, self.value)
        )
        if self.fused:
            mixed = ops.dot_product_attention(
                query, keys, values, mask=mask, scale=self.head_size**-0.5
            )
        else:
            scores = ops.einsum("bihd,bjhd->bhij", query, keys) * self.head_size**-0.5
            if mask is not None:
                scores = ops.where(mask, scores, ops.cast(NEG_INF, scores.dtype))
            mixed = ops.einsum("bhij,bjhd->bihd", self.probabilities(scores), values)
        return self._join(mixed, inputs)

    def keys_and_values(self, inputs):
        """Return keys (B, H, d, S) and values (B, H, S, d) of `inputs` (B, S, D)."""
        keys, values = self._split(self.key(inputs)), self._split(self.value(inputs))
        return ops.transpose(keys, (0, 2, 3, 1)), ops.transpose(values, (0, 2, 1, 3))

    def look(self, inputs, keys, values, hidden):
        """Return (B, T, D): every token of `inputs` looks at keys and values.

        Args:
            inputs: (B, T, D), the tokens that look.
            keys: (B, H, d, S), of `keys_and_values`.
            values: (B, H, S, d).
            hidden: scores to add, (B, 1, T or 1, S): 0 where seen, else `NEG_INF`.
        """
        query = ops.transpose(self._split(self.query(inputs)), (0, 2, 1, 3))
        scores = ops.matmul(query * self.head_size**-0.5, keys) + hidden  # (B, H, T, S)
        mixed = ops.matmul(self.probabilities(scores), values)  # (B, H, T, d)
        return self._join(ops.transpose(mixed, (0, 2, 1, 3)), inputs)

    def step(self, inputs, source, written, seen_source, seen_written, passages=1):
        """Let one new token a beam look at its source, at what it wrote, at itself.

        The source stands once a row, whatever the beams: that is most of what a step
        reads, and all beams of a row read it in one product.

        Args:
            inputs: (M, D), the new tokens.
            source: keys (R, H, d, S) and values (R, H, S, d).
            written: keys (M, H, W, d) and values (M, H, W, d) of the tokens before,
                the latest in the last place.
            seen_source: scores to add, (R, 1, 1, S): 0 where seen, `NEG_INF` elsewhere.
            seen_written: the same for the written places, (W,), the new token's last.
            passages: P sources a question, R = B * P; the order of M is then question,
                beam, passage.

        Returns:
            (M, D), and `written` with the new token in the last place.
        """
        H, d = self.heads, self.head_size
        # Of the masks, which all layers share: an exported graph asks them once.
        R, S, W = (
            ops.shape(seen_source)[0],
            *(ops.shape(seen)[-1] for seen in (seen_source, seen_written)),
        )

        def by_source(x, n):  # (M, H, 1, n) -> (R, H, K, n)
            x = ops.reshape(x, (R // passages, -1, passages, H, n))
            return ops.reshape(ops.transpose(x, (0, 2, 3, 1, 4)), (R, H, -1, n))

        def by_beam(x, n):  # (R, H, K, n) -> (M, H, 1, n)
            x = ops.reshape(x, (R // passages, passages, H, -1, n))
            return ops.reshape(ops.transpose(x, (0, 3, 1, 2, 4)), (-1, H, 1, n))

        one = (-1, H, 1, d)
        query = ops.reshape(self.query(inputs), one) * d**-0.5
        keys, values = (
            ops.concatenate([before[:, :, 1:], ops.reshape(f(inputs), one)], axis=2)
            for before, f in zip(written, (self.key, self.value), strict=True)
        )
        to_source = ops.matmul(by_source(query, d), source[0])  # (R, H, K, S)
        to_written = ops.matmul(query, ops.transpose(keys, (0, 1, 3, 2)))
        scores = [to_source + seen_source, by_source(to_written + seen_written, W)]
        shares = self.probabilities(ops.concatenate(scores, axis=-1))
        mixed = by_beam(ops.matmul(shares[..., :S], source[1]), d)  # (M, H, 1, d)
        mixed = mixed + ops.matmul(by_beam(shares[..., S:], W), values)
        joined = self.output_projection(ops.reshape(mixed, (-1, H * d)))
        return joined, keys, values

    def _split(self, x):
        """Return (B, T, D) as (B, T, H, d)."""
        return ops.reshape(x, (*ops.shape(x)[:2], self.heads, self.head_size))

    def _join(self, mixed, inputs):
        """Project the heads (B, T, H, d) back to (B, T, D); B and T of `inputs`.

        tf2onnx may take a transposed tensor's shape for that of what it was before, so
        `mixed` is not asked for its own.
        """
        B, T = ops.shape(inputs)[:2]
        return self.output_projection(
            ops.reshape(mixed, (B, T, self.heads * self.head_size))
        )


class ResidualAttention(keras.layers.Layer):
    """Let every token see all others, and add what it finds; pre-norm.

    A fresh one adds nothing, so it may stand in a model that was trained without it.
    """

    def __init__(self, heads: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.norm = ConditionalLayerNormalization(name="norm")
        self.attention = SelfAttention(heads, name="attention")
        self.dropout = keras.layers.Dropout(dropout, name="dropout")

    def build(self, inputs_shape):
        """Create the norm and the projections (D, D), the last of them zeros."""
        self.norm.build(inputs_shape)
        self.attention.build(inputs_shape)
        kernel = self.attention.output_projection.kernel
        kernel.assign(ops.zeros(kernel.shape))

    def call(self, inputs, training=None):
        """Return (B, T, D) from `inputs` (B, T, D)."""
        found = self.attention(self.norm(inputs))
        return inputs + self.dropout(found, training=training)
