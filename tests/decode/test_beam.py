"""The model is a probability table, so each expected score can be read off the page."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from nlg.decode.beam import NO_END, beam_search

PAD, END, A, B, C = range(5)


def table_model(table, first):
    """P(first token) is `first` (V,), P(next | last token) is `table` (V, V)."""
    table = ops.log(ops.convert_to_tensor(table + 1e-9, "float32"))
    first = ops.log(ops.convert_to_tensor(first + 1e-9, "float32"))

    def next_log_probs(token_ids, cache, index):
        last = ops.take(token_ids, ops.maximum(index - 1, 0), axis=1)  # (B * K,)
        return ops.where(index == 0, first, ops.take(table, last, axis=0)), cache

    return next_log_probs


def dice(words, seed):
    """Return `table` and `first` of a random model without PAD."""
    rng = np.random.default_rng(seed)
    first = np.append(0, rng.dirichlet(np.ones(words)))
    table = np.c_[np.zeros(words + 1), rng.dirichlet(np.ones(words), words + 1)]
    return table, first


def eager(search):
    return search


def ways_to_run():
    yield "eager", eager
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        yield "graph", tf.function
        yield "xla", lambda search: tf.function(search, jit_compile=True)
    if keras.backend.backend() == "jax":
        import jax

        yield "jit", jax.jit


every_way = pytest.mark.parametrize(
    "way", [pytest.param(way, id=name) for name, way in ways_to_run()]
)


def run(way, model, cache=(), **options):
    """Return token ids (B, K, T) and probabilities (B, K)."""
    options = {"batch": 1, "beams": 2, "length": 6, "end_id": END, **options}
    found = way(lambda: beam_search(model, cache, **options))()
    token_ids, log_probs = map(ops.convert_to_numpy, found)
    return token_ids, np.exp(log_probs)


@every_way
def test_finished_beam_keeps_the_score_it_finished_with(way):
    # first: 。 .6, 甲 .4; then 甲 乙 丙 。 with certainty. The best line is [。].
    first = np.array([0, 0.6, 0.4, 0, 0])
    table = np.eye(5)[[END, END, B, C, END]]
    token_ids, probs = run(way, table_model(table, first))
    assert token_ids[0].tolist() == [
        [END, PAD, PAD, PAD, PAD, PAD],
        [A, B, C, END, PAD, PAD],
    ]
    np.testing.assert_allclose(probs[0], [0.6, 0.4], atol=1e-4)


@every_way
def test_finished_beam_steps_back_when_a_living_one_is_better(way):
    # 。 .4, 甲 .6; then 甲 。 with certainty.
    first = np.array([0, 0.4, 0.6, 0, 0])
    table = np.eye(5)[[END, END, END, END, END]]
    token_ids, probs = run(way, table_model(table, first), length=3)
    assert token_ids[0].tolist() == [[A, END, PAD], [END, PAD, PAD]]
    np.testing.assert_allclose(probs[0], [0.6, 0.4], atol=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_wide_beam_is_exhaustive_search(seed):
    words, length = 3, 3
    table, first = dice(words, seed)

    def prob(line):
        steps = [table[a, b] for a, b in itertools.pairwise(line)]
        return first[line[0]] * np.prod(steps)

    lines = [
        line
        for n in range(1, length + 1)
        for line in itertools.product(range(1, words + 1), repeat=n)
        if END not in line[:-1] and (line[-1] == END or n == length)
    ]
    lines.sort(key=prob, reverse=True)
    token_ids, probs = run(
        eager,
        table_model(table, first),
        beams=len(lines),
        length=length,
    )
    found = [tuple(t for t in beam if t != PAD) for beam in token_ids[0].tolist()]
    assert found == lines  # all of them, best first
    np.testing.assert_allclose(probs[0], list(map(prob, lines)), atol=1e-5)


@every_way
def test_cache_rows_follow_their_beams(way):
    # P(next | sum of all tokens so far): a cache row that follows the wrong
    # beam gives a wrong sum at once.
    words, batch, beams = 7, 2, 3
    table = np.random.default_rng(0).dirichlet(np.ones(words), words)
    table = ops.log(ops.convert_to_tensor(table, "float32"))
    size = {"batch": batch, "beams": beams, "length": 5}

    def uncached(token_ids, cache, index):
        return ops.take(table, ops.sum(token_ids, axis=-1) % words, axis=0), cache

    def cached(token_ids, cache, index):
        last = ops.take(token_ids, ops.maximum(index - 1, 0), axis=1)  # (B * K,)
        total = cache[0]["sum"] + last * ops.cast(index > 0, "int32")
        return ops.take(table, total % words, axis=0), [{"sum": total}]

    nothing_yet = [{"sum": ops.zeros((batch * beams,), "int32")}]
    want = run(eager, uncached, **size)
    got = run(way, cached, nothing_yet, **size)
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_allclose(got[1], want[1], atol=1e-5)


@every_way
def test_rows_of_a_batch_are_searched_apart(way):
    tables = [dice(4, seed) for seed in range(3)]
    models = [table_model(*dice) for dice in tables]
    beams = 2

    def together(token_ids, cache, index):
        rows = [model(token_ids, cache, index)[0] for model in models]
        rows = [ops.broadcast_to(row, (3 * beams, 5)) for row in rows]
        return ops.concatenate(
            [row[i * beams : (i + 1) * beams] for i, row in enumerate(rows)], axis=0
        ), cache

    got = run(way, together, batch=3, length=4)
    for row, model in enumerate(models):
        alone = run(eager, model, length=4)
        np.testing.assert_array_equal(got[0][row], alone[0][0])
        np.testing.assert_allclose(got[1][row], alone[1][0], rtol=1e-5)


@every_way
def test_constraint_removes_lines_and_leaves_the_scores_of_the_rest(way):
    # As above, but no line may end at once: [。] .6 goes, 甲乙丙。 keeps its .4.
    first = np.array([0, 0.6, 0.4, 0, 0])
    model = table_model(np.eye(5)[[END, END, B, C, END]], first)

    def not_empty(log_probs, token_ids, index):
        ends = ops.equal(ops.arange(log_probs.shape[-1]), END)  # (V,)
        banned = ops.logical_and(ends, ops.equal(index, 0))
        return ops.where(banned, -1e9, log_probs)

    token_ids, probs = run(way, model, constraints=[not_empty])
    assert token_ids[0, 0].tolist() == [A, B, C, END, PAD, PAD]
    assert probs[0, 0] == pytest.approx(0.4, abs=1e-4)


@every_way
def test_search_without_an_end_takes_exactly_its_length(way):
    # What would end a line is a word like any other.
    table, first = np.eye(5)[[END, A, END, END, END]], np.eye(5)[END]
    model = table_model(table, first)
    steps = []

    def counting(token_ids, cache, index):
        steps.append(1)
        return model(token_ids, cache, index)

    token_ids, probs = run(way, counting, beams=1, length=5, end_id=NO_END)
    assert token_ids[0, 0].tolist() == [END, A, END, A, END]
    assert probs[0, 0] == pytest.approx(1, abs=1e-4)
    assert len(steps) == (5 if way is eager else 1)  # a compiled loop is traced once


def test_search_stops_when_every_beam_has_ended():
    first, steps = np.eye(5)[END], []
    model = table_model(np.eye(5)[[END] * 5], first)

    def counting(token_ids, cache, index):
        steps.append(1)
        return model(token_ids, cache, index)

    token_ids, _ = run(eager, counting, beams=1, length=50)
    assert token_ids[0, 0].tolist() == [END] + 49 * [PAD]
    assert len(steps) == 1


@pytest.mark.parametrize("seed", range(3))
def test_one_beam_is_greedy(seed):
    table, first = dice(6, seed)
    line, prob = [], 1.0
    while len(line) < 6 and END not in line:
        row = table[line[-1]] if line else first
        line.append(int(np.argmax(row)))
        prob *= row.max()
    token_ids, probs = run(eager, table_model(table, first), beams=1, length=6)
    assert token_ids[0, 0].tolist() == line + (6 - len(line)) * [PAD]
    assert probs[0, 0] == pytest.approx(prob, rel=1e-4)


@every_way
def test_beams_are_sorted_best_first(way):
    token_ids, probs = run(way, table_model(*dice(6, 5)), beams=4, length=4)
    assert np.all(np.diff(probs[0]) <= 0)
    assert len({tuple(beam) for beam in token_ids[0].tolist()}) == 4
