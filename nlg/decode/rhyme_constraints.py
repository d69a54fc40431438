"""Rules on the seam for verse whose rhymes change and whose lines are said again.

    争渡。争渡。惊起一滩鸥鹭。     rhymes    g g g: one part for a group of places
                                 again     the second 争渡 is the first

Which part a group rhymes in need not be chosen: the parts that are open to it are those
that all its feet so far are in. All rules are functions of what is written, so they
keep nothing between steps.

This file knows neither words nor models; rules take ids of tokens.

Shapes: M rows, T longest output, V vocabulary, G groups, P parts, N pairs of tokens.
"""

from typing import Any

from keras import ops

from nlg.decode.constraints import tokens_among, vocabulary
from nlg.decode.results import NEG_INF
from nlg.decode.seam import Constraint, last_token, places

NONE = -1  # in an array over places: no group, no place that is said again


def one_part_a_group(
    parts: Any, open_parts: Any, group_at: Any, kind_at: Any
) -> Constraint:
    """Allow at a place of a group the tokens of a part that all its feet are in.

    Args:
        parts: (2, P, V) float, 1 for the tokens of a part, in each of two kinds of
            rhyme (level, oblique); the same part of both may rhyme.
        open_parts: (G, P) float, 1 for the parts that a group may rhyme in.
        group_at: (T,) int32, the group of a place, or `NONE`.
        kind_at: (T,) int32, 0 or 1: the kind of rhyme of a place.
    """

    def rule(log_probs, written, index):
        here = ops.take(group_at, index)
        before = ops.logical_and(ops.equal(group_at, here), places(written) < index)
        level, oblique = (ops.take(parts[k], written, axis=1) for k in (0, 1))
        feet = ops.where(kind_at[:, None] == 0, *map(_last, (level, oblique)))
        fits = ops.min(ops.where(before[:, None], feet, 1.0), axis=1)  # (M, P)
        fits = fits * ops.take(open_parts, ops.maximum(here, 0), axis=0)
        allowed = ops.matmul(fits, ops.take(parts, ops.take(kind_at, index), axis=0))
        return ops.where(ops.logical_or(allowed > 0, here == NONE), log_probs, NEG_INF)

    return rule


def said_again(source_at: Any) -> Constraint:
    """Ask at a place for the token of the place that it says again.

    Args:
        source_at: (T,) int32, a place before, or `NONE`.
    """

    def rule(log_probs, written, index):
        source = ops.take(source_at, index)
        wanted = ops.take(written, ops.maximum(source, 0), axis=1)[:, None]  # (M, 1)
        free = ops.logical_or(ops.equal(vocabulary(log_probs), wanted), source == NONE)
        return ops.where(free, log_probs, NEG_INF)

    return rule


def no_repeated_foot(group_at: Any, source_at: Any) -> Constraint:
    """Forbid at a foot the tokens of all feet before, but where one is said again."""

    def rule(log_probs, written, index):
        feet = ops.logical_and(group_at != NONE, places(written) < index)  # (T,)
        used = tokens_among(written, feet, log_probs.shape[-1])  # (M, V)
        foot = ops.take(group_at, index) != NONE
        new = ops.logical_and(foot, ops.take(source_at, index) == NONE)
        return ops.where(ops.logical_and(used, new), NEG_INF, log_probs)

    return rule


def no_pair_against(
    pairs: Any, against: Any, kind_at: Any, source_at: Any
) -> Constraint:
    """Forbid pairs of tokens where one of them is read against what its place asks for.

    A token that stands before one that is said again must suit that one, too.

    Args:
        pairs: (N, 2) int32, tokens that stand side by side.
        against: (N, 2) int32, the kind of place that each may not stand in, or `NONE`.
        kind_at: (T,) int32, what kind a place is.
        source_at: (T,) int32, see `said_again`.
    """
    first, second = pairs[:, 0], pairs[:, 1]

    def rule(log_probs, written, index):
        T, V = ops.shape(written)[1], log_probs.shape[-1]
        M = ops.shape(written)[0]
        before = _wrong(against, ops.maximum(index - 1, 0), index, kind_at)  # (N,)
        last = last_token(written, ops.maximum(index, 1))[:, None]  # (M, 1)
        wrong = ops.logical_and(ops.equal(first, last), before)
        wrong = ops.logical_and(wrong, index > 0)  # (M, N)
        follows = ops.minimum(index + 1, T - 1)
        source = ops.take(source_at, follows)
        next_ = ops.take(written, ops.maximum(source, 0), axis=1)[:, None]
        after = _wrong(against, index, follows, kind_at)
        ahead = ops.logical_and(ops.equal(second, next_), after)
        ahead = ops.logical_and(ahead, source != NONE)
        rows = ops.ones((M, 1), "int32")
        closed = ops.logical_or(
            tokens_among(rows * second, wrong, V), tokens_among(rows * first, ahead, V)
        )
        free = ops.take(source_at, index) != NONE  # what is said again is suited to
        return ops.where(
            ops.logical_and(closed, ops.logical_not(free)), NEG_INF, log_probs
        )

    return rule


def _last(parts: Any) -> Any:
    """Return the parts of tokens (P, M, T) as (M, T, P)."""
    return ops.transpose(parts, (1, 2, 0))


def _wrong(against: Any, place: Any, follows: Any, kind_at: Any) -> Any:
    """Return which pairs (N,) may not stand at a place and the one that follows."""
    kinds = ops.stack([ops.take(kind_at, place), ops.take(kind_at, follows)])
    return ops.any(ops.equal(against, kinds), axis=-1)
