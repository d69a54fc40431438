import numpy as np
import pytest
from keras import ops

from nlg.layers.vocabulary import TiedVocabulary

V, D = 7, 4
RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(V, D)).astype("float32")
STATES = RNG.normal(size=(2, 3, D)).astype("float32")
TOKENS = RNG.integers(V, size=(2, 3)).astype("int32")


@pytest.fixture
def vocabulary():
    layer = TiedVocabulary(V, D)
    layer.build()
    layer.table.assign(TABLE)
    return layer


def log_softmax(scores):
    return scores - np.log(np.exp(scores).sum(-1, keepdims=True))


def test_characters_come_in_as_rows_of_the_table_times_root_of_units(vocabulary):
    vectors = ops.convert_to_numpy(vocabulary(TOKENS))
    np.testing.assert_allclose(vectors, 2 * TABLE[TOKENS], rtol=1e-6)


def test_characters_go_out_through_the_same_table(vocabulary):
    got = ops.convert_to_numpy(vocabulary.logits(STATES))
    np.testing.assert_allclose(got, STATES @ TABLE.T, atol=1e-5)
    assert len(vocabulary.weights) == 1


def test_scores_of_the_first_characters_are_the_first_of_all_scores(vocabulary):
    first = ops.convert_to_numpy(vocabulary.logits(STATES, 3))
    np.testing.assert_allclose(first, (STATES @ TABLE.T)[..., :3], atol=1e-5)


def test_negative_log_likelihood_reads_the_distribution_at_the_token(vocabulary):
    got = ops.convert_to_numpy(vocabulary.negative_log_likelihood(STATES, TOKENS))
    every = log_softmax(STATES @ TABLE.T)
    want = -np.take_along_axis(every, TOKENS[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_likelihoods_of_all_tokens_sum_to_one(vocabulary):
    states = np.repeat(STATES[:1, :1], V, axis=1)  # (1, V, D), one state for each token
    nats = vocabulary.negative_log_likelihood(states, np.arange(V)[None])
    assert np.exp(-ops.convert_to_numpy(nats)).sum() == pytest.approx(1, abs=1e-5)


def test_fresh_table_gives_vectors_of_unit_variance():
    wide = TiedVocabulary(500, 64)
    vectors = ops.convert_to_numpy(wide(np.arange(500)))
    assert vectors.std() == pytest.approx(1, abs=0.05)
