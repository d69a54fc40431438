"""Show a search while it runs: what stands for certain, and the best line so far.

The search is the one of `nlg.decode.beam`, run a turn at a time by functions of
`nlg.decode.incremental` or by the graphs of `nlg.onnx_export.incremental`: what comes
out last is what `beam_search` returns. After each turn two things are known of a row:

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


class View(NamedTuple):
    """What a turn tells of a search; the exported graphs' outputs have these names."""

    written: Any  # ()      tokens that a living beam holds
    living: Any  # (K, T)   int32, the living beams
    living_scores: Any  # (K,)  below `IMPOSSIBLE` where none can be the answer any more
    ended: Any  # (T,)      int32, the best line that has ended
    ended_score: Any  # ()  below `IMPOSSIBLE` where there is none
    done: Any  # ()         bool: the line that has ended is the answer


class Progress(NamedTuple):
    """What may be shown after a turn."""

    stable: list[int]  # the beginning that will not change
    best: list[int]  # the best line so far, ended or living
    done: bool  # the last turn: `best` is the answer


def stream(
    begin: Callable[[], tuple[Any, View]],
    go_on: Callable[[Any], tuple[Any, View]],
    *,
    end_id: int,
    pad_id: int = 0,
    every: int = 1,
) -> Iterator[Progress]:
    """Yield how far the search for one row is, after every so many tokens.

    Args:
        begin: reads the source and writes the first token; returns a state of its own
            and a view of it.
        go_on: from that state to the next, and its view.
        end_id: the token that ends a line.
        pad_id: what stands after the end.
        every: tokens a turn.

    Example: from the files that `nlg.onnx_export.incremental` wrote,
        `stream(*turns_of(graph("read"), graph("step"), sources=tokens), end_id=SEP)`.
    """
    state, view = begin()
    turn = 1
    while not view.done:
        if turn % every == 0:
            yield progress_of(view, end_id, pad_id)
        state, view = go_on(state)
        turn += 1
    yield progress_of(view, end_id, pad_id)


def turns_of(
    read: Callable[..., Arrays], step: Callable[..., Arrays], **inputs: np.ndarray
) -> tuple[Callable, Callable]:
    """Return the `begin` and `go_on` of `stream` that two graphs run on `inputs`.

    What `read` returns besides its view goes into `step`, and of that `step` returns
    what it has changed, by the same names after `NEXT`.
    """

    def begin():
        return _with_view(read(**inputs))

    def go_on(state):
        found, view = _with_view(step(**state))
        changed = {name.removeprefix(NEXT): x for name, x in found.items()}
        return state | changed, view

    return begin, go_on


def progress_of(view: View, end_id: int, pad_id: int = 0) -> Progress:
    """Return what may be shown of a search."""
    ended = line_of(view.ended, end_id, pad_id)
    if view.done:
        return Progress(ended, ended, True)
    contenders = [
        (float(score), [int(token) for token in tokens[: int(view.written)]])
        for score, tokens in zip(view.living_scores, view.living, strict=True)
    ]
    contenders = [(float(view.ended_score), ended), *contenders]
    lines = [(score, line) for score, line in contenders if score > IMPOSSIBLE]
    best = max(lines, key=lambda pair: pair[0])[1]
    return Progress(_common_prefix([line for _, line in lines]), best, False)


def _with_view(found: Arrays) -> tuple[Arrays, View]:
    """Return the arrays to carry on, and the view among them."""
    view = View(*(found[name] for name in View._fields))
    return {n: x for n, x in found.items() if n not in View._fields}, view


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
