"""The line must be a fragment of its source: a model around a model, with a memory.

For each beam one boolean a source token is kept: may the line go on with it? At first
any token may begin; then only those that follow a place where the line so far matches.

    source          春 眠 不 觉 晓 处 处 闻
    before 处       1  1  1  1  1  1  1  1
    after 处                          1  1      处 or 闻 may follow
    after 处处                           1      闻

This file knows neither the vocabulary nor the model inside.

Shapes: B rows, K beams, M = B * K, S source tokens, T longest output, V vocabulary.
"""

from collections.abc import Callable
from typing import Any

from keras import ops

from nlg.decode.constraints import tokens_among, vocabulary
from nlg.decode.results import NEG_INF
from nlg.decode.seam import NextLogProbs, last_token

NO_TOKEN = -1  # stands between two sources, and where a source is shorter than S


def fragment_of(
    sources: Any,
    next_log_probs: NextLogProbs,
    cache: Any,
    *,
    beams: int,
    end_id: int,
    open_sources: Callable[[Any], Any] | None = None,
    free: Any = False,
) -> tuple[NextLogProbs, Any]:
    """Return `next_log_probs`, held to fragments of `sources`, and its cache.

    The end is always allowed; `at_least(1, …)` asks for a fragment that is not empty.

    Args:
        sources: (B, S) int32. Several sources of a row stand one after another with
            `NO_TOKEN` between them, so that no fragment crosses a border.
        next_log_probs: the model.
        cache: its cache.
        beams: K.
        end_id: the token that ends a line.
        open_sources: of the model's cache, which source tokens count, bool (M, S);
            by default all do.
        free: a scalar bool, an input of a graph perhaps: no line is held to anything.
    """
    offered = ops.repeat(ops.convert_to_tensor(sources, "int32"), beams, axis=0)

    def next_in_fragment(token_ids, cache, index):
        inner, follows = cache
        log_probs, inner = next_log_probs(token_ids, inner, index)
        if not (isinstance(index, int) and index == 0):
            follows = _after(last_token(token_ids, index), offered, follows)
        counts = follows if open_sources is None else follows & open_sources(inner)
        allowed = tokens_among(offered, counts, log_probs.shape[-1])  # (M, V)
        allowed = ops.logical_or(allowed, ops.equal(vocabulary(log_probs), end_id))
        allowed = ops.logical_or(allowed, free)
        return ops.where(allowed, log_probs, NEG_INF), (inner, follows)

    return next_in_fragment, (cache, ops.ones_like(offered, "bool"))


def join_sources(sources: Any, pad_id: int = 0) -> Any:
    """Return sources (B, P, S) side by side, (B, P * (S + 1)), apart by `NO_TOKEN`."""
    B, P, S = ops.shape(sources)
    sources = ops.where(ops.equal(sources, pad_id), NO_TOKEN, sources)
    apart = ops.pad(sources, [[0, 0], [0, 0], [0, 1]], constant_values=NO_TOKEN)
    return ops.reshape(apart, (B, P * (S + 1)))


def _after(token: Any, offered: Any, follows: Any) -> Any:
    """Return where the line may go on after `token` (M,): one right of its matches."""
    matched = ops.logical_and(follows, ops.equal(offered, token[:, None]))  # (M, S)
    return ops.pad(matched, [[0, 0], [1, 0]], constant_values=False)[:, :-1]
