"""Lines that keep one of several plans: a model around a model, with a memory.

A plan says of every place which kind of token it asks for. Which plan a line keeps need
not be chosen beforehand: for each beam one number a plan is kept, 1 as long as all that
is written fits it, and a token may stand where a plan that still fits lets it stand.

    plans            after 白    after 白日    after 白日依
    仄仄平平仄           1           1             1
    平平仄仄平           0           0             0
    中平平仄仄           1           0             0

This file knows neither the vocabulary nor the model inside.

Shapes: K beams, M = B * K rows, T longest output, V vocabulary, N plans, Q kinds.
"""

from typing import Any, NamedTuple

from keras import ops

from nlg.decode.results import NEG_INF
from nlg.decode.seam import NextLogProbs, last_token


class Planned(NamedTuple):
    """What is carried from one step to the next."""

    cache: Any  # of the model inside
    fitting: Any  # (M, N) float32, 1 for each plan that all that is written fits


def follow_template(
    next_log_probs: NextLogProbs, cache: Any, *, kinds: Any, plans: Any, rows: Any
) -> tuple[NextLogProbs, Any]:
    """Return `next_log_probs`, held to lines that keep a plan, and its cache.

    The cache is `Planned`.

    Args:
        next_log_probs: the model.
        cache: its cache.
        kinds: (Q, V) float32, 1 for the tokens of a kind.
        plans: (N, T) int32, the kind that each place asks for.
        rows: M, a number or a scalar tensor.
    """

    def next_planned(token_ids, cache, index):
        inner, fitting = cache
        log_probs, inner = next_log_probs(token_ids, inner, index)
        if not (isinstance(index, int) and index == 0):
            fits = _fits(kinds, last_token(token_ids, index), _at(plans, index - 1))
            fitting = fitting * fits
        asked = ops.one_hot(_at(plans, index), ops.shape(kinds)[0])  # (N, Q)
        allowed = ops.matmul(ops.matmul(fitting, asked), kinds)  # (M, V)
        return ops.where(allowed > 0, log_probs, NEG_INF), Planned(inner, fitting)

    fitting = ops.ones((rows, ops.shape(plans)[0]), "float32")
    return next_planned, Planned(cache, fitting)


def _at(plans: Any, index: Any) -> Any:
    """Return the kind (N,) that each plan asks for at a place."""
    return ops.take(plans, index, axis=1)


def _fits(kinds: Any, token: Any, asked: Any) -> Any:
    """Return which of `token` (M,) are of the kinds `asked` (N,), 0/1 (M, N)."""
    of_token = ops.transpose(ops.take(kinds, token, axis=1))  # (M, Q)
    return ops.take(of_token, asked, axis=1)
