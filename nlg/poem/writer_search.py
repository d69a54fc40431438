"""From a source, conditions and plans to poems that keep a plan, in one graph.

    source -> read once -> the writer's log-probabilities of each token
           -> held to lines that keep a plan (`nlg.poem.page`), nothing twice
           -> drawn, or searched for with beams

The marks are certain, so a poem's score is that of its characters. Which plan a poem
keeps, and so its tones and its rhyme, is what its characters decide. This file knows no
characters.

Shapes: B rows, S source tokens, K beams, T tokens of a poem, L of them to be written, V
vocabulary, N plans, Q kinds.
"""

from typing import Any, NamedTuple

from keras import ops

from nlg.decode import sample as sampling
from nlg.decode.beam import Lines, beam_search
from nlg.decode.constraints import narrow, no_stray_repeat
from nlg.decode.plans import keep_a_plan
from nlg.decode.seam import NextLogProbs
from nlg.poem.writer import Writer


class Page(NamedTuple):
    """What may stand where; see `nlg.poem.page.Pages.arrays`."""

    kinds: Any  # (Q, V) float32 0/1
    plans: Any  # (N, T) int32
    again: Any  # (V,) bool
    marks: Any  # (V,) bool
    doubled: Any  # (T,) bool


def draw(
    model: Writer,
    inputs: Any,
    page: Page,
    length: Any,
    noise: Any,
    temperature: Any,
    top_p: Any,
) -> sampling.Samples:
    """Draw a poem a row: `token_ids` (B, L) and their `log_probs` (B,).

    Args:
        model: trained.
        inputs: what `Writer.read` takes.
        page: what may stand where.
        length: L, a number or a scalar tensor.
        noise: (B, T) uniform in [0, 1).
        temperature: above 0.
        top_p: see `nlg.decode.sample.top_p`; at most `sampling.MOST` are drawn from.
    """
    reading = model.read(inputs)
    rows = ops.shape(inputs["token_ids"])[0]
    next_log_probs, cache = _ruled(
        model.writer(reading, 1), model.room(rows, length), page, rows
    )
    return sampling.sample(
        next_log_probs,
        cache,
        rows=rows,
        length=length,
        noise=noise,
        constraints=[no_stray_repeat(page.again, page.doubled)],
        filters=[
            sampling.temperature(temperature),
            sampling.top_p(top_p, sampling.MOST),
        ],
    )


def search(
    model: Writer, inputs: Any, page: Page, length: Any, beam: Any, beams: int
) -> Lines:
    """Return the K best poems a row, `token_ids` (B, K, L), the best first.

    Args:
        model: trained.
        inputs: what `Writer.read` takes.
        page: what may stand where.
        length: L, a number or a scalar tensor.
        beam: how many of the K beams are used, a number or a scalar tensor.
        beams: K.
    """
    reading = model.read(inputs)
    batch = ops.shape(inputs["token_ids"])[0]
    rows = batch * beams
    next_log_probs, cache = _ruled(
        model.writer(reading, beams), model.room(rows, length), page, rows
    )
    return beam_search(
        next_log_probs,
        cache,
        batch=batch,
        beams=beams,
        length=length,
        constraints=[no_stray_repeat(page.again, page.doubled), narrow(beam, beams)],
    )


def _ruled(
    next_log_probs: NextLogProbs, cache: Any, page: Page, rows: Any
) -> tuple[NextLogProbs, Any]:
    """Return the model with marks that cost nothing, held to the plans of `page`."""

    def next_with_marks(token_ids, cache, index):
        log_probs, cache = next_log_probs(token_ids, cache, index)
        return ops.where(page.marks, 0.0, log_probs), cache

    return keep_a_plan(
        next_with_marks, cache, kinds=page.kinds, plans=page.plans, rows=rows
    )
