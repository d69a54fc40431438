"""Beam search as one pure step inside one compiled loop.

The seam is that of `nlg.decode.seam`; this file knows neither the vocabulary nor the
backbone. Beams that live and lines that have ended are kept apart:

                 K living beams                    pool of the N best ended lines
    step 1       床前 -1.2   明月 -1.5             (empty)
    step 2       床前光 -1.3  明月光 -1.7          明月。 -1.6
    step 3       床前光。 is better than 明月。    床前光。 -1.4   明月。 -1.6

Every living beam offers its ended self to the pool at every step, and then goes on
without ending; so a line keeps the score it ended with, and no ended line takes a place
from a living one. The search stops when no living beam can enter the pool any more.

Shapes: B rows, K beams, M = B * K, T longest output, V vocabulary, N lines wanted.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from keras import ops

from nlg.decode.results import IMPOSSIBLE, NEG_INF
from nlg.decode.seam import (
    NO_END,
    Constraint,
    NextLogProbs,
    repeat_step,
    ruled,
    take_rows,
    write_at,
)


class Hypotheses(NamedTuple):
    """Lines and what they are worth, the best of a row first.

    A line whose log-probability is below `nlg.decode.results.IMPOSSIBLE` is none: there
    were fewer than N.
    """

    token_ids: Any  # (B, N, T) int32, `pad_id` after the end; in a state (B * N, T)
    log_probs: Any  # (B, N) sum over the written tokens, the end too
    scores: Any  # (B, N) log_probs over the length penalty: what sorts the lines


class BeamState(NamedTuple):
    """What the search carries from one step to the next."""

    index: Any  # ()     next place to write
    token_ids: Any  # (M, T) int32, the living beams
    log_probs: Any  # (B, K) sums over their tokens, best first
    ended: Any  # Hypotheses, the pool; () where no line ends
    cache: Any  # leaves (M, …), the model's own business


class BeamRules(NamedTuple):
    """What does not change during a search."""

    batch: Any  # B, a number or a scalar tensor
    beams: int  # K
    n_best: int  # N
    length: Any  # T, a number or a scalar tensor
    end_id: int = NO_END  # the token that ends a line
    pad_id: int = 0  # what stands after the end
    length_penalty: Any = 0.0  # alpha of arXiv:1609.08144 eq. 14; number or scalar


def beam_search(
    next_log_probs: NextLogProbs,
    cache: Any,
    *,
    batch: Any,
    beams: int,
    length: Any,
    end_id: int = NO_END,
    pad_id: int = 0,
    n_best: int | None = None,
    length_penalty: Any = 0.0,
    constraints: Sequence[Constraint] = (),
) -> Hypotheses:
    """Return the best lines found.

    A line ends with `end_id` or at T tokens. Rules may only lower log-probabilities:
    the search stops on the promise that a longer line is less probable.

    Args:
        next_log_probs: the model; it sees (M, T) tokens and returns (M, V).
        cache: leaves of (M, …), reordered as beams win and lose.
        batch: B, a number or a scalar tensor.
        beams: K.
        length: T, a number or a scalar tensor.
        end_id: the token that ends an output; `NO_END` where none does.
        pad_id: what stands after the end.
        n_best: N; K by default. The fewer, the sooner the search may stop.
        length_penalty: see `score`.
        constraints: rules, applied in order before the beams are compared.
    """
    n_best = n_best or beams
    rules = BeamRules(batch, beams, n_best, length, end_id, pad_id, length_penalty)
    step = stepper(ruled(next_log_probs, constraints), rules)
    start = first_state(cache, rules)
    return hypotheses_of(
        repeat_step(step, lambda state: goes_on(state, rules), start), rules
    )


def score(log_probs: Any, length: Any, alpha: Any) -> Any:
    """Return `log_probs` over ((5 + length) / 6) ** alpha (arXiv:1609.08144 eq. 14).

    With alpha 0 a line is worth its probability; a greater alpha favours longer lines.

    Args:
        log_probs: any shape.
        length: tokens of the line, the end too.
        alpha: a number or a scalar tensor.
    """
    if isinstance(alpha, float | int) and not alpha:
        return log_probs
    length = ops.cast(length, "float32")
    return log_probs / ops.power((5.0 + length) / 6.0, ops.cast(alpha, "float32"))


def first_state(cache: Any, rules: BeamRules) -> BeamState:
    """Return the state before the first token."""
    batch, beams, n_best = rules.batch, rules.beams, rules.n_best

    def blank(lines):
        return ops.full((batch * lines, rules.length), rules.pad_id, dtype="int32")

    nothing: Any = ()
    if rules.end_id != NO_END:
        none = ops.full((batch, n_best), NEG_INF, dtype="float32")
        nothing = Hypotheses(blank(n_best), none, none)
    # One beam lives at first: K equal ones would stay equal.
    first = ops.convert_to_tensor([[0.0] + [NEG_INF] * (beams - 1)], "float32")
    return BeamState(0, blank(beams), ops.tile(first, (batch, 1)), nothing, cache)


def stepper(next_log_probs: NextLogProbs, rules: BeamRules):
    """Return the step, state to state, that asks `next_log_probs`."""

    def step(state: BeamState) -> BeamState:
        log_probs, cache = next_log_probs(state.token_ids, state.cache, state.index)
        return beam_step(state._replace(cache=cache), log_probs, rules)

    return step


def beam_step(state: BeamState, log_probs: Any, rules: BeamRules) -> BeamState:
    """Offer every beam's end to the pool, then extend the K best that go on.

        beams   床前 -1.2              明月 -1.5
        step    光 -0.1 | 。 -2.0      光 -0.2 | 。 -0.1
        pool    明月。 -1.6            床前。 -3.2
        kept    床前光 -1.3            明月光 -1.7

    Args:
        state: where the search is.
        log_probs: (M, V) of the next token of every beam.
        rules: what does not change.
    """
    parent, token, best = _best_ways_on(state.log_probs, log_probs, rules)
    token_ids = ops.take(state.token_ids, parent, axis=0)  # (M, T)
    return BeamState(
        index=state.index + 1,
        token_ids=write_at(token_ids, state.index, token[:, None]),
        log_probs=best,
        ended=_with_ends(state, log_probs, rules),
        cache=take_rows(state.cache, parent),
    )


def goes_on(state: BeamState, rules: BeamRules) -> Any:
    """Return whether another step may change what the search returns, bool ()."""
    room = state.index < rules.length
    if rules.end_id == NO_END:
        return room
    return ops.logical_and(room, ops.any(can_improve(state, rules)))


def can_improve(state: BeamState, rules: BeamRules) -> Any:
    """Return of each row whether a living beam can still enter the pool, bool (B,).

    A beam only gets less probable. What its line will be worth at best is therefore its
    log-probability now over the penalty of the shortest or of the longest line.
    """
    best = state.log_probs[:, 0]  # (B,)
    soon = score(best, state.index + 1, rules.length_penalty)
    late = score(best, rules.length, rules.length_penalty)
    worst = state.ended.scores[:, -1]
    return ops.logical_and(best > IMPOSSIBLE, ops.maximum(soon, late) > worst)


def hypotheses_of(state: BeamState, rules: BeamRules) -> Hypotheses:
    """Return the pool; living beams that have T tokens are lines too."""
    batch, n_best = rules.batch, rules.n_best
    if rules.end_id == NO_END:
        shape = (batch, -1, rules.length)
        token_ids = ops.reshape(state.token_ids, shape)[:, :n_best]
        log_probs = state.log_probs[:, :n_best]
        return Hypotheses(token_ids, log_probs, log_probs)
    whole = ops.where(state.index >= rules.length, state.log_probs, NEG_INF)
    living = Hypotheses(
        state.token_ids, whole, score(whole, rules.length, rules.length_penalty)
    )
    best = _best_of(state.ended, living, rules)
    shape = (batch, n_best, rules.length)
    return best._replace(token_ids=ops.reshape(best.token_ids, shape))


def _best_ways_on(
    totals: Any, log_probs: Any, rules: BeamRules
) -> tuple[Any, Any, Any]:
    """Return parent (M,), token (M,) and log-probability (B, K) of the best that go on.

    The best of all ways of a row are among the K best of each beam, or the K + 1 best
    if the end is one of them: two small sorts in place of one large.
    """
    K, V, end_id = rules.beams, log_probs.shape[-1], rules.end_id
    ways = K + (end_id != NO_END)
    if V is not None:  # a graph may leave it open; there are then as many
        ways = min(ways, V)
    best, token = ops.top_k(log_probs, ways)  # (M, ways)
    token = ops.cast(token, "int32")
    total = ops.reshape(totals, (-1, 1)) + best
    if end_id != NO_END:
        total = ops.where(ops.equal(token, end_id), NEG_INF, total)
    best, place = ops.top_k(ops.reshape(total, (-1, K * ways)), K)  # (B, K)
    flat = _flat(ops.cast(place, "int32"), rules.batch, K * ways)  # (M,), of M * ways
    return flat // ways, ops.take(ops.reshape(token, (-1,)), flat, axis=0), best


def _with_ends(state: BeamState, log_probs: Any, rules: BeamRules) -> Any:
    """Return the pool after every beam has offered its ended self."""
    if rules.end_id == NO_END:
        return ()
    K = rules.beams
    ends = state.log_probs + ops.reshape(log_probs[:, rules.end_id], (-1, K))
    lines = Hypotheses(
        write_at(state.token_ids, state.index, rules.end_id),
        ends,
        score(ends, state.index + 1, rules.length_penalty),
    )
    return _best_of(state.ended, lines, rules)


def _best_of(pool: Hypotheses, more: Hypotheses, rules: BeamRules) -> Hypotheses:
    """Return the N best of the pool (B, N) and of `more` (B, K) lines."""
    B, N, K = rules.batch, rules.n_best, rules.beams
    scores = ops.concatenate([pool.scores, more.scores], axis=1)  # (B, N + K)
    scores, place = ops.top_k(scores, N)  # (B, N); the older line wins a draw
    flat = _flat(ops.cast(place, "int32"), B, N + K)  # (B * N,)
    log_probs = ops.concatenate([pool.log_probs, more.log_probs], axis=1)
    log_probs = ops.take(ops.reshape(log_probs, (-1,)), flat, axis=0)
    rows = ops.take(_rows_of_both(B, N, K), flat, axis=0)
    token_ids = ops.concatenate([pool.token_ids, more.token_ids], axis=0)
    return Hypotheses(
        ops.take(token_ids, rows, axis=0), ops.reshape(log_probs, (-1, N)), scores
    )


def _rows_of_both(B: Any, N: int, K: int) -> Any:
    """Return where line i of (B, N + K) stands when (B * K) lines follow (B * N)."""
    first = ops.arange(B, dtype="int32")[:, None]  # (B, 1)
    old = first * N + ops.arange(N, dtype="int32")  # (B, N)
    new = B * N + first * K + ops.arange(K, dtype="int32")  # (B, K)
    return ops.reshape(ops.concatenate([old, new], axis=1), (-1,))


def _flat(place: Any, B: Any, width: int) -> Any:
    """Return `place` (B, N), counted within rows of `width`, counted over all."""
    first = ops.arange(B, dtype="int32")[:, None] * width  # (B, 1)
    return ops.reshape(first + place, (-1,))
