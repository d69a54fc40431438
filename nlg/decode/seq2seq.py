"""A model that reads a source and then writes, put on the seam of the searches.

The model has four methods: `prefill`, `empty_cache`, `step` and `logits`, as
`nlg.backbone.unilm.UniLM` has them; this file knows nothing else of it, and no words.

    read(model, inputs)              the source, once: a `Reading`
    writer(model, reading, beams)    next_log_probs on that reading

A reading stands once a row, whatever the beams. Only what a beam has written moves with
it, and that is the cache.

Shapes: B rows, S source tokens, K beams, M = B * K, T longest output, V vocabulary.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from keras import ops

from nlg.decode.beam import Hypotheses, beam_search
from nlg.decode.explain import Explanation, follow
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


def writer(model: Any, reading: Reading, beams: int) -> NextLogProbs:
    """Return the seam's `next_log_probs` after `reading`.

    Its cache comes from `empty_cache`.
    """
    first = model.per_beam(reading.first, beams)  # (M, V)
    condition = model.per_beam(reading.source.condition, beams)

    def next_log_probs(token_ids, cache, index):
        if isinstance(index, int) and index == 0:  # the reading knows the first token
            return first, cache
        last = last_token(token_ids, index)  # (M,)
        states, cache = model.step(last, index - 1, reading.source, cache, beams)
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
