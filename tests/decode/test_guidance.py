"""Dice that are told, dice that are not, and what lies beyond the told ones."""

import numpy as np
import pytest
from decode.toys import every_way, history_dice, history_log_prob, log_of, numpy_of
from keras import ops

from nlg.decode.beam import beam_search
from nlg.decode.guidance import guided, twice

TOKENS, LENGTH, ROWS = 3, 3, 11
BEAMS = 1 + TOKENS**LENGTH
DICE = [history_dice(TOKENS, seed).astype("float32") for seed in range(4)]
TOLD, UNTOLD = np.array(DICE[:2]), np.array(DICE[2:])  # of two sources


def dice_of(tables, beams):
    """P(next | all before) by the table of the row's source; the cache counts steps."""
    tables = ops.concatenate([log_of(x)[None] for x in tables], axis=0)  # (S, R, V)

    def next_log_probs(token_ids, cache, index):
        place = ops.arange(ops.shape(token_ids)[1], dtype="int32")
        row = ops.sum(token_ids * (place + 1), axis=1) % ROWS
        source = ops.cast(cache[:, 0], "int32")  # it must have followed its beam
        flat = ops.reshape(tables, (-1, TOKENS + 1))
        return ops.take(flat, source * ROWS + row, axis=0), cache

    count = len(DICE)
    source = ops.repeat(ops.arange(count, dtype="float32"), beams)[:, None]
    return next_log_probs, source


@every_way
@pytest.mark.parametrize("guidance", [0.0, 1.0, 2.5])
def test_lines_are_those_of_the_dice_beyond(guidance, way):
    def run(told, untold, guidance):
        both = twice(told, untold)
        model, cache = dice_of([both[n] for n in range(len(DICE))], BEAMS)
        model, cache = guided(model, cache, guidance, BEAMS)
        size = {"batch": len(TOLD), "beams": BEAMS, "length": LENGTH}
        return beam_search(model, cache, **size)

    found = numpy_of(way(run)(TOLD, UNTOLD, np.array(guidance, "float32")))
    for source, (told, untold) in enumerate(zip(TOLD, UNTOLD, strict=True)):
        beyond = untold.astype(float)
        beyond[:, 1:] *= (told[:, 1:] / untold[:, 1:]) ** guidance
        beyond /= beyond.sum(axis=1, keepdims=True)
        kept = found.token_ids[source, : TOKENS**LENGTH]
        want = sorted((history_log_prob(beyond, line) for line in kept), reverse=True)
        got = found.log_probs[source, : len(want)]
        np.testing.assert_allclose(got, want, atol=1e-4)
        assert len({tuple(line) for line in kept}) == TOKENS**LENGTH
