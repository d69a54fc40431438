"""Multi-head self-attention that reads whole sequences, or one token with a cache.

Shapes: B rows, T tokens, D units, H heads, d = D / H; in a step R sources, K beams a
source, M = R * K, S tokens of source, W places for written tokens.
"""

import keras
from keras import ops

NEG_INF = -1e9  # finite, so that a masked score gives no NaN


class Probabilities(keras.layers.Layer):
    """Scores (B, H, T, T) to the attention matrix: a softmax in float32."""

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

    def call(self, inputs, mask):
        """Return (B, T, D) from `inputs` (B, T, D); `mask` (B, T, T) is "i sees j"."""
        keys, values = self.keys_and_values(inputs)
        return self.attend(inputs, keys, values, mask)

    def keys_and_values(self, inputs):
        """Return the keys and values of `inputs` (B, T, D), each (B, T, H, d)."""
        return self._split(self.key(inputs)), self._split(self.value(inputs))

    def attend(self, inputs, keys, values, mask):
        """Return (B, T, D): every token of `inputs` looks at `keys` under `mask`."""
        query = self._split(self.query(inputs))  # (B, T, H, d)
        if self.fused:
            mixed = ops.dot_product_attention(
                query, keys, values, mask=mask[:, None], scale=self.head_size**-0.5
            )
        else:
            scores = ops.einsum("bihd,bjhd->bhij", query, keys) * self.head_size**-0.5
            scores = ops.where(mask[:, None], scores, ops.cast(NEG_INF, scores.dtype))
            mixed = ops.einsum("bhij,bjhd->bihd", self.probabilities(scores), values)
        return self._join(mixed)

    def step(self, inputs, source, written, seen_source, seen_written, passages=1):
        """Let one new token a beam look at its source, at what it wrote, at itself.

        The source stands once a row, whatever the beams: that is most of what a step
        reads, and all beams of a row read it in one product.

        Args:
            inputs: (M, D), the new tokens.
            source: keys (R, H, d, S) and values (R, H, S, d).
            written: keys (M, H, W, d) and values (M, H, W, d).
            seen_source: scores to add, (R, 1, 1, S): 0 where seen, `NEG_INF` elsewhere.
            seen_written: the same for the written places, (W,).
            passages: P sources a question, R = B * P; the order of M is then question,
                beam, passage.

        Returns:
            (M, D), and the new token's own key and value, each (M, H, 1, d).
        """
        H, d = self.heads, self.head_size
        R, S = ops.shape(source[0])[0], ops.shape(source[0])[-1]
        W = ops.shape(written[0])[2]

        def by_source(x, n):  # (M, H, 1, n) -> (R, H, K, n)
            x = ops.reshape(x, (R // passages, -1, passages, H, n))
            return ops.reshape(ops.transpose(x, (0, 2, 3, 1, 4)), (R, H, -1, n))

        def by_beam(x, n):  # (R, H, K, n) -> (M, H, 1, n)
            x = ops.reshape(x, (R // passages, passages, H, -1, n))
            return ops.reshape(ops.transpose(x, (0, 3, 1, 2, 4)), (-1, H, 1, n))

        one = (-1, H, 1, d)
        query = ops.reshape(self.query(inputs), one) * d**-0.5
        key, value = (ops.reshape(f(inputs), one) for f in (self.key, self.value))
        to_source = ops.matmul(by_source(query, d), source[0])  # (R, H, K, S)
        to_written = ops.matmul(query, ops.transpose(written[0], (0, 1, 3, 2)))
        to_itself = ops.sum(query * key, axis=-1, keepdims=True)  # (M, H, 1, 1)
        own = ops.concatenate([to_written + seen_written, to_itself], axis=-1)
        scores = [to_source + seen_source, by_source(own, W + 1)]
        shares = self.probabilities(ops.concatenate(scores, axis=-1))
        from_source = by_beam(ops.matmul(shares[..., :S], source[1]), d)
        own = by_beam(shares[..., S:], W + 1)  # (M, H, 1, W + 1)
        from_written = ops.matmul(own[..., :W], written[1])  # (M, H, 1, d)
        mixed = from_source + from_written + own[..., W:] * value
        joined = self.output_projection(ops.reshape(mixed, (-1, H * d)))
        return joined, key, value

    def _split(self, x):
        """Return (B, T, D) as (B, T, H, d)."""
        return ops.reshape(x, (*ops.shape(x)[:2], self.heads, self.head_size))

    def _join(self, mixed):
        """Project the heads (B, T, H, d) back to (B, T, D)."""
        B, T = ops.shape(mixed)[:2]
        return self.output_projection(
            ops.reshape(mixed, (B, T, self.heads * self.head_size))
        )
