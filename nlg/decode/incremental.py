"""Incremental search: the steps of `nlg.decode.beam`, run one at a time.

`nlg.decode.stream` shows what each step returns; `nlg.onnx_export.incremental` writes
the steps as graphs.

This file knows neither the vocabulary nor the backbone.

Shapes: one row; K beams, T longest output.
"""

from typing import Any

from keras import ops

from nlg.decode.beam import (
    BeamRules,
    BeamState,
    can_improve,
    first_state,
    goes_on,
    hypotheses_of,
    score,
    stepper,
)
from nlg.decode.results import IMPOSSIBLE, NEG_INF
from nlg.decode.seam import NextLogProbs
from nlg.decode.stream import Snapshot


def first_step(
    next_log_probs: NextLogProbs, cache: Any, rules: BeamRules
) -> tuple[BeamState, Snapshot]:
    """Return the state after the first token, and what it shows.

    Args:
        next_log_probs: the model, with its constraints (`nlg.decode.seam.ruled`).
        cache: as for `beam_search`.
        rules: as in `beam_search`, of one row whose lines end.
    """
    state = stepper(next_log_probs, rules)(first_state(cache, rules))
    state = state._replace(index=ops.convert_to_tensor(state.index, "int32"))
    return state, snapshot_of(state, rules)


def next_step(
    next_log_probs: NextLogProbs, state: BeamState, rules: BeamRules
) -> tuple[BeamState, Snapshot]:
    """Return the state after one token more, and what it shows."""
    state = stepper(next_log_probs, rules)(state)
    return state, snapshot_of(state, rules)


def snapshot_of(state: BeamState, rules: BeamRules) -> Snapshot:
    """Return what the first row of `state` shows."""
    best = hypotheses_of(state, rules)
    log_probs = state.log_probs[0]  # (K,)
    scores = score(log_probs, state.index, rules.length_penalty)
    alive = ops.logical_and(can_improve(state, rules)[0], log_probs > IMPOSSIBLE)
    # A penalty divides, so the score of what is impossible may be above `IMPOSSIBLE`.
    stands = best.log_probs[0, 0] > IMPOSSIBLE
    return Snapshot(
        written=state.index,
        living=state.token_ids,
        living_scores=ops.where(alive, scores, NEG_INF),
        ended=best.token_ids[0, 0],
        ended_score=ops.where(stands, best.scores[0, 0], NEG_INF),
        done=ops.logical_not(goes_on(state, rules)),
    )
