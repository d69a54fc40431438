"""Follow a finished line on the seam: how probable was each token, and what else was?

Asked for after the search, and only then, so a search that explains nothing pays
nothing. This file knows neither the vocabulary nor the backbone.

Shapes: M lines, T longest line, V vocabulary, U runners-up.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from keras import ops

from nlg.decode.seam import (
    NO_END,
    Constraint,
    NextLogProbs,
    places,
    repeat_step,
    ruled,
)


class Explanation(NamedTuple):
    """Token by token, what the model thought under its rules; 0 after the end."""

    log_probs: Any  # (M, T) of the token that stands there
    runners_up: Any  # (M, T, U) int32, the U most probable tokens, best first
    their_log_probs: Any  # (M, T, U)


class FollowState(NamedTuple):
    """What is carried from one token to the next."""

    index: Any  # ()     the token that is looked at
    ended: Any  # (M,)   True once the end stands before it
    found: Any  # Explanation, of the tokens before
    cache: Any  # leaves (M, …), the model's own business


def follow(
    next_log_probs: NextLogProbs,
    cache: Any,
    token_ids: Any,
    *,
    runners_up: int = 0,
    end_id: int = NO_END,
    pad_id: int = 0,
    constraints: Sequence[Constraint] = (),
) -> Explanation:
    """Return what the model thinks of every token of given lines.

    The rules of the search hold here too: a token that was forced has the
    probability that the model gave it, and the runners-up are those that were allowed.

    Args:
        next_log_probs: the model of the search.
        cache: a fresh one, with a row a line.
        token_ids: (M, T), whole lines.
        runners_up: U; the token that stands there is among them if it is one of the U
            most probable.
        end_id: the token that ends a line.
        pad_id: what stands where the search had not written yet.
        constraints: the rules of the search.
    """
    M, T = ops.shape(token_ids)
    model = ruled(next_log_probs, constraints)

    def step(state):
        before = ops.where(places(token_ids) < state.index, token_ids, pad_id)
        log_probs, cache = model(before, state.cache, state.index)
        here = ops.take(token_ids, state.index, axis=1)  # (M,)
        seen = _seen(log_probs, here, runners_up)
        found = [
            _put(old, new, state.index, state.ended)
            for old, new in zip(state.found, seen, strict=True)
        ]
        ended = ops.logical_or(state.ended, ops.equal(here, end_id))
        return FollowState(state.index + 1, ended, Explanation(*found), cache)

    blank = Explanation(
        ops.zeros((M, T), "float32"),
        ops.zeros((M, T, runners_up), "int32"),
        ops.zeros((M, T, runners_up), "float32"),
    )
    start = FollowState(0, ops.zeros((M,), "bool"), blank, cache)
    end = repeat_step(step, lambda state: _goes_on(state, T), start)
    return end.found


def _goes_on(state: FollowState, length: Any) -> Any:
    return ops.logical_and(state.index < length, ops.logical_not(ops.all(state.ended)))


def _seen(log_probs: Any, token: Any, runners_up: int) -> tuple[Any, Any, Any]:
    """Return of (M, V) the value of `token` (M,), and the best tokens (M, U)."""
    V = log_probs.shape[-1]
    flat = ops.arange(ops.shape(token)[0], dtype="int32") * V + token
    own = ops.take(ops.reshape(log_probs, (-1,)), flat, axis=0)
    values, best = ops.top_k(log_probs, max(runners_up, 1))
    return own, ops.cast(best, "int32")[:, :runners_up], values[:, :runners_up]


def _put(old: Any, new: Any, index: Any, ended: Any) -> Any:
    """Return `old` (M, T, …) with `new` (M, …) at place `index` of unfinished lines."""
    here = ops.logical_and(
        places(old) == index, ops.logical_not(ended)[:, None]
    )  # (M, T)
    if len(old.shape) == 3:
        here, new = here[..., None], new[:, None]
    else:
        new = new[:, None]
    return ops.where(here, new, old)
