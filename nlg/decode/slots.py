"""Beam search over the few best characters of each place, where the length is known.

A model that wants something at every place at once (a poem's page, the answer to a line
of a couplet) and has a thin head that sees the last two characters needs no vocabulary
in its loop: the N best allowed characters of a place, its slots, are enough. What the
search writes are numbers of slots; `fill_slots` gives them back as characters.

This file knows neither characters nor rules.

Shapes: B rows, T places, N slots a place, K beams, M = B * K, E units of the table, V
vocabulary.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from keras import ops

from nlg.decode.beam import beam_search

NONE = -1  # the character before the first

# (last, before_last, index) -> what the place wants, (M, E); the two are (M,), or NONE
Wanted = Callable[[Any, Any, Any], Any]
# (log_probs, written, offered, index) -> log_probs (M, N), given the characters written
# (M, T), NONE from `index` on, and those offered (M, N)
SlotRule = Callable[[Any, Any, Any, Any], Any]


class Slots(NamedTuple):
    """The N best characters of each place."""

    token_ids: Any  # (B, T, N) int32
    bias: Any  # (B, T, N) added to their scores: NEG_INF closes a slot


class SlotHypotheses(NamedTuple):
    """What the search wrote, the best of a row first."""

    token_ids: Any  # (B, n_best, T) int32
    log_probs: Any  # (B, n_best) sum of log p(character | the two before it, its slots)


def fill_slots(
    wanted: Wanted,
    table: Any,
    slots: Slots,
    noise: Any,
    *,
    beams: int,
    n_best: int = 1,
    rules: Sequence[SlotRule] = (),
) -> SlotHypotheses:
    """Return the best ways to fill every place from its slots.

    Args:
        wanted: what the model wants at a place, given the two characters before it.
        table: (V, E), the vectors of all characters.
        slots: see `Slots`.
        noise: (B, T, N), added to log-probabilities: Gumbel noise makes the best choice
            a sample (arXiv:1411.0030). It sways the search, not `log_probs`.
        beams: K.
        n_best: lines a row, at most K.
        rules: may close slots, given what is written.
    """
    B, T, N = ops.shape(slots.token_ids)
    offered, bias, drawn = (by_place(x, beams) for x in (*slots, noise))  # (T, M, N)

    def next_log_probs(written, cache, index):
        token_ids = _read(slots.token_ids, written, index, beams)  # (M, T)
        state = wanted(_back(token_ids, index, 1), _back(token_ids, index, 2), index)
        vectors = ops.take(table, offered[index][::beams], axis=0)  # (B, N, E)
        state = ops.reshape(state, (B, beams, -1))
        scores = ops.matmul(state, ops.transpose(vectors, (0, 2, 1)))  # (B, K, N)
        scores = ops.reshape(scores, (B * beams, N)) + bias[index]
        log_probs = ops.log_softmax(scores, axis=-1) + drawn[index]
        for rule in rules:
            log_probs = rule(log_probs, token_ids, offered[index], index)
        return log_probs, cache

    found = beam_search(
        next_log_probs, (), batch=B, beams=beams, length=T, n_best=n_best
    )
    luck = ops.sum(_at_slots(noise, found.token_ids), axis=-1)  # (B, n_best)
    token_ids = _at_slots(slots.token_ids, found.token_ids)
    return SlotHypotheses(token_ids, found.log_probs - luck)


def best_slots(scores: Any, count: int) -> tuple[Any, Any]:
    """Return the `count` best characters of each place and their scores, (B, T, N)."""
    values, token_ids = ops.top_k(scores, count)
    return ops.cast(token_ids, "int32"), values


def by_place(rows: Any, beams: int) -> Any:
    """Return `rows` (B, T, ...) as (T, M, ...): a step reads one slice of each."""
    everyone = ops.repeat(rows, beams, axis=0)
    return ops.transpose(everyone, (1, 0, *range(2, len(rows.shape))))


def _back(token_ids: Any, index: Any, steps: int) -> Any:
    """Return the character (M,) `steps` places before `index`, or NONE."""
    place = ops.maximum(index - steps, 0)
    return ops.where(index >= steps, ops.take(token_ids, place, axis=1), NONE)


def _at_slots(values: Any, written: Any) -> Any:
    """Return, of `values` (B, T, N), those at the slots `written` (B, n_best, T)."""
    B, T, N = ops.shape(values)
    first = ops.reshape(ops.arange(B * T, dtype="int32") * N, (B, 1, T))
    return ops.take(ops.reshape(values, (-1,)), first + written, axis=0)


def _read(slots: Any, written: Any, index: Any, beams: int) -> Any:
    """Return the characters (M, T) of the slots `written`; NONE from `index` on."""
    B, T, N = ops.shape(slots)
    row = ops.repeat(ops.arange(B, dtype="int32"), beams)[:, None]  # (M, 1)
    place = ops.arange(T, dtype="int32")
    flat = (row * T + place) * N + written  # (M, T)
    token_ids = ops.take(ops.reshape(slots, (-1,)), flat, axis=0)
    return ops.where(place < index, token_ids, NONE)
