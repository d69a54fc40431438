"""Of all lines of one length, those that keep a plan, each with its own score."""

import itertools

import numpy as np
from decode.toys import (
    eager,
    every_way,
    history_dice,
    history_log_prob,
    history_model,
    numpy_of,
)

from nlg.decode.beam import beam_search
from nlg.decode.results import IMPOSSIBLE
from nlg.decode.template_constraint import follow_template

WORDS, LENGTH = 4, 3
TABLE = history_dice(WORDS, 0).astype("float32")
ODD, EVEN, ANY = range(3)
KINDS = np.array([[0, 1, 0, 1, 0], [0, 0, 1, 0, 1], [0, 1, 1, 1, 1]], "float32")
PLANS = np.array([[ODD, ODD, EVEN], [ODD, EVEN, EVEN], [EVEN, ANY, ODD]], "int32")


def keeps_a_plan(line):
    parities = ["EO"[token % 2] for token in line]
    return "".join(parities) in ("OOE", "OEE", "EOO", "EEO")


def search(way=eager):
    beams = (WORDS + 1) ** LENGTH

    def run(table):
        model, cache = follow_template(
            history_model(table), (), kinds=KINDS, plans=PLANS, rows=beams
        )
        return beam_search(model, cache, batch=1, beams=beams, length=LENGTH)

    return numpy_of(way(run)(TABLE))


@every_way
def test_a_wide_search_finds_every_line_that_keeps_a_plan(way):
    found = search(way)
    lines = itertools.product(range(1, WORDS + 1), repeat=LENGTH)
    kept = [line for line in lines if keeps_a_plan(line)]
    kept.sort(key=lambda line: -history_log_prob(TABLE, line))
    there = found.log_probs[0] > IMPOSSIBLE
    assert [tuple(line) for line in found.token_ids[0][there].tolist()] == kept
    want = [history_log_prob(TABLE, line) for line in kept]
    np.testing.assert_allclose(found.log_probs[0][there], want, atol=1e-4)
    assert len(kept) == 4 * 2**3 < WORDS**LENGTH
