"""The seam between models, rules and searches, and what every search does alike.

    next_log_probs(token_ids, cache, index) -> (log_probs, cache)     a model
    constraint(log_probs, token_ids, index) -> log_probs              a rule

A model sees what each beam has written, (M, T) tokens of which the first `index` count,
and returns the log-probabilities (M, V) of the next token. `index` is the Python number
0 at the first step and a scalar tensor later: a model that has read its source knows
the first token from that, and needs no branch in the compiled loop for it. The leaves
of `cache` lead with M and follow their beams; what they hold is the model's business.

A rule lowers the log-probabilities of some tokens, most to `NEG_INF`. A rule that has
to remember something is a model around a model (`nlg.decode.fragment`).

This file knows neither the vocabulary nor the backbone.

Shapes: B rows, K beams a row, M = B * K: the beams of a row stand together; T longest
output, V vocabulary. Rows are flat because exported graphs spend their time on nodes.
"""

from collections.abc import Callable, Sequence
from typing import Any

from keras import ops, tree

NO_END = -1  # the `end_id` of a search whose outputs all have one length

NextLogProbs = Callable[[Any, Any, Any], tuple[Any, Any]]
Constraint = Callable[[Any, Any, Any], Any]


def ruled(
    next_log_probs: NextLogProbs, constraints: Sequence[Constraint]
) -> NextLogProbs:
    """Return the model `next_log_probs` under `constraints`, applied in order."""

    def next_ruled(token_ids, cache, index):
        log_probs, cache = next_log_probs(token_ids, cache, index)
        for constraint in constraints:
            log_probs = constraint(log_probs, token_ids, index)
        return log_probs, cache

    return next_ruled


def repeat_step(step: Callable, goes_on: Callable, state: Any) -> Any:
    """Return `state` after one `step`, and more of them while it `goes_on`.

    Args:
        step: state to state; state is a NamedTuple whose field `index` counts.
        goes_on: state to a scalar boolean.
        state: the start, its `index` the Python number 0.
    """
    kind = type(state)
    state = step(state)
    state = state._replace(index=ops.convert_to_tensor(state.index, "int32"))
    return kind(
        *ops.while_loop(
            lambda *fields: goes_on(kind(*fields)),
            lambda *fields: step(kind(*fields)),
            state,
        )
    )


def last_token(token_ids: Any, index: Any) -> Any:
    """Return the token (M,) that stands before place `index` of `token_ids` (M, T)."""
    return ops.take(token_ids, index - 1, axis=1)


def write_at(token_ids: Any, index: Any, token: Any) -> Any:
    """Return `token_ids` (M, T) with `token` (M, 1), or a number, at place `index`."""
    return ops.where(ops.equal(places(token_ids), index), token, token_ids)


def places(token_ids: Any) -> Any:
    """Return 0, 1, … T - 1 as int32 (T,)."""
    return ops.arange(ops.shape(token_ids)[1], dtype="int32")


def take_rows(cache: Any, rows: Any) -> Any:
    """Return the `rows` (M,) of every leaf."""
    return tree.map_structure(lambda leaf: ops.take(leaf, rows, axis=0), cache)
