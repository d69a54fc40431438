"""Lines that are to hold certain words: a model that leans to them, around a plan.

The odds of a token that begins a wanted word, or goes on with one that is begun, are
multiplied by e ** gain: where a word is written is left to the model. The gain of a
beginning may differ from place to place, say grow as long as the word is missing. Where
no plan that still fits has room for the whole word it is not begun.

    wanted 秋思, 明月       明 and 秋 are favoured
    江上              →    明 and 秋
    江上明            →    月, and 秋
    江上明月          →    秋 alone: 明月 stands

What comes out are log-probabilities of p e ** gain, normalised, so that a line is worth
less if it leaves a word out.

This file knows neither the vocabulary nor the model inside.

Shapes: M rows, T longest output, V vocabulary, P plans, Q kinds, W words of up to N
tokens.
"""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from nlg.decode.constraints import vocabulary
from nlg.decode.seam import NextLogProbs, places

BEFORE = -2  # what stands before the first place; no word has it


class Keywords(NamedTuple):
    """Words that a line is to hold."""

    words: Any  # (W, N) int32, `NO_TOKEN` after the end and in a row of no word
    begin: Any  # (T,) float32, gain of a word that begins at a place, in nats
    go_on: Any  # () float32, gain of one that is begun


class KeywordProgress(NamedTuple):
    """How far the words are written."""

    begun: Any  # (M, W) int32, how many of a word's tokens stand right before a place
    complete: Any  # (M, W) bool, the last of its tokens stands there


def boost_keywords(
    next_log_probs: NextLogProbs,
    cache: Any,
    *,
    kinds: Any,
    plans: Any,
    wanted: Keywords,
    rows: Any,
) -> tuple[NextLogProbs, Any]:
    """Return `next_log_probs` leaning to the words, and its cache.

    Args:
        next_log_probs: a model that `follow_template` returned; rules may be around it.
        cache: its cache, which tells what plans still fit.
        kinds: (Q, V) float32, as the plans have it.
        plans: (P, T) int32, the same.
        wanted: the words.
        rows: M, a number or a scalar tensor.
    """
    room = room_for(kinds, plans, wanted.words)  # (P, T, W)

    def next_leaning(token_ids, cache, index):
        planned, said = cache
        log_probs, planned = next_log_probs(token_ids, planned, index)
        fits = ops.matmul(planned.fitting, ops.take(room, index, axis=1)) > 0  # (M, W)
        begin = ops.where(fits, ops.take(wanted.begin, index), 0.0)
        if isinstance(index, int) and index == 0:  # nothing is written
            token = ops.zeros_like(said, "int32") + wanted.words[:, 0]
            return lean(log_probs, token, begin), (planned, said)
        progress = progress_of(wanted.words, token_ids, index)
        said = ops.maximum(said, ops.cast(progress.complete, "float32"))
        begin = ops.where(_stand(wanted.words[:, 1:], token_ids, index), 0.0, begin)
        gain = ops.where(progress.begun > 0, wanted.go_on, begin) * (1.0 - said)
        token = _token_at(wanted.words, progress.begun)
        return lean(log_probs, token, gain), (planned, said)

    said = ops.zeros((rows, ops.shape(wanted.words)[0]), "float32")
    return next_leaning, (cache, said)


def room_for(kinds: Any, plans: Any, words: Any) -> Any:
    """Return where each plan lets a whole word stand from a place on, 0/1 (P, T, W)."""
    N, T = words.shape[1], ops.shape(plans)[1]
    of_word = ops.take(kinds, ops.maximum(ops.transpose(words), 0), axis=1)  # (Q, N, W)
    within = ops.arange(N, dtype="int32")
    place = ops.arange(T, dtype="int32")[:, None] + within  # (T, N)
    asked = ops.take(plans, ops.minimum(place, T - 1), axis=1)  # (P, T, N)
    row = asked * N + within
    fits = ops.take(ops.reshape(of_word, (-1, ops.shape(words)[0])), row, axis=0)
    fits = ops.where((place < T)[..., None], fits, 0.0)  # (P, T, N, W)
    return ops.min(ops.where(ops.transpose(words) < 0, 1.0, fits), axis=2)


def progress_of(words: Any, token_ids: Any, index: Any) -> KeywordProgress:
    """Return how far `words` are written before place `index` of `token_ids` (M, T).

    Of a word of N tokens the last N written are compared with each of its beginnings:

        春花秋月   □□□春  □□春花  □春花秋  春花秋月      □ is anything
    """
    N = words.shape[1]
    count = np.arange(1, N + 1, dtype="int32")
    at = ops.arange(-N, 0, dtype="int32") + index  # (N,), the last is just before
    last = ops.take(token_ids, ops.maximum(at, 0), axis=1)
    last = ops.where(at < 0, BEFORE, last)  # (M, N)
    behind = np.arange(N) - (N - count[:, None])  # (C, N), of beginnings of C tokens
    anything = ops.convert_to_tensor(behind < 0)
    count = ops.convert_to_tensor(count)
    starts = ops.take(words, np.maximum(behind, 0).astype("int32"), axis=1)  # (W, C, N)
    same = ops.equal(last[:, None, None], starts)  # (M, W, C, N)
    stands = ops.all(ops.logical_or(same, anything), axis=-1)  # (M, W, C)
    length = ops.sum(ops.cast(words >= 0, "int32"), axis=1)[:, None]  # (W, 1)
    begun = ops.logical_and(stands, count < length)
    complete = ops.logical_and(stands, ops.equal(length, count))
    return KeywordProgress(
        ops.max(ops.where(begun, count, 0), axis=-1), ops.any(complete, axis=-1)
    )


def lean(log_probs: Any, token: Any, gain: Any) -> Any:
    """Return log p e ** gain, normalised.

    Args:
        log_probs: (M, V); what rules forbid has none of the gain.
        token: (M, W) int32 in V, or `NO_TOKEN`; one that stands twice gains twice.
        gain: (M, W) in nats.
    """
    here = ops.equal(vocabulary(log_probs), token[..., None])  # (M, W, V)
    more = ops.sum(ops.where(here, gain[..., None], 0.0), axis=1)  # (M, V)
    gained = ops.add(log_probs, more)
    added = ops.sum(ops.exp(gained) - ops.exp(log_probs), axis=-1, keepdims=True)
    return gained - ops.log(1.0 + added)


def _token_at(words: Any, begun: Any) -> Any:
    """Return the next token (M, W) of words of which `begun` (M, W) tokens stand."""
    here = ops.equal(ops.arange(words.shape[1], dtype="int32"), begun[..., None])
    return ops.sum(ops.where(here, words, 0), axis=-1)


def _stand(words: Any, token_ids: Any, index: Any) -> Any:
    """Return whether a token of each of `words` (W, N) is written, bool (M, W)."""
    written = ops.where(places(token_ids) < index, token_ids, BEFORE)  # (M, T)
    same = ops.equal(written[:, None, None], words[None, :, :, None])  # (M, W, N, T)
    return ops.any(same, axis=(2, 3))
