"""Draw lines token by token on the seam: greedy, temperature, top-k, top-p, typical.

Chance comes in as an array of one uniform number a row and place, which
`nlg.decode.results.uniforms` draws from a seed of the row's own. So a row's line
depends on its seed alone, not on the batch it is in, and every backend draws the same.

This file knows neither the vocabulary nor the backbone.

Shapes: M rows (as many lines a source as one likes), T longest output, V vocabulary.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from keras import ops

from nlg.decode.results import COLDEST, NEG_INF
from nlg.decode.seam import (
    NO_END,
    Constraint,
    NextLogProbs,
    repeat_step,
    ruled,
    write_at,
)
from nlg.errors import OptionError

Filter = Callable[[Any], Any]  # log_probs (M, V) -> what to draw from, up to a constant

MOST = 512  # tokens to draw from; the rest have next to no probability
ALMOST_ONE = 1 - 2.0**-20  # a sum of probabilities may be that much short of one


class Samples(NamedTuple):
    """One line a row."""

    token_ids: Any  # (M, T) int32, `pad_id` after the end
    log_probs: Any  # (M,) of the model and its rules, before temperature and filters


class SampleState(NamedTuple):
    """What sampling carries from one step to the next."""

    index: Any  # ()     next place to write
    token_ids: Any  # (M, T) int32
    log_probs: Any  # (M,)   sums over the written tokens
    ended: Any  # (M,)   True once the end is written
    cache: Any  # leaves (M, …), the model's own business


def sample(
    next_log_probs: NextLogProbs,
    cache: Any,
    *,
    rows: Any,
    length: int,
    noise: Any = None,
    end_id: int = NO_END,
    pad_id: int = 0,
    constraints: Sequence[Constraint] = (),
    filters: Sequence[Filter] = (),
) -> Samples:
    """Draw one line a row.

    Args:
        next_log_probs: the model; it sees (M, T) tokens and returns (M, V).
        cache: leaves of (M, …).
        rows: M, a number or a scalar tensor.
        length: T.
        noise: (M, T) in [0, 1); None takes the most probable token (greedy).
        end_id: the token that ends a line; `NO_END` where none does.
        pad_id: what stands after the end.
        constraints: rules of the seam, before the filters.
        filters: what a draw leaves out, applied in order: `temperature`, `top_k`, …

    Raises:
        OptionError: filters without noise, which would be greedy whatever they say.
    """
    if noise is None and filters:
        raise OptionError(
            "filters need noise to draw with: pass noise=uniforms(seeds, length) of "
            "nlg.decode.results, or leave them out for the most probable tokens"
        )
    model = ruled(next_log_probs, constraints)

    def step(state):
        log_probs, cache = model(state.token_ids, state.cache, state.index)
        token = _draw(log_probs, noise, state.index, filters)
        return _written(state._replace(cache=cache), token, log_probs, end_id, pad_id)

    def goes_on(state):
        return ops.logical_and(
            state.index < length, ops.logical_not(ops.all(state.ended))
        )

    start = SampleState(
        0,
        ops.full((rows, length), pad_id, dtype="int32"),
        ops.zeros((rows,), "float32"),
        ops.zeros((rows,), "bool"),
        cache,
    )
    end = repeat_step(step, goes_on, start)
    return Samples(end.token_ids, end.log_probs)


def temperature(value: Any) -> Filter:
    """Sharpen (below 1) or flatten (above 1) the distribution; a number or scalar.

    0 takes the most probable tokens.
    """

    def sharpen(log_probs):
        # Inside, so that a graph that is traced has it as a constant of its own.
        divisor = ops.maximum(ops.cast(value, "float32"), COLDEST)
        return ops.log_softmax(log_probs / divisor, axis=-1)

    return sharpen


def top_k(k: int) -> Filter:
    """Keep the k most probable tokens, and those as probable (arXiv:1805.04833)."""

    def keep(log_probs):
        best, _ = ops.top_k(log_probs, min(k, log_probs.shape[-1]))
        return ops.where(log_probs >= best[:, -1:], log_probs, NEG_INF)

    return keep


def top_p(mass: Any, most: int = 0) -> Filter:
    """Keep the fewest tokens that hold `mass` together (arXiv:1904.09751).

    With `most`, never more than so many: fewer to sort.
    """

    def keep(log_probs):
        log_probs = ops.log_softmax(log_probs, axis=-1)
        V = log_probs.shape[-1]
        ordered, _ = ops.top_k(log_probs, min(most or V, V))
        least = _value_at_mass(ordered, ops.exp(ordered), mass)
        return ops.where(log_probs >= least, log_probs, NEG_INF)

    return keep


def typical(mass: Any) -> Filter:
    """Keep the tokens whose surprise is nearest to the expected one (arXiv:2202.00666).

    As many as hold `mass` together: neither the dull nor the absurd.
    """

    def keep(log_probs):
        V = log_probs.shape[-1]
        log_probs = ops.log_softmax(log_probs, axis=-1)
        probs = ops.exp(log_probs)
        entropy = -ops.sum(probs * log_probs, axis=-1, keepdims=True)  # (M, 1)
        nearness = -ops.abs(entropy + log_probs)  # (M, V)
        ordered, token = ops.top_k(nearness, V)
        row = ops.arange(ops.shape(token)[0], dtype="int32")[:, None] * V
        probs = ops.take(ops.reshape(probs, (-1,)), row + ops.cast(token, "int32"))
        least = _value_at_mass(ordered, probs, mass)
        return ops.where(nearness >= least, log_probs, NEG_INF)

    return keep


def _value_at_mass(ordered: Any, probs: Any, mass: Any) -> Any:
    """Return of `ordered` (M, V) the value (M, 1) at which `probs` add up to `mass`."""
    before = ops.cumsum(probs, axis=-1) - probs
    kept = ops.logical_or(before < mass, ops.arange(probs.shape[-1]) == 0)
    return ops.min(ops.where(kept, ordered, -NEG_INF), axis=-1, keepdims=True)


def _draw(log_probs: Any, noise: Any, index: Any, filters: Sequence[Filter]) -> Any:
    """Return a token (M,): the most probable one, or a draw."""
    if noise is None:
        return ops.cast(ops.top_k(log_probs, 1)[1][:, 0], "int32")
    for keep in filters:
        log_probs = keep(log_probs)
    return _token_at(log_probs, ops.take(noise, index, axis=1))


def _token_at(log_probs: Any, share: Any) -> Any:
    """Return the token (M,) at which the probabilities pass `share` (M,) of their sum.

    [春 .2  夏 .5  秋 .3],  share .6:  .2  .7  1.0   passed at 夏
    """
    V = log_probs.shape[-1]
    probs = ops.softmax(log_probs, axis=-1)
    total = ops.cumsum(probs, axis=-1)  # (M, V)
    share = ops.minimum(share, ALMOST_ONE)[:, None] * total[:, -1:]
    # A sum in another order may step at a token of no probability: never draw that.
    passed = ops.logical_and(total > share, probs > 0)
    return ops.cast(ops.min(ops.where(passed, ops.arange(V), V - 1), axis=-1), "int32")


def _written(
    state: SampleState, token: Any, log_probs: Any, end_id: int, pad_id: int
) -> SampleState:
    """Return the state with `token` (M,) written where a line has not ended."""
    M, V = ops.shape(token)[0], log_probs.shape[-1]
    flat = ops.arange(M, dtype="int32") * V + token
    gained = ops.take(ops.reshape(log_probs, (-1,)), flat, axis=0)  # (M,)
    token = ops.where(state.ended, pad_id, token)
    return SampleState(
        state.index + 1,
        write_at(state.token_ids, state.index, token[:, None]),
        state.log_probs + ops.where(state.ended, 0.0, gained),
        ops.logical_or(state.ended, ops.equal(token, end_id)),
        state.cache,
    )
