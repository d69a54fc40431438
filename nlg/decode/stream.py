"""Show a search while it runs: what stands for certain, and the best line so far.

The search is the one of `nlg.decode.beam`, run a step at a time by functions of
`nlg.decode.incremental` or by the graphs of `nlg.onnx_export.incremental`: what comes
out last is what `beam_search` returns. After each step two things are known of a row:

    living   床前明月 -2.1   床前看月 -2.6      stable 床前: every line that can still
    ended    床前。   -3.0                     be the answer begins so
                                              best so far 床前明月

The stable prefix never changes again, so an interface may print it; the rest it has to
be able to take back.

This file knows neither the vocabulary nor the backbone, and no Keras: a command can
stream from two ONNX files.

Shapes: one row; K beams, T longest output.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from nlg.decode.results import IMPOSSIBLE, line_of

Arrays = dict[str, np.ndarray]
NEXT = "next_"


class Snapshot(NamedTuple):
    """What a step tells of a search; the exported graphs' outputs have these names."""

    written: Any  # ()      tokens that a living beam holds
    living: Any  # (K, T)   int32, the living beams
    living_scores: Any  # (K,)  below `IMPOSSIBLE` where none can be the answer any more
    ended: Any  # (T,)      int32, the best line that has ended
    ended_score: Any  # ()  below `IMPOSSIBLE` where there is none
    done: Any  # ()         bool: the line that has ended is the answer


class StreamProgress(NamedTuple):
    """What may be shown after a step."""

    stable: list[int]  # the beginning that will not change
    best: list[int]  # the best line so far, ended or living
    done: bool  # the last step: `best` is the answer


def stream(
    begin: Callable[[], tuple[Any, Snapshot]],
    go_on: Callable[[Any], tuple[Any, Snapshot]],
    *,
    end_id: int,
    pad_id: int = 0,
    every: int = 1,
) -> Iterator[StreamProgress]:
    """Yield how far the search for one row is, after every so many tokens.

    Args:
        begin: reads the source and writes the first token; returns a state of its own
            and a snapshot of it.
        go_on: from that state to the next, and its snapshot.
        end_id: the token that ends a line.
        pad_id: what stands after the end.
        every: tokens a step.

    Example: from the files that `nlg.onnx_export.incremental` wrote,
        `stream(*steps_of(graph("read"), graph("step"), sources=tokens), end_id=SEP)`.
    """
    state, snapshot = begin()
    step = 1
    while not snapshot.done:
        if step % every == 0:
            yield progress_of(snapshot, end_id, pad_id)
        state, snapshot = go_on(state)
        step += 1
    yield progress_of(snapshot, end_id, pad_id)


def steps_of(
    read: Callable[..., Arrays], step: Callable[..., Arrays], **inputs: np.ndarray
) -> tuple[Callable, Callable]:
    """Return the `begin` and `go_on` of `stream` that two graphs run on `inputs`.

    What `read` returns besides its snapshot goes into `step`, and of that `step`
    returns what it has changed, by the same names after `NEXT`.
    """

    def begin():
        return _with_snapshot(read(**inputs))

    def go_on(state):
        found, snapshot = _with_snapshot(step(**state))
        changed = {name.removeprefix(NEXT): x for name, x in found.items()}
        return state | changed, snapshot

    return begin, go_on


def progress_of(snapshot: Snapshot, end_id: int, pad_id: int = 0) -> StreamProgress:
    """Return what may be shown of a search."""
    ended = line_of(snapshot.ended, end_id, pad_id)
    if snapshot.done:
        return StreamProgress(ended, ended, True)
    contenders = [
        (float(score), [int(token) for token in tokens[: int(snapshot.written)]])
        for score, tokens in zip(snapshot.living_scores, snapshot.living, strict=True)
    ]
    contenders = [(float(snapshot.ended_score), ended), *contenders]
    lines = [(score, line) for score, line in contenders if score > IMPOSSIBLE]
    best = max(lines, key=lambda pair: pair[0])[1]
    return StreamProgress(_common_prefix([line for _, line in lines]), best, False)


def _with_snapshot(found: Arrays) -> tuple[Arrays, Snapshot]:
    """Return the arrays to carry on, and the snapshot among them."""
    snapshot = Snapshot(*(found[name] for name in Snapshot._fields))
    return {n: x for n, x in found.items() if n not in Snapshot._fields}, snapshot


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
