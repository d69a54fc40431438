"""A model that reads a source and then writes, put on the seam of the searches.

The model has four methods: `prefill`, `empty_cache`, `step` and `logits`, as
`nlg.backbone.unilm.UniLM` has them; this file knows nothing else of it, and no words.

    read(model, inputs)              the source, once: a `Reading`
    writer(model, reading, beams)    next_log_probs on that reading

A reading stands once a row, whatever the beams. Only what a beam has written moves with
it, and that is the cache.

Shapes: B rows, S source tokens, K beams, M = B * K, T longest output, V vocabulary;
with P passages a row, sources are B * P and the model writes on M * P.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from keras import ops

from nlg.decode.beam import Hypotheses, beam_search, score
from nlg.decode.constraints import of_options
from nlg.decode.explain import Explanation, follow
from nlg.decode.options import DecodeOptions
from nlg.decode.sample import filters_of, sample
from nlg.decode.seam import Constraint, NextLogProbs, last_token


class Reading(NamedTuple):
    """What is known of the sources before anything is written; tensors only."""

    first: Any  # (B, V) log-probabilities of the first token
    source: Any  # the model's own `Source`, the same at every step


def read(model: Any, inputs: Any) -> Reading:
    """Read the sources once.

    Args:
        model: see the text of this file.
        inputs: what `model.prefill` takes, a source a row, such as
            {"token_ids": [[2, 7, 8, 3]]} for [CLS]春眠[SEP].
    """
    states, source = model.prefill(inputs)  # (B, D)
    return Reading(_log_probs(model.logits(states, source.condition)), source)


def writer(model: Any, reading: Reading, beams: int, passages: int = 1) -> NextLogProbs:
    """Return the seam's `next_log_probs` after `reading`; its cache is `room`'s.

    With P passages a row it takes tokens (M, T) and returns (M * P, V), passages inside
    beams: what `nlg.decode.passages` turns into one vote.
    """
    first = model.per_beam(reading.first, beams, passages)  # (M * P, V)
    condition = model.per_beam(reading.source.condition, beams, passages)

    def next_log_probs(token_ids, cache, index):
        if isinstance(index, int) and index == 0:  # the reading knows the first token
            return first, cache
        last = last_token(token_ids, index)  # (M,)
        if passages > 1:
            last = ops.repeat(last, passages, axis=0)  # (M * P,)
        states, cache = model.step(
            last, index - 1, reading.source, cache, beams, passages
        )
        return _log_probs(model.logits(states, condition)), cache

    return next_log_probs


def empty_cache(model: Any, rows: Any, length: int) -> Any:
    """Return an empty cache for lines of `length` (T) tokens; the last is not read."""
    return model.empty_cache(rows, max(length - 1, 1))


def write(
    model: Any, inputs: Any, *, beams: int, length: int, end_id: int, **options: Any
) -> Hypotheses:
    """Return the best lines after each source; `options` are those of `beam_search`.

    Args:
        model: see the text of this file.
        inputs: as for `read`.
        beams: K.
        length: T.
        end_id: the token that ends a line, [SEP].
        **options: n_best, length_penalty, constraints, pad_id.
    """
    reading = read(model, inputs)
    batch = ops.shape(reading.first)[0]
    return beam_search(
        writer(model, reading, beams),
        empty_cache(model, batch * beams, length),
        batch=batch,
        beams=beams,
        length=length,
        end_id=end_id,
        **options,
    )


def decode(
    model: Any,
    inputs: Any,
    options: DecodeOptions,
    *,
    end_id: int,
    constraints: Sequence[Constraint] = (),
    noise: Any = None,
) -> Hypotheses:
    """Return N lines after each source as `options` say: searched for, or drawn.

    Args:
        model: see the text of this file.
        inputs: as for `read`.
        options: N is their `n_best`, K their `beams`, or N when lines are drawn.
        end_id: the token that ends a line.
        constraints: more rules than the options', made for K beams.
        noise: (B * N, T) of `nlg.decode.results.uniforms`, a seed a line; for drawing.
    """
    rules = [*of_options(options, end_id), *constraints]
    if not options.sampling:
        return write(
            model,
            inputs,
            beams=options.beams,
            length=options.max_length,
            end_id=end_id,
            n_best=options.n_best,
            length_penalty=options.length_penalty,
            constraints=rules,
        )
    N, T = options.n_best, options.max_length
    reading = read(model, inputs)
    rows = ops.shape(reading.first)[0] * N
    drawn = sample(
        writer(model, reading, N),
        empty_cache(model, rows, T),
        rows=rows,
        length=T,
        noise=noise if options.temperature else None,
        end_id=end_id,
        constraints=rules,
        filters=filters_of(options),
    )
    token_ids = ops.reshape(drawn.token_ids, (-1, N, T))
    log_probs = ops.reshape(drawn.log_probs, (-1, N))
    length = ops.sum(ops.cast(token_ids != 0, "int32"), axis=-1)
    return Hypotheses(
        token_ids, log_probs, score(log_probs, length, options.length_penalty)
    )


def explain(
    model: Any,
    inputs: Any,
    lines: Any,
    *,
    end_id: int,
    runners_up: int,
    constraints: Sequence[Constraint] = (),
) -> Explanation:
    """Return what the model thought of every token of `lines` (B, N, T), row by row.

    The rows of the explanation are B * N; the rules are made for N beams.
    """
    B, N, T = ops.shape(lines)
    return follow(
        writer(model, read(model, inputs), N),
        empty_cache(model, B * N, T),
        ops.reshape(lines, (-1, T)),
        runners_up=runners_up,
        end_id=end_id,
        constraints=constraints,
    )


def _log_probs(logits: Any) -> Any:
    """Return log-probabilities in float32, whatever the model computes in."""
    return ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
