"""A model with a condition, moved further from the same model without.

    log p = log p(x) + guidance * (log p(x | condition) - log p(x)), normalised

1 is the conditioned model, 2 goes as far again: what the condition makes more probable
gets more probable still. Classifier-free guidance (arXiv:2207.12598), for text
arXiv:2306.17806. The model must have learnt both: the condition is to be dropped in
training now and then.

Both are asked at once, as sources of one batch (`twice`): each source with its
condition, then the same one without. A graph that held the model two times would take
twice as long to open.

This file knows neither the vocabulary nor the model.

Shapes: B sources, K beams, M = B * K rows, T longest output, V vocabulary.
"""

from typing import Any

from keras import ops, tree

from nlg.decode.seam import NextLogProbs

BOTH = 2  # conditioned and unconditioned


def twice(conditioned: Any, unconditioned: Any) -> Any:
    """Return the 2 B sources of the two, arrays (B, …), in turns."""
    return tree.map_structure(
        lambda *x: _in_one(ops.stack(x, axis=1)), conditioned, unconditioned
    )


def guided(
    next_log_probs: NextLogProbs, cache: Any, guidance: Any, beams: int = 1
) -> tuple[NextLogProbs, Any]:
    """Return the model that lies beyond, for M rows, and its cache.

    Args:
        next_log_probs: the model over the 2 B sources of `twice`, K beams each.
        cache: its cache, leaves of (2 M, …).
        guidance: a number or a scalar tensor.
        beams: K.
    """

    def next_guided(token_ids, cache, index):
        both = ops.stack([token_ids] * BOTH, axis=1)  # (M, 2, T)
        inner = tree.map_structure(lambda x: _by_source(x, beams), cache)
        log_probs, inner = next_log_probs(_by_source(both, beams), inner, index)
        log_probs = _by_row(log_probs, beams)  # (M, 2, V)
        conditioned, unconditioned = log_probs[:, 0], log_probs[:, 1]
        led = ops.log_softmax(
            unconditioned + guidance * (conditioned - unconditioned), axis=-1
        )
        return led, tree.map_structure(lambda x: _by_row(x, beams), inner)

    return next_guided, tree.map_structure(lambda x: _by_row(x, beams), cache)


def _by_row(x: Any, beams: int) -> Any:
    """Return (2 M, …), the beams of a source together, as (M, 2, …)."""
    rest = ops.shape(x)[1:]
    if beams > 1:
        x = ops.reshape(x, (-1, BOTH, beams, *rest))
        x = ops.swapaxes(x, 1, 2)
    return ops.reshape(x, (-1, BOTH, *rest))


def _by_source(x: Any, beams: int) -> Any:
    """Return (M, 2, …) as (2 M, …), the beams of a source together."""
    rest = ops.shape(x)[2:]
    if beams > 1:
        x = ops.reshape(x, (-1, beams, BOTH, *rest))
        x = ops.swapaxes(x, 1, 2)
    return ops.reshape(x, (-1, *rest))


def _in_one(x: Any) -> Any:
    """Return (B, 2, …) as (2 B, …)."""
    return ops.reshape(x, (-1, *ops.shape(x)[2:]))
