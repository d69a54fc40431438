"""Multi-head self-attention that reads whole sequences, or one token with a cache.

Shapes: B rows, T tokens, D units, H heads, d = D / H; in a step K beams a row, M = B *
K, S tokens of source, W places for written tokens.
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

    def step(self, inputs, source, written, seen_source, seen_written):
        """Let one new token a beam look at its source, at what it wrote, at itself.

        The source stands once a row, whatever the beams: that is most of what a step
        reads.

        Args:
            inputs: (M, D), the new tokens.
            source: keys (B, H, d, S) and values (B, H, S, d).
            written: keys (M, H, W, d) and values (M, H, W, d).
            seen_source: scores to add, (B, 1, 1, S): 0 where seen, `NEG_INF` elsewhere.
            seen_written: the same for the written places, (W,).

        Returns:
            (M, D), and the new token's own key and value, each (M, H, 1, d).
        """
        M, H, d = ops.shape(inputs)[0], self.heads, self.head_size
        B = ops.shape(source[0])[0]
        one = (M, H, 1, d)
        query = ops.reshape(self.query(inputs), one) * d**-0.5
        key, value = (ops.reshape(f(inputs), one) for f in (self.key, self.value))
        # One product for all beams of a row: (B, H, K, d) x (B, H, d, S).
        by_row = ops.transpose(ops.reshape(query, (B, -1, H, d)), (0, 2, 1, 3))
        to_source = ops.matmul(by_row, source[0]) + seen_source  # (B, H, K, S)
        to_source = ops.reshape(
            ops.transpose(to_source, (0, 2, 1, 3)), (M, H, 1, ops.shape(source[0])[-1])
        )
        to_written = ops.matmul(query, ops.transpose(written[0], (0, 1, 3, 2)))
        to_itself = ops.sum(query * key, axis=-1, keepdims=True)  # (M, H, 1, 1)
        scores = ops.concatenate(
            [to_source, to_written + seen_written, to_itself], axis=-1
        )
        shares = self.probabilities(scores)  # (M, H, 1, S + W + 1)
        S, W = ops.shape(source[0])[-1], ops.shape(written[0])[2]
        from_source = ops.reshape(shares[..., :S], (B, -1, H, S))
        from_source = ops.matmul(
            ops.transpose(from_source, (0, 2, 1, 3)), source[1]
        )  # (B, H, K, d)
        from_source = ops.reshape(ops.transpose(from_source, (0, 2, 1, 3)), one)
        from_written = ops.matmul(shares[..., S : S + W], written[1])
        mixed = from_source + from_written + shares[..., S + W :] * value
        joined = self.output_projection(ops.reshape(mixed, (M, H * d)))
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
