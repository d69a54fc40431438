"""The oracle is NumPy on a table; chance is an array, so every draw can be checked."""

import numpy as np
import pytest
from decode.models import SEP, SOURCES, tiny_unilm
from decode.toys import (
    END,
    PAD,
    eager,
    every_way,
    history_dice,
    history_log_prob,
    history_model,
    numpy_of,
    row_of,
)
from keras import ops

from nlg.decode import constraints
from nlg.decode.results import NEG_INF, line_of, uniforms
from nlg.decode.sample import _token_at, sample, temperature, top_k, top_p, typical
from nlg.decode.seq2seq import empty_cache, read, writer
from nlg.errors import OptionError

WORDS, LENGTH = 9, 7
TABLE = history_dice(WORDS, 1).astype("float32")
FILTERS = {
    "temperature": [temperature(0.6)],
    "top-k": [top_k(3)],
    "top-p": [top_p(0.7)],
    "top-p of two": [top_p(0.7, 2)],
    "typical": [typical(0.6)],
    "all": [temperature(1.3), top_k(6), top_p(0.9), typical(0.8)],
}


def softmax(x):
    grown = np.exp(x - x.max())
    return grown / grown.sum()


def numpy_filter(name, probs):
    """The filters once more, for one row of probabilities in float64."""
    if name == "temperature":
        return softmax(np.log(probs + 1e-30) / 0.6)
    if name == "all":
        probs = softmax(np.log(probs + 1e-30) / 1.3)
        probs = kept(probs, np.argsort(-probs)[:6])
        probs = kept(probs, until_mass(-probs, probs, 0.9))
        return kept(probs, until_mass(surprise(probs), probs, 0.8))
    if name == "top-k":
        return kept(probs, np.argsort(-probs)[:3])
    if name == "top-p of two":
        return kept(probs, until_mass(-probs, probs, 0.7)[:2])
    key, mass = (-probs, 0.7) if name == "top-p" else (surprise(probs), 0.6)
    return kept(probs, until_mass(key, probs, mass))


def surprise(probs):
    bits = -np.log(np.maximum(probs, 1e-30))
    return np.abs(bits - np.sum(probs * bits))


def until_mass(key, probs, mass):
    order = np.argsort(key)
    before = np.cumsum(probs[order]) - probs[order]
    return order[before < mass]


def kept(probs, tokens):
    probs = np.where(np.isin(np.arange(len(probs)), tokens), probs, 0)
    return probs / probs.sum()


def run(way, noise, filters=(), **options):
    options = {"rows": len(noise), "length": LENGTH, "end_id": END, **options}
    found = way(
        lambda table, noise: sample(
            history_model(table), (), noise=noise, filters=filters, **options
        )
    )(TABLE, np.asarray(noise, "float32"))
    return numpy_of(found)


@pytest.mark.parametrize("name", FILTERS)
def test_filters_leave_what_numpy_leaves(name):
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(50) * 0.3, 40)
    got = ops.log(ops.convert_to_tensor(probs + 1e-30, "float32"))
    for keep in FILTERS[name]:
        got = keep(got)
    want = np.array([numpy_filter(name, row + 1e-30) for row in probs])
    np.testing.assert_allclose(numpy_of(ops.softmax(got)), want, atol=1e-5)


@every_way
@pytest.mark.parametrize("name", ["none", "all"])
def test_each_token_is_where_the_probabilities_pass_the_noise(way, name):
    noise = uniforms(range(20), LENGTH)
    found = run(way, noise, FILTERS.get(name, ()))
    for row, line in enumerate(found.token_ids.tolist()):
        for place, token in enumerate(line):
            probs = TABLE[row_of(line[:place], len(TABLE))].astype("float64")
            probs = probs if name == "none" else numpy_filter(name, probs + 1e-30)
            total = np.cumsum(probs / probs.sum())
            assert token == np.searchsorted(total, noise[row, place], "right")
            if token == END:
                assert set(line[place + 1 :]) <= {PAD}
                break
        said = line[: line.index(END) + 1] if END in line else line
        want = history_log_prob(TABLE, said)  # of the model, not of the filter
        assert found.log_probs[row] == pytest.approx(want, abs=1e-4)


def test_draws_follow_the_distribution():
    noise = uniforms(range(20_000), 1)
    tokens = run(eager, noise, length=1).token_ids[:, 0]
    shares = np.bincount(tokens, minlength=WORDS + 1) / len(tokens)
    # three standard deviations of a share of 20,000 draws are at most .011
    np.testing.assert_allclose(shares, TABLE[0], atol=0.011)


def test_without_noise_sampling_is_greedy():
    found = numpy_of(
        sample(history_model(TABLE), (), rows=1, length=LENGTH, end_id=END)
    )
    line = []
    while len(line) < LENGTH and END not in line:
        line.append(int(np.argmax(TABLE[row_of(line, len(TABLE))])))
    assert line_of(found.token_ids[0], END) == line_of(line, END)


@pytest.mark.parametrize("name", FILTERS)
def test_filters_without_noise_are_refused(name):
    with pytest.raises(OptionError, match="filters need noise"):
        sample(history_model(TABLE), (), rows=1, length=2, filters=FILTERS[name])


@pytest.mark.parametrize("zero", [0, 0.0, np.float32(0)])
def test_at_temperature_zero_the_most_probable_tokens_are_drawn(zero):
    noise = np.linspace(0, 1, 50, endpoint=False)[:, None].repeat(LENGTH, 1)
    drawn = run(eager, noise, [temperature(zero)]).token_ids
    greedy = numpy_of(
        sample(history_model(TABLE), (), rows=1, length=LENGTH, end_id=END)
    )
    np.testing.assert_array_equal(drawn, greedy.token_ids.repeat(50, 0))


def test_what_a_rule_forbids_is_never_drawn():
    rules = [constraints.banned([2, 3, 4, 5, 6])]
    # the hardest noise: shares at which a sum steps past a token of no probability
    noise = np.linspace(0, 1, 2000, endpoint=False)[:, None].repeat(LENGTH, 1)
    tokens = run(eager, noise, constraints=rules).token_ids
    assert set(np.unique(tokens)) <= {PAD, END, 7, 8, 9}


def test_a_row_depends_on_its_seed_alone():
    model, length = tiny_unilm(), 8

    def lines(rows, seeds, room_for=length):
        reading = read(model, {"token_ids": SOURCES[rows]})
        return numpy_of(
            sample(
                writer(model, reading, 1),
                empty_cache(model, len(rows), room_for),
                rows=len(rows),
                length=room_for,
                end_id=SEP,
                noise=uniforms(seeds, room_for),
            )
        )

    rows, seeds = [0, 1, 1, 0, 1], [7, 7, 8, 9, 8]
    together = lines(rows, seeds).token_ids
    assert len({tuple(line) for line in together}) > 2
    for place, (row, seed) in enumerate(zip(rows, seeds, strict=True)):
        np.testing.assert_array_equal(
            lines([row], [seed]).token_ids[0], together[place]
        )
    longer = lines(rows, seeds, length + 3).token_ids
    np.testing.assert_array_equal(longer[:, :length], together)


def test_a_line_that_no_rule_allows_shows_it():
    found = run(eager, uniforms([1], LENGTH), constraints=[lambda x, t, i: x + NEG_INF])
    assert found.log_probs[0] < NEG_INF / 2


def test_a_sum_that_is_rounded_up_at_a_forbidden_token_does_not_draw_it(monkeypatch):
    sums = ops.convert_to_tensor([[0.5, 0.50001, 1.0]], "float32")
    monkeypatch.setattr(ops, "cumsum", lambda x, axis: sums)
    log_probs = ops.convert_to_tensor([[np.log(0.5), NEG_INF, np.log(0.5)]], "float32")
    share = ops.convert_to_tensor([0.500005], "float32")
    assert numpy_of(_token_at(log_probs, share)).tolist() == [2]
