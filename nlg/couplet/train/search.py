"""From a first line to second lines that keep the rules, in one graph.

    characters, pairs -> convolutions -> p(character) at every place
           -> the N best of each place under the rules that are known beforehand
           -> beam search over these by p(character) * p(character | the two before it),
              under the rule that is not known beforehand: the repeat pattern

The first factor says what answers the source, the second what makes words. Alone the
second writes what is often written, whatever it is given: docs/couplets.md has figures.

Rules come in as arrays, so this file knows no characters.

Shapes: B lines, T characters, V characters that may be written, D units, E embedding, N
slots a place, K beams, M = B * K; Q kinds of characters.
"""

from typing import Any, NamedTuple

from keras import ops

from nlg.couplet.config import SOURCE_WEIGHT
from nlg.couplet.train.model import CoupletTagger
from nlg.decode.results import NEG_INF
from nlg.decode.slots import SlotHypotheses, Slots, best_slots, by_place, fill_slots

COMMON = 4096  # a vocabulary starts with the frequent; rarer ones are read, not written


class Rules(NamedTuple):
    """What may stand where."""

    kinds: Any  # (Q, V) float: what a character of each kind is charged, 0 or less
    required: Any  # (B, T) int32: the kind that a place asks for
    usable: Any  # (B, V) float 0/1: the line may use the character
    fixed: Any  # (B, T) int32: the character that must stand here, or FREE
    same: Any  # (B, T) int32: the first place with the same character; FREE: any


FREE = -1


def answer_lines(
    model: CoupletTagger,
    token_ids: Any,
    pair_ids: Any,
    mode: Any,
    noise: Any,
    temperature: Any,
    rules: Rules,
    *,
    beams: int,
) -> SlotHypotheses:
    """Write `beams` lines for each source line.

    Args:
        model: the trained network.
        token_ids: (B, T), the source.
        pair_ids: (B, T + 1).
        mode: (B,), see `nlg.couplet.train.model.MODES`.
        noise: (B, T, N) standard Gumbel noise, scaled by the temperature; N > T, or a
            line may run out of characters.
        temperature: (), 0 for the most probable characters.
        rules: see `Rules`.
        beams: K.
    """
    rules = rules._replace(
        kinds=rules.kinds[:, :COMMON], usable=rules.usable[:, :COMMON]
    )
    places = model.places(token_ids, pair_ids, mode)  # (B, T, D)
    wishes = model.head.wanted(places)  # (B, T, 2 * D)
    free = model.logits(model.head.join(places, wishes), COMMON)  # (B, T, V)
    slots = _slots(free, rules, ops.shape(noise)[2])
    states, wishes = by_place(places, 1), by_place(wishes, 1)  # (T, B, …)

    def wanted(last, before_last, index):
        context = [_vectors(model, last), _vectors(model, before_last)]
        context = ops.concatenate(context, axis=-1)  # (M, 2 * E)
        context = ops.reshape(context, (-1, beams, ops.shape(context)[1]))
        state, wish = states[index][:, None], wishes[index][:, None]  # (B, 1, …)
        state = model.head.join(state, wish, context)  # (B, K, D)
        return model.write(ops.reshape(state, (-1, ops.shape(state)[2])))

    return fill_slots(
        wanted,
        model.vocabulary.table,
        slots,
        noise * temperature,
        beams=beams,
        n_best=beams,
        rules=[_repeat_pattern(rules, beams)],
    )


def _slots(scores: Any, rules: Rules, count: Any) -> Slots:
    """Keep the `count` best characters of each place of `scores` (B, T, V)."""
    charges = _charges(rules)  # (B, T, V)
    token_ids, _ = best_slots(scores + charges, count)
    bias = charges + SOURCE_WEIGHT * scores
    bias = ops.take_along_axis(bias, token_ids, axis=-1)  # (B, T, N)
    token_ids, bias = (_of_first(x, rules.same) for x in (token_ids, bias))
    # What is fixed stands in the first slot, and the others are closed.
    fixed = ops.not_equal(rules.fixed, FREE)[..., None]  # (B, T, 1)
    first = ops.arange(count, dtype="int32") == 0
    token_ids = ops.where(
        ops.logical_and(fixed, first), rules.fixed[..., None], token_ids
    )
    bias = ops.where(fixed, ops.where(first, 0.0, NEG_INF), bias)
    return Slots(token_ids, bias)


def _charges(rules: Rules) -> Any:
    """Return what each character is charged at each place, (B, T, V)."""
    Q, V = ops.shape(rules.kinds)
    closed = (1.0 - rules.usable) * NEG_INF  # (B, V)
    by_kind = ops.reshape(rules.kinds + closed[:, None], (-1, V))  # (B * Q, V)
    row = ops.arange(ops.shape(rules.usable)[0], dtype="int32")[:, None] * Q
    return ops.take(by_kind, row + rules.required, axis=0)


def _of_first(values: Any, same: Any) -> Any:
    """Give a place that repeats another the `values` (B, T, N) of that one."""
    B, T, N = ops.shape(values)
    source = ops.where(same == FREE, ops.arange(T, dtype="int32"), same)  # (B, T)
    rows = ops.arange(B, dtype="int32")[:, None] * T + source
    return ops.take(ops.reshape(values, (-1, N)), rows, axis=0)


def _repeat_pattern(rules: Rules, beams: int):
    """Return the rule that characters are equal exactly where the source's are."""
    same = by_place(rules.same, beams)  # (T, M)

    def rule(log_probs, written, offered, index):
        first = same[index][:, None]  # (M, 1)
        place = ops.arange(ops.shape(written)[1], dtype="int32")
        before = ops.sum(ops.where(place == first, written, 0), axis=1)[:, None]
        used = ops.any(written[:, None] == offered[..., None], axis=-1)  # (M, N)
        new = ops.logical_and(first == index, used)
        again = ops.logical_and(first < index, offered != before)
        wrong = ops.logical_and(ops.logical_or(new, again), first != FREE)
        return ops.where(wrong, log_probs + NEG_INF, log_probs)

    return rule


def _vectors(model: CoupletTagger, token_ids: Any) -> Any:
    """Return the vectors (M, E) of `token_ids` (M,), zeros where there is none."""
    vectors = model.vocabulary(ops.maximum(token_ids, 0))
    return ops.where(token_ids[:, None] >= 0, vectors, 0.0)
