"""A head that copies: what is written next may be a token of the source.

A pointer-generator (arXiv:1704.04368) on a backbone that reads and writes:

    p = (1 - g) softmax(logits) + g copy

copy is a softmax over the places of the source, by a new query of the state against
keys that the backbone has anyway; a token's share is that of all its places. g starts
near 0, so a backbone with this head writes at first as it did without.

    source      春    眠    不    觉    晓    处    处    闻
    shares     .05   .05   .05   .05   .10   .30   .20   .20
    of tokens  .05   .05   .05   .05   .10   .50   .50   .20     处 stands twice

What was written may have been copied already. So a place also gets a score for how many
of the tokens before it are the ones written last; the state decides what that is worth:

    written     眠 不
    source      春    眠    不    觉    晓    处    处    闻
    runs         0     0     1     2     0     0     0     0     觉 goes on with 眠不

The gate sees the state and what the copy looks at, as in the paper: whether a name ends
shows in what follows it in the source.

Without runs a small model needs far more examples than a question set has before it
copies the second token of a name after the first (docs/qa.md has figures).

This file knows neither the vocabulary nor the backbone.

Shapes: B rows, N states a row, S places of source, D units, V vocabulary, P states.
"""

import keras
from keras import ops

from nlg.layers.attention import NEG_INF

CLOSED = -5.0  # the gate's bias at the start: g = 0.7 %
LONGEST_RUN = 4  # longer runs count as this
GOING_ON = (
    3.0,
    5.0,
    6.0,
    7.0,
)  # at the start, added to the score after a run of 1, 2, …
LEAST = 1e-30  # a probability that float32 still holds, and whose logarithm is -69


class CopyHead(keras.layers.Layer):
    """The query, the gate and what runs are worth; functions do the rest."""

    def build(self, states_shape, keys_shape=None):
        """Create the query (D, D), the gate (2 D, 1), almost shut, and runs (D, 4)."""
        units = states_shape[-1]
        self.query = keras.layers.Dense(units, name="query")
        self.gate = keras.layers.Dense(
            1,
            kernel_initializer="zeros",
            bias_initializer=keras.initializers.Constant(CLOSED),
            name="gate",
        )
        self.runs = keras.layers.Dense(
            LONGEST_RUN,
            kernel_initializer="zeros",
            bias_initializer=lambda shape, dtype: ops.convert_to_tensor(
                GOING_ON, dtype
            ),
            name="runs",
        )
        self.query.build((None, units))
        self.gate.build((None, 2 * units))
        self.runs.build((None, units))

    def call(self, states, keys):
        """Return the score of every place, float32 (B, N, S).

        Args:
            states: (B, N, D).
            keys: (B, D, S).
        """
        scale = states.shape[-1] ** -0.5
        return ops.cast(ops.matmul(self.query(states) * scale, keys), "float32")

    def bonus(self, states, runs):
        """Return what is added to the scores of places, float32 (..., S).

        Args:
            states: (..., D).
            runs: (..., S) int32, 0 to `LONGEST_RUN`: see `runs_after`.
        """
        worth = ops.cast(self.runs(states), "float32")  # (..., 4)
        chosen = ops.take_along_axis(worth, ops.maximum(runs - 1, 0), axis=-1)
        return ops.where(runs > 0, chosen, 0.0)

    def openness(self, states, seen):
        """Return the logit of g, float32 (...).

        Args:
            states: (..., D).
            seen: (..., D), the mean of the keys by their shares of the copy.
        """
        seen = ops.cast(seen, states.dtype)
        both = ops.concatenate([states, seen], axis=-1)
        return ops.cast(self.gate(both)[..., 0], "float32")


def copy_nats(nats, openness, scores, is_open, holds):
    """Return -log p(target) of the mixture in nats, (P,); no (P, V) is made.

    Args:
        nats: (P,), -log p(target) of the vocabulary alone.
        openness: (P,), the logit of g.
        scores: (P, S), of every place.
        is_open: (P, S) bool, the places that may be copied; one at least.
        holds: (P, S) bool, those of them that hold the target; none if it must be
            written.
    """
    scores = ops.where(is_open, scores, NEG_INF)
    copied = ops.logsumexp(ops.where(holds, scores, NEG_INF), axis=-1)
    copied = copied - ops.logsumexp(scores, axis=-1)
    return -ops.logaddexp(
        ops.log_sigmoid(-openness) - nats, ops.log_sigmoid(openness) + copied
    )


def runs_after(token_ids, source, runs):
    """Return how many tokens before each place are those written last, (P, S).

    Args:
        token_ids: (P,), the tokens written last.
        source: (P, S) token ids.
        runs: (P, S), before them; zeros at first.
    """
    longer = ops.minimum(runs + 1, LONGEST_RUN)
    longer = ops.where(ops.equal(source, token_ids[:, None]), longer, 0)
    return ops.pad(longer, [[0, 0], [1, 0]])[:, :-1]


def same_tokens(token_ids):
    """Return 1.0 where two places hold one token, (B, S, S), of `token_ids` (B, S).

    With it a product adds up the shares of a token: `shares @ same_tokens(token_ids)`.
    """
    return ops.cast(ops.equal(token_ids[:, :, None], token_ids[:, None]), "float32")


def copy_log_probs(logits, openness, shares, token_ids):
    """Return the logarithm of the mixture, float32 (P, V).

    Args:
        logits: (P, V).
        openness: (P,), the logit of g.
        shares: (P, S) of the *token* at each place, all its places added up, so that
            one place may stand for them all.
        token_ids: (P, S).
    """
    P, V = ops.shape(token_ids)[0], logits.shape[-1]
    copied = ops.sigmoid(openness)[:, None]  # (P, 1)
    first = ops.arange(P, dtype="int32")[:, None] * V
    flat = ops.reshape(first + token_ids, (-1, 1))  # (P * S, 1)
    # Places of one token write one value: graphs know no sum over indices.
    blank = ops.zeros((P * V,), "float32")
    of_tokens = ops.scatter_update(blank, flat, ops.reshape(shares * copied, (-1,)))
    written = ops.softmax(ops.cast(logits, "float32"), axis=-1)
    written *= ops.sigmoid(-openness)[:, None]  # 1 - g, also where that is tiny
    mixed = written + ops.reshape(of_tokens, (P, V))
    return ops.log(ops.maximum(mixed, LEAST))
