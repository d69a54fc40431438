"""A search in turns: the steps of `nlg.decode.beam`, run or exported one at a time.

    begin(inputs)       -> kept, state, view      reads the source, writes one token
    go_on(kept, state)  -> state, view            writes one token more

`kept` is what is the same at every step, such as a `Reading`; `nlg.decode.stream`
shows the views. As ONNX the two are graphs of their own, with one file of weights: an
exported loop cannot be looked into while it runs.

This file knows neither the vocabulary nor the backbone.

Shapes: one row; K beams, T longest output.
"""

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras import ops, tree

from nlg.decode.beam import (
    BeamRules,
    BeamState,
    can_improve,
    first_state,
    goes_on,
    lines_of,
    score,
    stepper,
)
from nlg.decode.export import save_graph, trace
from nlg.decode.results import IMPOSSIBLE, NEG_INF
from nlg.decode.seam import NextLogProbs
from nlg.decode.stream import NEXT, View

Signature = Mapping[str, tuple[Sequence[int | None], str]]


def first_turn(
    next_log_probs: NextLogProbs, cache: Any, rules: BeamRules
) -> tuple[BeamState, View]:
    """Return the state after the first token, and what it shows.

    Args:
        next_log_probs: the model, with its constraints (`nlg.decode.seam.ruled`).
        cache: as for `beam_search`.
        rules: as in `beam_search`, of one row whose lines end.
    """
    state = stepper(next_log_probs, rules)(first_state(cache, rules))
    state = state._replace(index=ops.convert_to_tensor(state.index, "int32"))
    return state, view_of(state, rules)


def next_turn(
    next_log_probs: NextLogProbs, state: BeamState, rules: BeamRules
) -> tuple[BeamState, View]:
    """Return the state after one token more, and what it shows."""
    state = stepper(next_log_probs, rules)(state)
    return state, view_of(state, rules)


def view_of(state: BeamState, rules: BeamRules) -> View:
    """Return what the first row of `state` shows."""
    best = lines_of(state, rules)
    log_probs = state.log_probs[0]  # (K,)
    scores = score(log_probs, state.index, rules.length_penalty)
    alive = ops.logical_and(can_improve(state, rules)[0], log_probs > IMPOSSIBLE)
    # A penalty divides, so the score of what is impossible may be above `IMPOSSIBLE`.
    stands = best.log_probs[0, 0] > IMPOSSIBLE
    return View(
        written=state.index,
        living=state.token_ids,
        living_scores=ops.where(alive, scores, NEG_INF),
        ended=best.token_ids[0, 0],
        ended_score=ops.where(stands, best.scores[0, 0], NEG_INF),
        done=ops.logical_not(goes_on(state, rules)),
    )


def export_turns(
    begin: Callable[..., tuple[Any, BeamState, View]],
    go_on: Callable[[Any, BeamState], tuple[BeamState, View]],
    model: keras.Model,
    signature: Signature,
    read: pathlib.Path,
    step: pathlib.Path,
    weights: pathlib.Path,
    int8: bool = False,
) -> None:
    """Write `begin` and `go_on` as the graphs that `nlg.decode.stream.turns_of` runs.

    Args:
        begin: of the inputs that `signature` names.
        go_on: of the first two things that `begin` returns.
        model: the owner of the variables that both use.
        signature: shape and dtype of each input of `begin`; one row.
        read: the file for `begin`.
        step: the file for `go_on`.
        weights: see `nlg.decode.export.export_onnx`.
        int8: see there too.
    """
    kept, state, _ = _shapes(begin, signature)
    of_kept, of_state = _names("kept", kept), _names("state", state)
    names = [*of_kept, *of_state]

    def flat_begin(*inputs):
        kept, state, view = begin(*inputs)
        return [*_leaves((kept, state)), *view]

    def flat_go_on(*leaves):
        state_and_view = go_on(*_filled((kept, state), leaves))
        return _leaves(state_and_view)

    carried = zip(names, _leaves((kept, state)), strict=True)
    inner = {name: (x.shape.as_list(), x.dtype.name) for name, x in carried}
    of_next = [NEXT + name for name in of_state]
    for function, inputs, outputs, path in (
        (flat_begin, signature, [*names, *View._fields], read),
        (flat_go_on, inner, [*of_next, *View._fields], step),
    ):
        save_graph(trace(function, model, inputs, outputs), path, weights, int8)


def _shapes(function: Callable, signature: Signature) -> Any:
    """Return what `function` returns, shapes and dtypes in place of arrays."""
    import tensorflow as tf

    specs = [tf.TensorSpec(shape, dtype) for shape, dtype in signature.values()]
    compiled = tf.function(function, autograph=False)
    return compiled.get_concrete_function(*specs).structured_outputs


def _names(kind: str, structure: Any) -> list[str]:
    return [f"{kind}_{number}" for number, _ in enumerate(_leaves(structure))]


def _leaves(structure: Any) -> list[Any]:
    """Return the arrays of `structure`, in order; None is none."""
    return [leaf for leaf in tree.flatten(structure) if leaf is not None]


def _filled(structure: Any, leaves: Sequence[Any]) -> Any:
    """Return `structure` with `leaves` in place of its own."""
    rest = iter(leaves)
    return tree.map_structure(lambda x: x if x is None else next(rest), structure)
