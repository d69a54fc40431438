"""From a source, conditions and plans to poems that keep a plan, in one graph.

    source -> read once -> the writer's log-probabilities of each token
           -> moved further from those under fewer conditions, if one likes
           -> held to lines that keep a plan (`nlg.poem.writer.plans`), nothing twice
           -> leaning to the words of the theme
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
from nlg.decode.beam import Hypotheses, beam_search
from nlg.decode.constraints import narrow, no_stray_repeat
from nlg.decode.guidance import BOTH, guided, twice
from nlg.decode.keyword_boost import Keywords, boost_keywords
from nlg.decode.seam import NextLogProbs, ruled
from nlg.decode.template_constraint import follow_template
from nlg.poem.writer.conditions import KINDS, UNCONDITIONED
from nlg.poem.writer.train.model import Writer

Model = tuple[NextLogProbs, Any]  # and its cache


class PlanInputs(NamedTuple):
    """What may stand where; see `nlg.poem.writer.plans.PlanBuilder.arrays`."""

    kinds: Any  # (Q, V) float32 0/1
    plans: Any  # (N, T) int32
    again: Any  # (V,) bool
    marks: Any  # (V,) bool
    doubled: Any  # (T,) bool


def draw(
    model: Writer,
    inputs: Any,
    plan_inputs: PlanInputs,
    wanted: Keywords,
    length: Any,
    noise: Any,
    temperature: Any,
    top_p: Any,
    guidance: Any = None,
) -> sampling.Samples:
    """Draw a poem a row: `token_ids` (B, L) and their `log_probs` (B,).

    Args:
        model: trained.
        inputs: what `Writer.read` takes.
        plan_inputs: what may stand where.
        wanted: words of the theme.
        length: L, a number or a scalar tensor.
        noise: (B, T) uniform in [0, 1).
        temperature: above 0.
        top_p: see `nlg.decode.sample.top_p`; at most `sampling.MOST` are drawn from.
        guidance: how much further from what is written on condition of the form
            alone; None compares with nothing.
    """
    rows = ops.shape(inputs["token_ids"])[0]
    written = _written(model, inputs, 1, length, guidance)
    next_log_probs, cache = _ruled(written, plan_inputs, wanted, rows)
    return sampling.sample(
        next_log_probs,
        cache,
        rows=rows,
        length=length,
        noise=noise,
        filters=[
            sampling.temperature(temperature),
            sampling.top_p(top_p, sampling.MOST),
        ],
    )


def search(
    model: Writer,
    inputs: Any,
    plan_inputs: PlanInputs,
    wanted: Keywords,
    length: Any,
    beam: Any,
    guidance: Any = None,
    *,
    beams: int,
) -> Hypotheses:
    """Return the K best poems a row, `token_ids` (B, K, L), the best first.

    Args:
        model: trained.
        inputs: what `Writer.read` takes.
        plan_inputs: what may stand where.
        wanted: words of the theme.
        length: L, a number or a scalar tensor.
        beam: how many of the K beams are used, a number or a scalar tensor.
        guidance: how much further from what is written on condition of the form
            alone; None compares with nothing.
        beams: K.
    """
    batch = ops.shape(inputs["token_ids"])[0]
    written = _written(model, inputs, beams, length, guidance)
    next_log_probs, cache = _ruled(written, plan_inputs, wanted, batch * beams)
    return beam_search(
        next_log_probs,
        cache,
        batch=batch,
        beams=beams,
        length=length,
        constraints=[narrow(beam, beams)],
    )


def _written(
    model: Writer, inputs: Any, beams: int, length: Any, guidance: Any
) -> Model:
    """Return `model` after its source, for K beams a row, and its cache."""
    rows = ops.shape(inputs["token_ids"])[0] * beams
    if guidance is None:
        return model.writer(model.read(inputs), beams), model.empty_cache(rows, length)
    form = ops.arange(len(KINDS), dtype="int32") == KINDS.index("form")
    form_alone = {
        **inputs,
        "class_ids": ops.where(form, inputs["class_ids"], UNCONDITIONED),
    }
    next_log_probs = model.writer(model.read(twice(inputs, form_alone)), beams)
    return guided(
        next_log_probs, model.empty_cache(BOTH * rows, length), guidance, beams
    )


def _ruled(
    written: Model, plan_inputs: PlanInputs, wanted: Keywords, rows: Any
) -> Model:
    """Return the model with marks that cost nothing, held to `plan_inputs`."""
    next_log_probs, cache = written

    def next_with_marks(token_ids, cache, index):
        log_probs, cache = next_log_probs(token_ids, cache, index)
        return ops.where(plan_inputs.marks, 0.0, log_probs), cache

    plans = {"kinds": plan_inputs.kinds, "plans": plan_inputs.plans, "rows": rows}
    model, cache = follow_template(next_with_marks, cache, **plans)
    model = ruled(model, [no_stray_repeat(plan_inputs.again, plan_inputs.doubled)])
    return boost_keywords(model, cache, wanted=wanted, **plans)
