"""Many passages, one answer: every passage says what comes next, and they vote.

A model writes after each of the P passages of a question at once. At the first step the
passages whose most probable token is the end drop out: they hold no answer. The others
vote on every token (kexue.fm/archives/7115):

    p' = (p_1^2 + … + p_P^2) / (1 + p_1 + … + p_P)

which is high where one passage is sure, and higher where several are:

    passages    p(杜)   p(李)   p(end)       vote: 杜 .46   李 .06   end .02
    first       .90     .05     .05          .81 + .16 over 1 + 1.3, and so on
    second      .40     .40     .20          .025 + .16 over 1 + .45, were it alone
    third       .00     .10     .90          drops out at the first step

The vote does not add up to one and need not: lines are compared by it.

This file knows neither the vocabulary nor the model inside.

Shapes: B questions, K beams, M = B * K, P passages a question, T longest answer, V
vocabulary. Where passages are inside beams, M * P rows: question, beam, passage.
"""

from typing import Any, NamedTuple

from keras import ops, tree

from nlg.decode.results import NEG_INF
from nlg.decode.seam import NextLogProbs

LEAST = 1e-30  # a probability that float32 still holds, and whose logarithm is -69


class Votes(NamedTuple):
    """The cache of a vote."""

    voting: Any  # (M, P) float, 1 for the passages that did not drop out
    inner: Any  # leaves (M, P, …), the model's own


def vote_of(
    next_log_probs: NextLogProbs, cache: Any, *, passages: int, rows: Any, end_id: int
) -> tuple[NextLogProbs, Votes]:
    """Return one voice for P passages, and its cache.

    If no passage has an answer, the line is the end alone, with probability 1.

    Args:
        next_log_probs: a model that takes (M, T) tokens and returns (M * P, V), such as
            `nlg.qa.train.search.writer` makes.
        cache: its cache, leaves of (M * P, …).
        passages: P. A question with fewer repeats none: see `absent`.
        rows: M, a number or a scalar tensor.
        end_id: the token that ends an answer.
    """

    def next_vote(token_ids, cache, index):
        inner = tree.map_structure(_flat, cache.inner)
        log_probs, inner = next_log_probs(token_ids, inner, index)
        V = log_probs.shape[-1]
        log_probs = ops.reshape(log_probs, (-1, passages, V))  # (M, P, V)
        voting = cache.voting
        if isinstance(index, int) and index == 0:
            voting = voting * _has_answer(log_probs, end_id)
        inner = tree.map_structure(lambda x: _by_beam(x, passages), inner)
        return _vote(log_probs, voting, end_id), Votes(voting, inner)

    everyone = ops.ones((rows, passages), "float32")
    inner = tree.map_structure(lambda x: _by_beam(x, passages), cache)
    return next_vote, Votes(everyone, inner)


def absent(votes: Votes, present: Any, beams: int) -> Votes:
    """Return the cache with only the passages that a question has, `present` (B, P).

    Questions of a batch may have different numbers of passages; the places of those
    that are not there hold any source, and do not vote.
    """
    present = ops.repeat(ops.cast(present, "float32"), beams, axis=0)  # (M, P)
    return votes._replace(voting=votes.voting * present)


def vote_openness(votes: Votes, width: int) -> Any:
    """Return which source tokens belong to voting passages, bool (M, P * width).

    It is the `open_sources` of `nlg.decode.fragment` for sources of `width` tokens each
    (with `join_sources`, S + 1): an answer is a fragment of a passage that has one.
    """
    return ops.repeat(votes.voting, width, axis=1) > 0


def _vote(log_probs: Any, voting: Any, end_id: int) -> Any:
    """Return the logarithm of the vote (M, V) of `log_probs` (M, P, V)."""
    probs = ops.exp(log_probs) * voting[..., None]
    vote = ops.sum(ops.square(probs), axis=1) / (1.0 + ops.sum(probs, axis=1))
    V = log_probs.shape[-1]
    only_end = ops.where(ops.arange(V) == end_id, 0.0, NEG_INF)  # (V,)
    nobody = ops.sum(voting, axis=1, keepdims=True) == 0  # (M, 1)
    return ops.where(nobody, only_end, ops.log(ops.maximum(vote, LEAST)))


def _has_answer(log_probs: Any, end_id: int) -> Any:
    """Return 1.0 where the most probable token of (…, V) is not the end, else 0.0."""
    best = ops.cast(ops.top_k(log_probs, 1)[1][..., 0], "int32")
    return ops.cast(ops.not_equal(best, end_id), "float32")


def _by_beam(leaf: Any, passages: int) -> Any:
    """Return a leaf (M * P, …) as (M, P, …), which follows its beam."""
    return ops.reshape(leaf, (-1, passages, *ops.shape(leaf)[1:]))


def _flat(leaf: Any) -> Any:
    """Return a leaf (M, P, …) as (M * P, …)."""
    return ops.reshape(leaf, (-1, *ops.shape(leaf)[2:]))
