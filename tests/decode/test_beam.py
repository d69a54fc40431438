"""The model is a probability table, so each expected score can be read off the page."""

import numpy as np
import pytest
from decode.toys import (
    BACKEND,
    END,
    PAD,
    A,
    B,
    C,
    all_lines,
    dice,
    eager,
    every_way,
    history_dice,
    history_log_prob,
    history_model,
    numpy_of,
    padded,
    row_of,
    table_model,
)
from keras import ops

from nlg.decode.beam import beam_search
from nlg.decode.results import IMPOSSIBLE, NEG_INF
from nlg.decode.seam import NO_END


def run(way, build, *arrays, cache=(), **options):
    """Search with the model that `build` makes of `arrays`; return NumPy `Lines`."""
    options = {"batch": 1, "beams": 2, "length": 6, "end_id": END, **options}
    arrays = [np.asarray(x, "float32") for x in arrays]
    return numpy_of(way(lambda *x: beam_search(build(*x), cache, **options))(*arrays))


def found_lines(lines, row=0):
    """The lines of a row without padding; those that are none left out."""
    there = lines.token_ids[row][lines.log_probs[row] > IMPOSSIBLE].tolist()
    return [tuple(token for token in line if token != PAD) for line in there]


def penalised(log_prob, length, alpha):
    return log_prob / ((5 + length) / 6) ** alpha


@every_way
def test_finished_beam_keeps_the_score_it_finished_with(way):
    # first: 。 .6, 甲 .4; then 甲 乙 丙 。 with certainty. The best line is [。].
    first = [0, 0.6, 0.4, 0, 0]
    table = np.eye(5)[[END, END, B, C, END]]
    lines = run(way, table_model, table, first)
    assert lines.token_ids[0].tolist() == [
        [END, PAD, PAD, PAD, PAD, PAD],
        [A, B, C, END, PAD, PAD],
    ]
    np.testing.assert_allclose(np.exp(lines.log_probs[0]), [0.6, 0.4], atol=1e-4)


@every_way
def test_finished_beam_steps_back_when_a_living_one_is_better(way):
    # 。 .4, 甲 .6; then 甲 。 with certainty.
    lines = run(way, table_model, np.eye(5)[[END] * 5], [0, 0.4, 0.6, 0, 0], length=3)
    assert lines.token_ids[0].tolist() == [[A, END, PAD], [END, PAD, PAD]]
    np.testing.assert_allclose(np.exp(lines.log_probs[0]), [0.6, 0.4], atol=1e-4)


def test_an_ended_line_takes_no_place_from_a_living_beam():
    # One beam. 。 .5 is the best first token, but 甲乙。 .45 must still be looked for:
    # a beam that ended would be the only one.
    first = [0, 0.5, 0.45, 0.05, 0]
    table = np.eye(5)[[END, END, B, END, END]]
    lines = run(eager, table_model, table, first, beams=1, n_best=2)
    assert found_lines(lines) == [(END,), (A, B, END)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("alpha", [0.0, 0.7, -0.5, 2.0])
def test_wide_beam_is_exhaustive_search(seed, alpha):
    words, length = 3, 4
    table = history_dice(words, seed)

    def worth(line):
        return penalised(history_log_prob(table, line), len(line), alpha)

    lines = sorted(all_lines(words, length), key=worth, reverse=True)
    found = run(
        eager,
        history_model,
        table,
        beams=len(lines),
        length=length,
        length_penalty=alpha,
    )
    assert found_lines(found) == lines  # all of them, best first
    np.testing.assert_allclose(found.scores[0], list(map(worth, lines)), atol=1e-4)


def numpy_beam_search(table, beams, length, n_best, alpha):
    """Return the n best (score, line): the search once more, with lists, to its end."""
    living, pool = [(0.0, ())], []
    for index in range(length):
        ways = []
        for log_prob, line in living:
            row = np.log(table[row_of(line, len(table))] + 1e-30)
            for token, step in enumerate(row):
                if token == END:
                    worth = penalised(log_prob + step, index + 1, alpha)
                    pool.append((worth, (*line, token)))
                else:
                    ways.append((log_prob + step, (*line, token)))
        living = sorted(ways, reverse=True)[:beams]
    pool += [(penalised(log_prob, length, alpha), line) for log_prob, line in living]
    return sorted(pool, reverse=True)[:n_best]


@every_way
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_search_is_that_of_a_numpy_rewrite_which_never_stops_early(way, alpha):
    words, length, seeds = 12, 7, range(2 if way is not eager else 12)
    for seed in seeds:
        table = history_dice(words, seed, rows=23)
        want = numpy_beam_search(table, 3, length, 2, alpha)
        found = run(
            way,
            history_model,
            table,
            beams=3,
            length=length,
            n_best=2,
            length_penalty=alpha,
        )
        np.testing.assert_array_equal(
            found.token_ids[0], [padded(line, length) for _, line in want]
        )
        np.testing.assert_allclose(found.scores[0], [x for x, _ in want], atol=1e-4)


def test_length_penalty_may_be_a_tensor_of_the_graph():
    table = history_dice(5, 0)
    fixed = run(eager, history_model, table, length_penalty=1.5)
    given = run(eager, history_model, table, length_penalty=ops.convert_to_tensor(1.5))
    np.testing.assert_array_equal(given.token_ids, fixed.token_ids)
    np.testing.assert_allclose(given.scores, fixed.scores, rtol=1e-6)


@every_way
def test_cache_rows_follow_their_beams(way):
    # P(next | sum of all tokens so far): a cache row that follows the wrong
    # beam gives a wrong sum at once.
    words, batch, beams = 7, 2, 3
    table = np.random.default_rng(0).dirichlet(np.ones(words), words)
    size = {"batch": batch, "beams": beams, "length": 5}

    def uncached(table):
        def next_log_probs(token_ids, cache, index):
            total = ops.sum(token_ids, axis=-1)
            return ops.take(ops.log(table), total % words, axis=0), cache

        return next_log_probs

    def cached(table):
        def next_log_probs(token_ids, cache, index):
            last = ops.take(token_ids, ops.maximum(index - 1, 0), axis=1)  # (M,)
            before = ops.convert_to_tensor(cache[0]["sum"])
            total = before + last * ops.cast(index > 0, "int32")
            return ops.take(ops.log(table), total % words, axis=0), [{"sum": total}]

        return next_log_probs

    nothing_yet = [{"sum": np.zeros(batch * beams, "int32")}]
    want = run(eager, uncached, table, **size)
    got = run(way, cached, table, cache=nothing_yet, **size)
    np.testing.assert_array_equal(got.token_ids, want.token_ids)
    np.testing.assert_allclose(got.log_probs, want.log_probs, atol=1e-5)


@every_way
def test_rows_of_a_batch_are_searched_apart(way):
    # One row ends at its first token, one never does: nobody waits for another.
    tables = [history_dice(4, seed) for seed in range(2)]
    tables += [np.eye(5)[[END] * 11], np.eye(5)[[B] * 11]]
    beams = 2

    def together(*tables):
        models = [history_model(table) for table in tables]

        def next_log_probs(token_ids, cache, index):
            rows = [model(token_ids, cache, index)[0] for model in models]
            mine = [row[i * beams : (i + 1) * beams] for i, row in enumerate(rows)]
            return ops.concatenate(mine, axis=0), cache

        return next_log_probs

    got = run(way, together, *tables, batch=4, length=4, n_best=1)
    for row, table in enumerate(tables):
        alone = run(eager, history_model, table, length=4, n_best=1)
        np.testing.assert_array_equal(got.token_ids[row], alone.token_ids[0])
        np.testing.assert_allclose(got.scores[row], alone.scores[0], rtol=1e-4)


@every_way
def test_constraint_removes_lines_and_leaves_the_scores_of_the_rest(way):
    # No line may end at once: [。] .6 goes, 甲乙丙。 keeps its .4.
    first = [0, 0.6, 0.4, 0, 0]
    table = np.eye(5)[[END, END, B, C, END]]

    def not_empty(log_probs, token_ids, index):
        ends = ops.equal(ops.arange(log_probs.shape[-1]), END)  # (V,)
        banned = ops.logical_and(ends, ops.equal(index, 0))
        return ops.where(banned, NEG_INF, log_probs)

    lines = run(way, table_model, table, first, constraints=[not_empty])
    assert lines.token_ids[0, 0].tolist() == [A, B, C, END, PAD, PAD]
    assert np.exp(lines.log_probs[0, 0]) == pytest.approx(0.4, abs=1e-4)


def test_a_row_without_any_line_says_so():
    def nothing(log_probs, token_ids, index):
        return log_probs + NEG_INF

    lines = run(eager, history_model, history_dice(4, 0), constraints=[nothing])
    assert (lines.log_probs < IMPOSSIBLE).all()


@every_way
def test_search_without_an_end_takes_exactly_its_length(way):
    # What would end a line is a word like any other.
    table, first = np.eye(5)[[END, A, END, END, END]], np.eye(5)[END]
    steps = []

    def counting(*arrays):
        model = table_model(*arrays)

        def next_log_probs(*arguments):
            steps.append(1)
            return model(*arguments)

        return next_log_probs

    lines = run(way, counting, table, first, beams=1, length=5, end_id=NO_END)
    assert lines.token_ids[0, 0].tolist() == [END, A, END, A, END]
    assert np.exp(lines.log_probs[0, 0]) == pytest.approx(1, abs=1e-4)


eager_loop = pytest.mark.skipif(BACKEND == "jax", reason="JAX traces every loop")


def steps_taken(table, **options):
    steps = []

    def counting(table):
        model = history_model(table)

        def next_log_probs(*arguments):
            steps.append(1)
            return model(*arguments)

        return next_log_probs

    lines = run(eager, counting, table, **options)
    return len(steps), lines


@eager_loop
def test_search_stops_when_no_living_beam_can_win():
    # 。 .6 at every step: after one token the best living beam has .4 and the pool .6.
    table = np.tile([0, 0.6, 0.2, 0.15, 0.05], (7, 1))
    taken, lines = steps_taken(table, beams=3, length=50, n_best=1)
    assert (taken, found_lines(lines)) == (1, [(END,)])
    # The second best is 甲。 (.2 x .6 = .12); what lives then has .2 x .2 = .04.
    taken, lines = steps_taken(table, beams=3, length=50, n_best=2)
    assert (taken, found_lines(lines)) == (2, [(END,), (A, END)])


@eager_loop
def test_search_with_a_length_penalty_goes_on_while_a_long_line_may_still_win():
    table = np.tile([0, 0.6, 0.2, 0.15, 0.05], (7, 1))
    # ln .4 x 6 / (5 + length) is above ln .6 for a length of 8, not for one of 4.
    assert penalised(np.log(0.2), 19, 1.0) > penalised(np.log(0.6), 1, 1.0)
    assert penalised(np.log(0.2), 8, 1.0) < penalised(np.log(0.6), 1, 1.0)
    options = {"beams": 3, "n_best": 1, "length_penalty": 1.0}
    assert steps_taken(table, length=8, **options)[0] == 1
    assert steps_taken(table, length=19, **options)[0] > 1


@eager_loop
def test_search_stops_when_the_rules_leave_no_line():
    table = np.tile([0, 0.6, 0.2, 0.15, 0.05], (7, 1))

    def nothing(log_probs, written, index):
        return ops.full_like(log_probs, NEG_INF)

    # A penalty divides: what is impossible would seem to gain by going on.
    options = {"length": 50, "length_penalty": 2.0, "constraints": [nothing]}
    taken, lines = steps_taken(table, beams=3, **options)
    assert (taken, found_lines(lines)) == (1, [])


@pytest.mark.parametrize("seed", range(3))
def test_one_beam_and_one_line_is_greedy_where_no_early_end_is_better(seed):
    table, first = dice(6, seed)
    line, prob, ended = [], 1.0, []
    while len(line) < 6:
        row = table[line[-1]] if line else first
        ended.append((prob * row[END], [*line, END]))
        row = np.where(np.arange(7) == END, 0, row)
        line.append(int(np.argmax(row)))
        prob *= row.max()
    best = max([*ended, (prob, line)])
    lines = run(eager, table_model, table, first, beams=1, length=6)
    assert lines.token_ids[0, 0].tolist() == padded(best[1], 6)
    assert np.exp(lines.log_probs[0, 0]) == pytest.approx(best[0], rel=1e-4)


@every_way
def test_beams_are_sorted_best_first_and_differ(way):
    lines = run(way, table_model, *dice(6, 5), beams=4, length=4)
    assert np.all(np.diff(lines.log_probs[0]) <= 0)
    assert len({tuple(line) for line in lines.token_ids[0].tolist()}) == 4
