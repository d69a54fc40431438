"""Show a search while it runs: what stands for certain, and the best line so far.

The search is the one of `nlg.decode.beam`, a few steps at a time: what comes out last
is what `beam_search` returns. After each turn two things are known of a row:

    living   床前明月 -2.1   床前看月 -2.6      stable 床前: every line that can still
    ended    床前。   -3.0                     be the answer begins so
                                              best so far 床前明月

The stable prefix never changes again, so an interface may print it; the rest it has to
be able to take back.

This file knows neither the vocabulary nor the backbone.

Shapes: one row; K beams, N lines, T longest output.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from keras import ops, tree

from nlg.decode.beam import (
    BeamRules,
    BeamState,
    Lines,
    can_improve,
    first_state,
    goes_on,
    lines_of,
    score,
    stepper,
)
from nlg.decode.results import IMPOSSIBLE, line_of
from nlg.decode.seam import NextLogProbs

Step = Callable[[BeamState], BeamState]


class Progress(NamedTuple):
    """What may be shown after a turn."""

    stable: list[int]  # the beginning that will not change
    best: list[int]  # the best line so far, ended or living
    done: bool  # the last turn: `best` is the answer


def stream(
    next_log_probs: NextLogProbs,
    cache: Any,
    rules: BeamRules,
    *,
    every: int = 1,
    compile_step: Callable[[Step], Step] = lambda step: step,
) -> Iterator[Progress]:
    """Yield how far the search for one row is, after every so many tokens.

    Args:
        next_log_probs: the model, with its constraints (`nlg.decode.seam.ruled`).
        cache: as for `beam_search`.
        rules: as in `beam_search`, of one row.
        every: tokens a turn.
        compile_step: makes the step fast, such as `tf.function(…, jit_compile=True)`;
            the step is called with and without a tensor for its index.
    """
    step = compile_step(stepper(next_log_probs, rules))
    state = first_state(cache, rules)
    while True:
        for _ in range(every):
            state = step(state)
            if not bool(goes_on(state, rules)):
                break
        progress = progress_of(state, rules)
        yield progress
        if progress.done:
            return


def progress_of(state: BeamState, rules: BeamRules) -> Progress:
    """Return what may be shown of the first row of `state`."""
    if not bool(goes_on(state, rules)):
        lines = _numpy(lines_of(state, rules))
        best = line_of(lines.token_ids[0, 0], rules.end_id, rules.pad_id)
        return Progress(best, best, True)
    contenders = [line for _, line in _contenders(state, rules)]
    return Progress(_common_prefix(contenders), contenders[0], False)


def _contenders(state: BeamState, rules: BeamRules) -> list[tuple[float, list[int]]]:
    """Return (score now, line) of all that may still win, the best first."""
    index = int(state.index)
    lines = []
    if bool(can_improve(state, rules)[0]):
        now = _numpy(score(state.log_probs, index, rules.length_penalty))[0]
        for worth, tokens in zip(now, _numpy(state.token_ids), strict=True):
            if worth > IMPOSSIBLE:
                lines.append((float(worth), [int(x) for x in tokens[:index]]))
    ended: Lines = _numpy(state.ended)
    if ended.log_probs[0, 0] > IMPOSSIBLE:
        line = line_of(ended.token_ids[0], rules.end_id, rules.pad_id)
        lines.append((float(ended.scores[0, 0]), line))
    return sorted(lines, key=lambda pair: -pair[0])


def _common_prefix(lines: list[list[int]]) -> list[int]:
    """Return what all lines begin with.

    Example:
        >>> _common_prefix([[5, 6, 7], [5, 6], [5, 6, 8]])
        [5, 6]
    """
    prefix = []
    for tokens in zip(*lines, strict=False):
        if len(set(tokens)) > 1:
            break
        prefix.append(tokens[0])
    return prefix


def _numpy(result: Any) -> Any:
    return tree.map_structure(lambda x: np.asarray(ops.convert_to_numpy(x)), result)
