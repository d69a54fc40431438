"""The oracle is the formula in NumPy, loops over places and tokens."""

import numpy as np
import pytest
from keras import ops

from nlg.layers.copy import (
    CLOSED,
    GOING_ON,
    LONGEST_RUN,
    CopyHead,
    copy_log_probs,
    copy_nats,
    runs_after,
    same_tokens,
)

V, S = 9, 6
TOKENS = np.array([[4, 7, 7, 2, 4, 0], [1, 1, 1, 8, 3, 3]], "int32")
rng = np.random.default_rng(0)
LOGITS = rng.normal(size=(2, V)).astype("float32")
SCORES = 2 * rng.normal(size=(2, S)).astype("float32")
OPENNESS = np.array([-0.4, 1.1], "float32")


def numpy(x):
    return np.array(ops.convert_to_numpy(x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def mixture(row, is_open):
    """p of every token, (V,)."""
    gate = 1 / (1 + np.exp(-OPENNESS[row]))
    shares = softmax(SCORES[row, is_open])
    probs = (1 - gate) * softmax(LOGITS[row])
    for token, share in zip(TOKENS[row, is_open], shares, strict=True):
        probs[token] += gate * share
    return probs


def nats_of_vocabulary(targets):
    return -np.log(softmax(LOGITS))[np.arange(2), targets]


@pytest.mark.parametrize("targets", [(7, 3), (4, 1), (5, 0)])  # the last: not there
def test_nats_of_a_target_are_those_of_the_mixture(targets):
    targets = np.array(targets)
    is_open = TOKENS != 0
    holds = is_open & (targets[:, None] == TOKENS)
    nats = nats_of_vocabulary(targets).astype("float32")
    got = numpy(copy_nats(nats, OPENNESS, SCORES, is_open, holds))
    want = [-np.log(mixture(row, is_open[row])[targets[row]]) for row in range(2)]
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_closed_places_are_not_copied_from():
    is_open = np.array([[0, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 1]], bool)
    targets = np.array([4, 3])  # 4 stands at closed places only
    holds = is_open & (targets[:, None] == TOKENS)
    nats = nats_of_vocabulary(targets).astype("float32")
    got = numpy(copy_nats(nats, OPENNESS, SCORES, is_open, holds))
    want = [-np.log(mixture(row, is_open[row])[targets[row]]) for row in range(2)]
    np.testing.assert_allclose(got, want, rtol=1e-5)
    gate = 1 / (1 + np.exp(-OPENNESS[0]))
    assert got[0] == pytest.approx(nats[0] - np.log(1 - gate), rel=1e-5)


def test_all_log_probs_are_those_of_the_mixture_and_add_up_to_one():
    shares = softmax(SCORES)
    summed = numpy(ops.matmul(shares[:, None], same_tokens(TOKENS)))[:, 0]
    got = numpy(copy_log_probs(LOGITS, OPENNESS, summed, TOKENS))
    everything = np.ones(S, bool)
    want = np.log([mixture(row, everything) for row in range(2)])
    np.testing.assert_allclose(got, want, rtol=1e-4)
    np.testing.assert_allclose(np.exp(got).sum(-1), 1, rtol=1e-5)


def test_shares_of_a_token_are_added_up_at_each_of_its_places():
    shares = np.array([[0.1, 0.2, 0.3, 0.05, 0.15, 0.2]] * 2, "float32")
    summed = numpy(ops.matmul(shares[:, None], same_tokens(TOKENS)))[:, 0]
    want = [[0.25, 0.5, 0.5, 0.05, 0.25, 0.2], [0.6, 0.6, 0.6, 0.05, 0.35, 0.35]]
    np.testing.assert_allclose(summed, want, rtol=1e-5)


def test_what_is_as_good_as_impossible_stays_finite():
    logits = np.array([[0.0, -300.0]], "float32")
    shares, tokens = np.array([[1.0]], "float32"), np.array([[0]])
    got = numpy(copy_log_probs(logits, np.zeros(1, "float32"), shares, tokens))
    assert got[0, 0] == pytest.approx(0) and -70 < got[0, 1] < -60


def test_head_scores_places_by_a_query_of_the_state_against_the_keys():
    head = CopyHead()
    head.build((None, None, 4))
    states, keys = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 4, S))
    kernel, bias = map(numpy, (head.query.kernel, head.query.bias))
    want = ((states @ kernel + bias) @ keys) / np.sqrt(4)
    got = numpy(head(states.astype("float32"), keys.astype("float32")))
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_a_new_head_leaves_the_model_as_it_was():
    head = CopyHead()
    head.build((None, None, 4))
    states = rng.normal(size=(2, 4)).astype("float32")
    openness = numpy(head.openness(states, -states))
    np.testing.assert_allclose(openness, [CLOSED, CLOSED])
    shares = softmax(SCORES)
    got = np.exp(numpy(copy_log_probs(LOGITS, openness, shares, TOKENS)))
    assert np.abs(got - softmax(LOGITS)).max() < 0.01


def test_a_target_that_no_place_holds_is_charged_to_writing_alone():
    nothing = np.zeros((2, S), bool)
    nats = np.array([2.0, 3.0], "float32")
    got = numpy(copy_nats(nats, OPENNESS, SCORES, TOKENS != 0, nothing))
    gate = 1 / (1 + np.exp(-OPENNESS))
    np.testing.assert_allclose(got, nats - np.log(1 - gate), rtol=1e-5)


def longest_suffix_before(place, source, written):
    """How much of the end of `written` stands right before a place, by slices."""
    return max(
        n
        for n in range(min(place, len(written), LONGEST_RUN) + 1)
        if source[place - n : place] == written[len(written) - n :]
    )


def test_runs_are_the_longest_end_of_the_answer_before_each_place():
    draw = np.random.default_rng(4)
    sources = draw.integers(1, 4, (5, 12))
    written = draw.integers(1, 4, (5, 7))
    runs = np.zeros((5, 12), "int32")
    for index in range(7):
        runs = numpy(runs_after(written[:, index], sources, runs))
        for row in range(5):
            known = sources[row].tolist(), written[row, : index + 1].tolist()
            want = [longest_suffix_before(place, *known) for place in range(12)]
            assert runs[row].tolist() == want


def test_a_place_that_goes_on_is_favoured_from_the_start_and_others_are_not():
    head = CopyHead()
    head.build((None, None, 8))
    states = rng.normal(size=(1, 8)).astype("float32")
    bonus = numpy(head.bonus(states, np.array([[0, 1, 2, 3, 4, 0]], "int32")))
    np.testing.assert_allclose(bonus, [[0, *GOING_ON, 0]], rtol=1e-6)
