"""Toys small enough to try every way to fill them.

What is wanted at a place is a vector for each two characters that may stand before it;
these and the vectors of characters are drawn by chance.

Shapes: B rows, T places, N slots, K beams, M = B * K, E units, V vocabulary.
"""

import itertools

import numpy as np
import pytest
from decode.toys import BACKEND, eager, numpy_of, ways_to_run
from keras import ops

from nlg.decode.results import NEG_INF
from nlg.decode.slots import NONE, Slots, best_slots, by_place, fill_slots

B, T, N, E, V = 2, 4, 3, 5, 12
ALL = N ** (T - 1)  # prefixes of all places but the last
# tests/couplet/train/test_search.py runs it as ONNX.
COMPILED = dict(ways_to_run()).get("jit" if BACKEND == "jax" else "graph", eager)
WAYS = [*itertools.product(range(N), repeat=T)]


@pytest.fixture
def toy():
    return toy_of(0)


def toy_of(seed):
    """Return arrays: table, wishes by what stands before, row's own, slots, bias."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(V, E))
    wishes = rng.normal(size=(T, V + 1, V + 1, E))
    own = rng.normal(size=(B, E))
    slots = np.stack([[rng.permutation(V)[:N] for _ in range(T)] for _ in range(B)])
    bias = rng.normal(size=(B, T, N))
    floats = [x.astype("float32") for x in (table, wishes, own, bias)]
    return (*floats[:3], slots.astype("int32"), floats[3])


def fill(toy, noise=None, beams=ALL, way=eager, **options):
    """Return `SlotHypotheses` in NumPy."""
    noise = np.zeros((B, T, N), "float32") if noise is None else noise

    def search(table, wishes, own, slots, bias, noise):
        flat = ops.reshape(wishes, (-1, E))

        def wanted(last, before_last, index):
            place = (index * (V + 1) + last + 1) * (V + 1) + before_last + 1  # (M,)
            return ops.take(flat, place, axis=0) + ops.repeat(own, beams, axis=0)

        return fill_slots(
            wanted, table, Slots(slots, bias), noise, beams=beams, **options
        )

    return numpy_of(way(search)(*toy, noise))


def steps_of(toy, row, way):
    """Return the log-probability of each step of a way, by the definition."""
    table, wishes, own, slots, bias = toy
    characters = [int(slots[row, t, n]) for t, n in enumerate(way)]
    steps = []
    for t, n in enumerate(way):
        last = characters[t - 1] if t > 0 else NONE
        before_last = characters[t - 2] if t > 1 else NONE
        state = wishes[t, last + 1, before_last + 1] + own[row]
        scores = table[slots[row, t]] @ state + bias[row, t]
        steps.append(scores[n] - np.log(np.exp(scores.astype("float64")).sum()))
    return np.array(steps)


def ranked(toy, row, noise=None, allowed=lambda characters: True):
    """Return every allowed way as (characters, log-probability), the best first."""
    found = []
    for way in WAYS:
        characters = [int(toy[3][row, t, n]) for t, n in enumerate(way)]
        log_prob = steps_of(toy, row, way).sum()
        luck = 0 if noise is None else sum(noise[row, t, n] for t, n in enumerate(way))
        if allowed(characters):
            found.append((log_prob + luck, characters, log_prob))
    found.sort(key=lambda one: -one[0])
    return [one[1:] for one in found]


def check(filled, toy, n_best, **options):
    assert filled.token_ids.shape == (B, n_best, T)
    for row in range(B):
        best = ranked(toy, row, **options)[:n_best]
        assert filled.token_ids[row].tolist() == [characters for characters, _ in best]
        np.testing.assert_allclose(
            filled.log_probs[row], [log_prob for _, log_prob in best], atol=1e-4
        )


@pytest.mark.parametrize("way", [eager, COMPILED], ids=["eager", "compiled"])
def test_a_wide_search_tries_every_way(toy, way):
    check(fill(toy, way=way, n_best=6), toy, 6)


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_wide_search_ranks_as_the_definition_does(seed):
    toy = toy_of(seed)
    check(fill(toy, n_best=ALL), toy, ALL)


def test_one_line_is_what_comes_unasked(toy):
    check(fill(toy), toy, 1)


def test_one_beam_takes_the_best_slot_of_each_place_in_turn(toy):
    filled = fill(toy, beams=1)
    for row in range(B):
        way = []
        for _ in range(T):
            options = [steps_of(toy, row, (*way, n))[-1] for n in range(N)]
            way.append(int(np.argmax(options)))
        characters = [int(toy[3][row, t, n]) for t, n in enumerate(way)]
        assert filled.token_ids[row, 0].tolist() == characters
        total = steps_of(toy, row, way).sum()
        assert filled.log_probs[row, 0] == pytest.approx(total, abs=1e-4)


def test_rows_do_not_touch_each_other(toy):
    together = fill(toy, beams=2, n_best=2)
    for row in range(B):
        table, wishes, *own = toy
        twice = [np.repeat(x[row : row + 1], B, axis=0) for x in own]
        alone = fill((table, wishes, *twice), beams=2, n_best=2)
        np.testing.assert_array_equal(alone.token_ids[0], together.token_ids[row])
        np.testing.assert_allclose(
            alone.log_probs[0], together.log_probs[row], atol=1e-5
        )


def test_a_closed_slot_is_never_written(toy):
    closed = np.zeros((B, T, N), bool)
    closed[0, 1, :2] = closed[1, 0, 2] = closed[1, 3, 0] = True
    bias = np.where(closed, NEG_INF, toy[4]).astype("float32")
    shut = [
        {(t, int(toy[3][row, t, n])) for _, t, n in np.argwhere(closed[[row]])}
        for row in range(B)
    ]
    closing = (*toy[:4], bias)
    filled = fill(closing, n_best=ALL // 3)
    for row in range(B):
        for line in filled.token_ids[row].tolist():
            assert shut[row].isdisjoint(enumerate(line))
        # They count for nothing: the others share out their probability.
        want = [
            (characters, log_prob)
            for characters, log_prob in ranked(closing, row)
            if shut[row].isdisjoint(enumerate(characters))
        ]
        assert filled.token_ids[row].tolist() == [x for x, _ in want][: ALL // 3]
        np.testing.assert_allclose(
            filled.log_probs[row], [x for _, x in want][: ALL // 3], atol=1e-4
        )


def test_noise_sways_the_choice_and_does_not_count(toy):
    noise = np.random.default_rng(5).gumbel(size=(B, T, N)).astype("float32")
    swayed, calm = fill(toy, noise, n_best=6), fill(toy, n_best=6)
    assert (swayed.token_ids != calm.token_ids).any()
    check(swayed, toy, 6, noise=noise)


def test_rules_close_slots_given_what_is_written(toy):
    def no_neighbours(log_probs, written, offered, index):
        last = ops.take(written, ops.maximum(index - 1, 0), axis=1)[:, None]
        near = ops.logical_and(ops.abs(offered - last) < 3, index > 0)
        return ops.where(near, NEG_INF, log_probs)

    def apart(characters):
        return all(abs(a - b) >= 3 for a, b in itertools.pairwise(characters))

    filled = fill(toy, n_best=3, rules=[no_neighbours])
    assert not apart(ranked(toy, 0)[0][0]) or not apart(ranked(toy, 1)[0][0])
    check(filled, toy, 3, allowed=apart)


@pytest.mark.skipif(BACKEND == "jax", reason="JAX traces every loop")
def test_a_rule_sees_what_is_written_and_what_is_offered(toy):
    seen = []

    def look(log_probs, written, offered, index):
        seen.append(numpy_of((log_probs, written, offered, index)))
        return log_probs

    fill(toy, beams=2, rules=[look])
    assert [int(index) for *_, index in seen] == [*range(T)]
    for log_probs, written, offered, index in seen:
        assert log_probs.shape == (B * 2, N)
        assert written.shape == (B * 2, T)
        assert (written[:, index:] == NONE).all()
        assert (written[:, :index] != NONE).all()
        np.testing.assert_array_equal(offered, np.repeat(toy[3][:, index], 2, axis=0))


@pytest.mark.skipif(BACKEND == "jax", reason="JAX traces every loop")
def test_the_first_two_places_see_that_nothing_stands_before():
    seen = []

    def wanted(last, before_last, index):
        seen.append(numpy_of((last, before_last)))
        return np.zeros((B, E), "float32")

    slots = np.arange(B * T * N).reshape(B, T, N).astype("int32")
    bias = np.where(np.arange(N) == 1, 0.0, NEG_INF) + np.zeros((B, T, N))
    fill_slots(
        wanted,
        np.zeros((B * T * N, E), "float32"),
        Slots(slots, bias.astype("float32")),
        np.zeros((B, T, N), "float32"),
        beams=1,
    )
    written = slots[:, :, 1]  # the only open slot
    nothing = np.full(B, NONE)
    for t, (last, before_last) in enumerate(seen):
        np.testing.assert_array_equal(last, written[:, t - 1] if t > 0 else nothing)
        np.testing.assert_array_equal(
            before_last, written[:, t - 2] if t > 1 else nothing
        )


def test_the_best_characters_of_each_place_are_those_of_a_sort():
    scores = np.random.default_rng(0).normal(size=(B, T, V)).astype("float32")
    token_ids, values = map(ops.convert_to_numpy, best_slots(scores, 4))
    order = np.argsort(-scores, axis=-1)[..., :4]
    assert token_ids.dtype == np.int32
    np.testing.assert_array_equal(token_ids, order)
    np.testing.assert_array_equal(values, np.take_along_axis(scores, order, axis=-1))


@pytest.mark.parametrize("shape", [(B, T), (B, T, E)])
def test_a_step_reads_one_slice_with_a_row_for_each_beam(shape):
    rows = np.arange(np.prod(shape)).reshape(shape)
    turned = ops.convert_to_numpy(by_place(ops.convert_to_tensor(rows), 3))
    for t, beam in itertools.product(range(T), range(B * 3)):
        np.testing.assert_array_equal(turned[t, beam], rows[beam // 3, t])
