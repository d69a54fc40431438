"""Of all lines of one length, those that keep a rule, each with its own score."""

import itertools

import numpy as np
import pytest
from decode.toys import (
    every_way,
    history_dice,
    history_log_prob,
    history_model,
    numpy_of,
)

from nlg.decode.beam import beam_search
from nlg.decode.results import IMPOSSIBLE
from nlg.decode.rhyme_constraints import (
    NONE,
    no_pair_against,
    no_repeated_foot,
    one_part_a_group,
    said_again,
)

WORDS, LENGTH = 4, 4
TABLE = history_dice(WORDS, 0).astype("float32")
LEVEL, OBLIQUE = range(2)
# Level: 1 and 2 are of part 0, 2 and 3 of part 1. Oblique: 4 is of part 0.
PARTS = np.zeros((2, 2, WORDS + 1), "float32")
PARTS[LEVEL, 0, [1, 2]] = PARTS[LEVEL, 1, [2, 3]] = PARTS[OBLIQUE, 0, [4]] = 1


def places(*values):
    return np.array(values, "int32")


def kept(rule, way):
    """Every line that a search under `rule` finds, whatever its score."""
    beams = (WORDS + 1) ** LENGTH

    def run(table):
        model = history_model(table)
        return beam_search(
            model, (), batch=1, beams=beams, length=LENGTH, constraints=[rule]
        )

    found = numpy_of(way(run)(TABLE))
    there = found.log_probs[0] > IMPOSSIBLE
    lines = [tuple(line) for line in found.token_ids[0][there].tolist()]
    want = [history_log_prob(TABLE, line) for line in lines]
    np.testing.assert_allclose(found.log_probs[0][there], want, atol=1e-4)
    return set(lines)


def those(keeps):
    lines = itertools.product(range(1, WORDS + 1), repeat=LENGTH)
    return {line for line in lines if keeps(*line)}


def in_part(part, *feet):
    return all(PARTS[kind, part, token] for token, kind in feet)


@every_way
def test_the_places_of_a_group_are_of_one_part(way):
    rule = one_part_a_group(
        PARTS,
        np.ones((1, 2), "float32"),
        places(0, NONE, 0, 0),
        places(LEVEL, LEVEL, LEVEL, OBLIQUE),
    )

    def keeps(a, _, c, d):
        feet = (a, LEVEL), (c, LEVEL), (d, OBLIQUE)
        return in_part(0, *feet) or in_part(1, *feet)

    assert kept(rule, way) == those(keeps)
    assert 0 < len(those(keeps)) < WORDS**LENGTH


@every_way
def test_groups_rhyme_apart_and_each_in_what_is_open_to_it(way):
    open_parts = np.array([[1, 0], [1, 1]], "float32")
    level = places(*[LEVEL] * 4)
    rule = one_part_a_group(PARTS, open_parts, places(0, 1, 0, 1), level)

    def keeps(a, b, c, d):
        first = in_part(0, (a, LEVEL), (c, LEVEL))
        second = [in_part(part, (b, LEVEL), (d, LEVEL)) for part in (0, 1)]
        return first and any(second)

    assert kept(rule, way) == those(keeps)


@every_way
def test_a_place_that_is_said_again_has_the_token_of_its_source(way):
    rule = said_again(places(NONE, NONE, 0, 1))
    assert kept(rule, way) == those(lambda a, b, c, d: (a, b) == (c, d))


@every_way
def test_no_foot_comes_twice_unless_it_is_said_again(way):
    groups, sources = places(0, NONE, 1, 0), places(NONE, NONE, NONE, 0)
    rule = no_repeated_foot(groups, sources)
    assert kept(rule, way) == those(lambda a, b, c, d: c != a)
    rule = no_repeated_foot(groups, places(*[NONE] * 4))
    assert kept(rule, way) == those(lambda a, b, c, d: len({a, c, d}) == 3)


@every_way
def test_a_word_does_not_stand_where_its_reading_is_not_wanted(way):
    # In 1 2 the second is no oblique; in 3 4 the first is no level.
    pairs = np.array([[1, 2], [3, 4]], "int32")
    against = np.array([[NONE, OBLIQUE], [LEVEL, NONE]], "int32")
    kinds = LEVEL, OBLIQUE, LEVEL, OBLIQUE
    rule = no_pair_against(pairs, against, places(*kinds), places(*[NONE] * 4))

    def keeps(*line):
        return not any(
            (pair == (1, 2) and second == OBLIQUE)
            or (pair == (3, 4) and first == LEVEL)
            for pair, (first, second) in zip(
                itertools.pairwise(line), itertools.pairwise(kinds), strict=True
            )
        )

    assert kept(rule, way) == those(keeps)


@pytest.mark.parametrize("kind", [LEVEL, OBLIQUE])
def test_what_stands_before_a_token_that_is_said_again_suits_it(kind):
    pairs = np.array([[1, 2]], "int32")
    against = np.array([[NONE, OBLIQUE]], "int32")
    sources = places(NONE, NONE, NONE, 0)
    kinds = places(LEVEL, LEVEL, LEVEL, kind)
    rule = no_pair_against(pairs, against, kinds, sources)
    found = kept(rule, lambda function: function)
    suits = those(lambda a, b, c, d: (c, a) != (1, 2) or kind == LEVEL)
    assert found == suits
