"""Beam search as one pure step inside one compiled loop.

The model is a function, `next_log_probs(token_ids, cache, index) -> (log_probs,
cache)`: given what each beam has written, the log-probabilities of its next token.
A rule is a function, `constraint(log_probs, token_ids, index) -> log_probs`.
This file knows neither the vocabulary nor the backbone.

Shapes: B rows, K beams, T longest output, V vocabulary. The beams of a row stand
together, flattened to B * K: exported graphs spend their time on nodes, and flat rows
need the fewest.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from keras import ops, tree

NEG_INF = -1e9  # finite, so that masked scores can be added without giving NaN
NO_END = -1  # the `end_id` of a search whose outputs all have one length

NextLogProbs = Callable[[Any, Any, Any], tuple[Any, Any]]
Constraint = Callable[[Any, Any, Any], Any]


class BeamState(NamedTuple):
    """What the search carries from one step to the next."""

    index: Any  # ()         next place to write
    token_ids: Any  # (B * K, T) int32, `pad_id` after the end
    log_probs: Any  # (B, K)     sum over the written tokens
    finished: Any  # (B * K,)   True once `end_id` was written
    cache: Any  # leaves (B * K, ...), the model's own business


def beam_search(
    next_log_probs: NextLogProbs,
    cache: Any,
    *,
    batch: Any,
    beams: int,
    length: Any,
    end_id: int = NO_END,
    pad_id: int = 0,
    constraints: Sequence[Constraint] = (),
) -> tuple[Any, Any]:
    """Return `(token_ids, log_probs)`, best first: (B, K, T) and (B, K).

    Args:
        next_log_probs: the model; it sees (B * K, T) tokens and returns (B * K, V).
        cache: leaves of (B * K, ...), reordered as beams win and lose.
        batch: B, a number or a scalar tensor.
        beams: K.
        length: T, a number or a scalar tensor.
        end_id: the token that ends an output; `NO_END` where none does.
        pad_id: what stands after the end.
        constraints: rules, applied in order before the beams are compared.
    """
    start = BeamState(
        index=ops.zeros((), "int32"),
        token_ids=ops.full((batch * beams, length), pad_id, dtype="int32"),
        log_probs=_only_the_first_beam(batch, beams),
        finished=ops.zeros((batch * beams,), "bool"),
        cache=cache,
    )

    def unfinished(*fields):
        state = BeamState(*fields)
        return ops.logical_and(
            state.index < length, ops.logical_not(ops.all(state.finished))
        )

    def extend(*fields):
        state = BeamState(*fields)
        log_probs, cache = next_log_probs(state.token_ids, state.cache, state.index)
        for constraint in constraints:
            log_probs = constraint(log_probs, state.token_ids, state.index)
        state = state._replace(cache=cache)
        return beam_step(state, log_probs, end_id=end_id, pad_id=pad_id)

    end = BeamState(*ops.while_loop(unfinished, extend, start))
    return ops.reshape(end.token_ids, (batch, beams, length)), end.log_probs


def beam_step(
    state: BeamState, log_probs: Any, *, end_id: int, pad_id: int
) -> BeamState:
    """Extend every hypothesis by one token and keep the best K of each row.

    A finished hypothesis has one continuation, `pad_id`, at no cost: it keeps the score
    it finished with and competes with the living on that.

        beams   [床前] -1.2            [明月。] -0.9, finished
        step    光 -0.1 | 月 -2.0      pad 0.0
        kept    [明月。·] -0.9         [床前光] -1.3
    """
    B, K = ops.shape(state.log_probs)
    V = log_probs.shape[-1]
    if end_id != NO_END:
        only_pad = ops.where(ops.arange(V) == pad_id, 0.0, NEG_INF)  # (V,)
        log_probs = ops.where(state.finished[:, None], only_pad, log_probs)  # (B*K, V)
    total = state.log_probs[..., None] + ops.reshape(log_probs, (B, K, V))
    best, flat = ops.top_k(ops.reshape(total, (B, K * V)), K)  # (B, K)
    flat = ops.cast(flat, "int32")
    parent = _flat_rows(flat // V, B, K)  # (B * K,)
    token = ops.reshape(flat % V, (-1,))  # (B * K,)

    token_ids = ops.take(state.token_ids, parent, axis=0)  # (B * K, T)
    here = ops.equal(
        ops.arange(ops.shape(token_ids)[1], dtype="int32"), state.index
    )  # (T,)
    finished = ops.take(state.finished, parent, axis=0)
    return BeamState(
        index=state.index + 1,
        token_ids=ops.where(here, token[:, None], token_ids),
        log_probs=best,
        finished=ops.logical_or(finished, ops.equal(token, end_id)),
        cache=tree.map_structure(
            lambda leaf: ops.take(leaf, parent, axis=0), state.cache
        ),
    )


def _only_the_first_beam(batch: Any, beams: int) -> Any:
    """Return scores (B, K) that leave one live beam: K equal ones would stay equal."""
    first = ops.convert_to_tensor([[0.0] + [NEG_INF] * (beams - 1)], "float32")
    return ops.tile(first, (batch, 1))


def _flat_rows(beam: Any, B: Any, K: int) -> Any:
    """Return the rows (B * K,) of the flattened beams that `beam` (B, K) names."""
    return ops.reshape(ops.arange(B, dtype="int32")[:, None] * K + beam, (-1,))
