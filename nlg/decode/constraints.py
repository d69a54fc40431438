"""Rules on the seam: constraint(log_probs, token_ids, index) -> log_probs.

A rule lowers what it forbids to `NEG_INF` and leaves the rest as the model said, so
rules may be applied in any order and any number, and a line that no rule touches keeps
its score. Arrays of a rule may be NumPy constants or inputs of the compiled graph.

This file knows neither words nor models; what a token may be is told in ids.

Shapes: B rows, K beams, M = B * K, T longest output, V vocabulary, Q kinds of token.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from nlg.decode.results import NEG_INF
from nlg.decode.seam import Constraint, places

FREE = -1  # in an array of forced tokens: any token may stand here


def banned(token_ids: Sequence[int]) -> Constraint:
    """Forbid tokens everywhere.

    Example: `banned([vocabulary.ids["死"]])` keeps a word out of every line.
    """

    def rule(log_probs, written, index):
        V = log_probs.shape[-1]
        closed = np.isin(np.arange(V), np.asarray(token_ids, int)) * NEG_INF  # (V,)
        return log_probs + closed.astype("float32")

    return rule


def allowed_by_place(kinds: Any, kind_at: Any, beams: int) -> Constraint:
    """Allow at every place only the tokens of one kind.

    Args:
        kinds: (Q, V) float, 1 for the tokens of a kind.
        kind_at: (B, T) int32, the kind that a place asks for.
        beams: K.

    Example: with the kinds 平 and 仄, kind_at [[0, 0, 1, 1, 0]] is 平平仄仄平.
    """
    closed = (1.0 - ops.cast(kinds, "float32")) * NEG_INF  # (Q, V)

    def rule(log_probs, written, index):
        kind = ops.repeat(ops.take(kind_at, index, axis=1), beams, axis=0)  # (M,)
        return log_probs + ops.take(closed, kind, axis=0)

    return rule


def forced(tokens: Any, beams: int) -> Constraint:
    """Ask for given tokens at given places; a forced prefix is those of the first.

    Args:
        tokens: (B, T) int32, `FREE` where any token may stand.
        beams: K.

    Example: 春 _ _ 花 is [[春, FREE, FREE, 花, FREE]].
    """

    def rule(log_probs, written, index):
        wanted = ops.repeat(ops.take(tokens, index, axis=1), beams, axis=0)[:, None]
        here = ops.equal(vocabulary(log_probs), wanted)  # (M, V)
        open_ = ops.logical_or(here, ops.equal(wanted, FREE))
        return ops.where(open_, log_probs, NEG_INF)

    return rule


def at_least(length: Any, end_id: int) -> Constraint:
    """Forbid the end before `length` tokens stand, a number or a scalar tensor."""

    def rule(log_probs, written, index):
        ends = ops.equal(vocabulary(log_probs), end_id)  # (V,)
        early = ops.less(ops.cast(index, "int32"), ops.cast(length, "int32"))
        return ops.where(ops.logical_and(ends, early), NEG_INF, log_probs)

    return rule


def at_most(length: Any, end_id: int, beams: int) -> Constraint:
    """Ask for the end after `length` tokens, (B,): a maximum of its own for every row.

    With `at_least` of the same it asks for lines of one length.
    """

    def rule(log_probs, written, index):
        most = ops.repeat(ops.cast(length, "int32"), beams, axis=0)  # (M,)
        full = most <= index
        others = ops.not_equal(vocabulary(log_probs), end_id)  # (V,)
        closed = ops.logical_and(full[:, None], others)
        return ops.where(closed, NEG_INF, log_probs)

    return rule


def no_repeated_ngram(n: int) -> Constraint:
    """Forbid a token that would complete `n` tokens that already stand in the line.

    With n = 2, 春花秋月 may go on with 夜 but, after 春花秋月春, not with 花.
    """

    def rule(log_probs, written, index):
        return _close(log_probs, written, _follows_an_ngram(written, index, n))

    return rule


def no_stray_repeat(again: Any, doubled: Any) -> Constraint:
    """Forbid every token that stands in the line, but for some, and words like 处处.

    Args:
        again: (V,) bool, tokens that may stand any number of times.
        doubled: (T,) bool, places that may repeat the token before them.
    """

    def rule(log_probs, written, index):
        stands = places(written) < index
        used = tokens_among(written, stands, log_probs.shape[-1])  # (M, V)
        last = ops.take(written, ops.maximum(index - 1, 0), axis=1)[:, None]
        twice = ops.equal(vocabulary(log_probs), last)
        twice = ops.logical_and(twice, ops.take(doubled, index))
        stray = ops.logical_and(used, ops.logical_not(ops.logical_or(again, twice)))
        return ops.where(stray, NEG_INF, log_probs)

    return rule


def repetition_penalty(penalty: Any) -> Constraint:
    """Divide the probability of written tokens, as a power: p becomes p ** penalty.

    CTRL (arXiv:1909.05858, 4.1) divides scores before the softmax; log-probabilities
    are never positive, so multiplying them lowers them whatever their offset.

    Args:
        penalty: a number or a scalar tensor; 1 changes nothing, 1.2 is usual.
    """

    def rule(log_probs, written, index):
        stands = places(written) < index
        again = tokens_among(written, stands, log_probs.shape[-1])
        return log_probs * ops.where(again, ops.cast(penalty, "float32"), 1.0)

    return rule


def narrow(beam: Any, beams: int) -> Constraint:
    """Let only the `beam` best of K beams go on: a search with fewer, in one graph."""

    def rule(log_probs, written, index):
        rank = ops.arange(ops.shape(log_probs)[0], dtype="int32") % beams
        return ops.where(rank[:, None] < beam, log_probs, NEG_INF)

    return rule


def vocabulary(log_probs: Any) -> Any:
    """Return the ids 0, 1, … V - 1 of what `log_probs` (M, V) are of."""
    return ops.arange(log_probs.shape[-1], dtype="int32")


def tokens_among(token_ids: Any, marked: Any, size: int) -> Any:
    """Return of every token whether a marked place holds it, bool (M, V).

    Args:
        token_ids: (M, S) int32 below V; a negative one is no token.
        marked: (M, S) or (S,) bool.
        size: V.
    """
    M = ops.shape(token_ids)[0]
    marked = ops.logical_and(marked, token_ids >= 0)
    column = ops.where(marked, token_ids, size)  # what is not marked falls behind V
    row = ops.arange(M, dtype="int32")[:, None] * (size + 1)
    flat = ops.reshape(row + column, (-1, 1))  # (M * S, 1)
    blank = ops.zeros((M * (size + 1),), "float32")
    found = ops.scatter_update(blank, flat, ops.ones_like(flat[:, 0], "float32"))
    return ops.reshape(found, (M, size + 1))[:, :size] > 0


def _close(log_probs: Any, token_ids: Any, marked: Any) -> Any:
    """Forbid the tokens at the marked places (M, S) or (S,)."""
    closed = tokens_among(token_ids, marked, log_probs.shape[-1])
    return ops.where(closed, NEG_INF, log_probs)


def _follows_an_ngram(written: Any, index: Any, n: int) -> Any:
    """Return which places follow a copy of the last n - 1 tokens, bool (M, T)."""
    place = places(written)
    follows = ops.logical_and(place < index, place >= n - 1)  # (T,)
    for back in range(1, n):
        last = ops.take(written, ops.maximum(index - back, 0), axis=1)[:, None]
        before = _shifted(written, back)  # (M, T): the token `back` places before
        follows = ops.logical_and(follows, ops.equal(before, last))
    return follows


def _shifted(token_ids: Any, by: int) -> Any:
    """Return `token_ids` (M, T) moved `by` places to the right, -1 in front."""
    moved = ops.pad(token_ids, [[0, 0], [by, 0]], constant_values=-1)
    return moved[:, : ops.shape(token_ids)[1]]
