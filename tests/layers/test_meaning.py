"""Vectors and likeness against loops over tokens."""

import numpy as np
import pytest
from keras import ops

from nlg.layers.meaning import Meaning

UNITS, WORDS = 4, 5


def layer(seed):
    made = Meaning(WORDS, UNITS)
    made.build()
    vectors = np.random.default_rng(seed).normal(size=(WORDS, UNITS))
    vectors *= UNITS**0.5 / np.linalg.norm(vectors, axis=1, keepdims=True)
    made.table.assign(vectors)
    return made, vectors


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.mark.parametrize("seed", range(4))
def test_a_word_is_as_like_the_question_as_its_most_alike_word(seed):
    made, vectors = layer(seed)
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, WORDS + 1, (2, 9)).astype("int32")
    asks = rng.integers(0, 2, (2, 9)).astype("int32")
    texts = np.sort(rng.integers(0, 3, (2, 9))).astype("int32")
    found = ops.convert_to_numpy(made(rows, asks, texts))
    assert found.shape == (2, 9, made.features)
    for row, place in np.ndindex(2, 9):
        word = rows[row, place]
        want = vectors[word - 1] if word else np.zeros(UNITS)
        np.testing.assert_allclose(found[row, place, :UNITS], want, atol=1e-5)
        likes = [
            cosine(want, vectors[rows[row, other] - 1])
            for other in range(9)
            if word
            and rows[row, other]
            and asks[row, other]
            and texts[row, other] == texts[row, place]
        ]
        assert found[row, place, UNITS] == pytest.approx(max([0, *likes]), abs=1e-5)


def test_where_nothing_is_known_nothing_is_told():
    made, _ = layer(0)
    blank = np.zeros((1, 3), "int32")
    assert not ops.convert_to_numpy(made(blank, blank + 1, blank + 1)).any()
