"""From questions with passages to answers, in one graph.

    passages -> each is read once, and would write its own first token
             -> those that would rather write the end drop out; the others vote on every
                token, the first of which is no end
             -> beam search, held to fragments of the voting passages or free
             -> what each passage thinks of the best line

How many questions, passages and tokens there are is open in the graph; a question with
fewer passages than its neighbours says which of its places are empty.

This file knows no words.

Shapes: B questions, Q passages a question, R = B * Q, S source tokens, K beams, M = B *
K, N lines, T longest answer, V vocabulary.
"""

from typing import Any, NamedTuple

from keras import ops

from nlg.decode.beam import beam_search
from nlg.decode.constraints import narrow
from nlg.decode.explain import follow
from nlg.decode.fragment import NO_TOKEN, fragment_of, join_sources
from nlg.decode.passages import absent, vote_of, vote_openness
from nlg.decode.results import NEG_INF
from nlg.decode.sample import sample
from nlg.decode.seam import NextLogProbs, last_token
from nlg.qa.train.model import Answerer, SourceReading
from nlg.text.vocab import SEP_ID


class SearchOutput(NamedTuple):
    """What the graph returns."""

    answers: Any  # (B, N, T) int32, the best first; [PAD] after the end
    scores: Any  # (B, N) logarithm of the vote
    support: Any  # (B, Q) log-probability of the whole best line after each passage
    no_answer: Any  # (B, Q) probability that the passage has no answer
    voting: Any  # (B, Q) bool: there, and with a lower probability than the limit


def answer(
    model: Answerer,
    inputs: Any,
    present: Any,
    length: Any,
    beam: Any,
    free: Any,
    limit: Any,
    *,
    beams: int,
    n_best: int,
) -> SearchOutput:
    """Return the best answers to questions.

    Args:
        model: trained.
        inputs: `token_ids` (B, Q, S) and what else `Answerer.read` takes.
        present: (B, Q) bool, False where a question has no passage; what stands there
            may be any source.
        length: T, the end included; a number or a scalar tensor.
        beam: how many of the K beams are used; a number or a scalar tensor.
        free: bool scalar; if not, an answer is a fragment of a voting passage.
        limit: scalar, the probability of no answer from which on a passage is silent.
        beams: K.
        n_best: N.
    """
    token_ids = inputs["token_ids"]
    B, Q, S = ops.shape(token_ids)
    flat = {name: ops.reshape(x, (B * Q, -1)) for name, x in inputs.items()}
    reading = model.read(flat)
    no_answer = ops.exp(reading.first[:, SEP_ID])  # (R,)
    has_answer = no_answer < limit
    decided = reading._replace(first=_decided(reading.first, has_answer))
    next_log_probs, cache = vote_of(
        writer(model, decided, beams, Q),
        model.empty_cache(reading, B * beams * Q, length),
        passages=Q,
        rows=B * beams,
        end_id=SEP_ID,
    )
    cache = absent(cache, present, beams)
    next_log_probs, cache = fragment_of(
        join_sources(passages_of(token_ids)),
        next_log_probs,
        cache,
        beams=beams,
        end_id=SEP_ID,
        open_sources=lambda votes: vote_openness(votes, S + 1),
        free=free,
    )
    lines = beam_search(
        next_log_probs,
        cache,
        batch=B,
        beams=beams,
        length=length,
        end_id=SEP_ID,
        n_best=n_best,
        constraints=[narrow(beam, beams)],
    )
    return SearchOutput(
        lines.token_ids,
        lines.scores,
        support(model, reading, lines.token_ids[:, 0], Q),
        ops.reshape(no_answer, (B, Q)),
        ops.logical_and(ops.reshape(has_answer, (B, Q)), ops.cast(present, "bool")),
    )


def greedy(model: Answerer, inputs: Any, length: int) -> Any:
    """Return the most probable token at every place, (R, T), after single sources.

    Without a vote and without rules: what training looks at. `inputs` are those of
    `Answerer.read`.
    """
    reading = model.read(inputs)
    R = ops.shape(reading.token_ids)[0]
    found = sample(
        writer(model, reading, 1, 1),
        model.empty_cache(reading, R, length),
        rows=R,
        length=length,
        end_id=SEP_ID,
    )
    return found.token_ids


def writer(
    model: Answerer, reading: SourceReading, beams: int, passages: Any
) -> NextLogProbs:
    """Return the seam's function after `reading`, (M * Q, V) of the next token.

    Lines are (M, T), all Q passages going on with each, or (M * Q, T), one a passage.
    """
    first = model.unilm.per_beam(reading.first, beams, passages)  # (M * Q, V)

    def next_log_probs(token_ids, cache, index):
        if isinstance(index, int) and index == 0:  # the reading knows the first token
            return first, cache
        times = ops.shape(first)[0] // ops.shape(token_ids)[0]
        last = ops.repeat(last_token(token_ids, index), times, axis=0)
        return model.write(last, index - 1, reading, cache, beams, passages)

    return next_log_probs


def support(model: Answerer, reading: SourceReading, lines: Any, passages: Any) -> Any:
    """Return the log-probability (B, Q) of `lines` (B, T) after each passage."""
    B, T = ops.shape(lines)
    followed = follow(
        writer(model, reading, 1, passages),
        model.empty_cache(reading, B * passages, T),
        ops.repeat(lines, passages, axis=0),
        end_id=SEP_ID,
    )
    return ops.reshape(ops.sum(followed.log_probs, axis=-1), (B, passages))


def _decided(first: Any, has_answer: Any) -> Any:
    """Return first tokens (R, V) without the end, or with nothing more likely than it.

    So a passage that has an answer has a vote on the answer alone.
    """
    is_end = ops.arange(ops.shape(first)[1]) == SEP_ID
    end = ops.where(has_answer, NEG_INF, 0.0)[:, None]  # (R, 1)
    return ops.where(is_end, ops.cast(end, first.dtype), first)


def passages_of(token_ids: Any) -> Any:
    """Return sources (B, Q, S) with `NO_TOKEN` for what is not of the passage.

    [CLS]  春  眠  [SEP]  谁  [SEP]
     -1    春  眠   -1    -1   -1
    """
    ends = ops.cast(ops.equal(token_ids, SEP_ID), "int32")
    before_end = ops.equal(ops.cumsum(ends, axis=-1), 0)
    later = ops.arange(ops.shape(token_ids)[-1], dtype="int32") > 0  # than [CLS]
    return ops.where(ops.logical_and(before_end, later), token_ids, NO_TOKEN)
