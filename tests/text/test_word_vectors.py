"""Counts and information against loops, the vectors against a text with known kinds."""

import gzip
import random

import numpy as np
import pytest
from scipy import sparse

from nlg.errors import DataError
from nlg.text import word_vectors
from nlg.text.word_vectors import (
    WordVectors,
    cooccurrences,
    load,
    make,
    parts,
    ppmi,
    save,
)

TOWNS, BEASTS = ["北京", "上海", "广州", "成都"], ["老虎", "狮子", "大象", "兔子"]


def text(count, seed=0):
    """Towns are gone to, beasts are fed, whichever they are."""
    rng = random.Random(seed)
    made = [
        rng.choice(
            [
                f"我们明天去{rng.choice(TOWNS)}旅行。",
                f"他坐飞机到{rng.choice(TOWNS)}开会，",
                f"动物园喂养{rng.choice(BEASTS)}吃东西。",
                f"猎人害怕{rng.choice(BEASTS)}咬人，",
            ]
        )
        for _ in range(count)
    ]
    return "".join(made)


def likeness(found, one, other):
    a, b = (found.vectors[found.words.index(word)] for word in (one, other))
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.fixture(scope="module")
def made():
    return make([text(3000), text(3000, 1)], 4)


def test_words_that_stand_in_each_others_place_are_alike(made):
    assert {*TOWNS, *BEASTS} < set(made.words)
    for kind, others in ((TOWNS, BEASTS), (BEASTS, TOWNS)):
        least = min(likeness(made, kind[0], word) for word in kind[1:])
        most = max(likeness(made, kind[0], word) for word in others)
        assert least > 0.7 > 0.3 > most


def test_vectors_are_the_same_again_and_the_most_frequent_words_first(made):
    again = make([text(3000), text(3000, 1)], 4)
    assert again.words == made.words
    np.testing.assert_allclose(again.vectors, made.vectors, atol=1e-5)
    counts = [(text(3000) + text(3000, 1)).count(word) for word in made.words]
    assert counts == sorted(counts, reverse=True)
    assert made.vectors.shape == (len(made.words), 4)


def test_too_little_text_is_one_clear_line():
    with pytest.raises(DataError, match="stand 20 times or more"):
        make([text(30)], 6)
    with pytest.raises(DataError, match=r"^0 words"):
        make([], 6)


@pytest.mark.parametrize("block", [1, 3, 1000])
def test_cooccurrences_are_counted_as_by_hand(block, monkeypatch):
    monkeypatch.setattr(word_vectors, "BLOCK", block)
    rows = np.random.default_rng(0).integers(0, 4, 30)
    want = np.zeros((4, 8))
    for place, word in enumerate(rows):
        for right in rows[place + 1 : place + 3]:
            want[word, right] += 1
            want[right, 4 + word] += 1
    np.testing.assert_array_equal(cooccurrences(rows, 4).toarray(), want)


def test_information_is_what_the_formula_says():
    counts = np.array([[4.0, 0, 1], [0, 2, 3]])
    found = ppmi(sparse.csr_matrix(counts)).toarray()
    contexts = counts.sum(0) ** 0.75
    for word, context in np.ndindex(2, 3):
        joint = counts[word, context] / counts[word].sum()
        chance = contexts[context] / contexts.sum()
        want = max(0, np.log(joint / chance)) if joint else 0
        assert found[word, context] == pytest.approx(want, abs=1e-6)


def test_frequent_words_are_subsampled_to_what_word2vec_keeps():
    rows = np.repeat([0, 1], [99_000, 100])
    kept = word_vectors.subsampled(rows, np.random.default_rng(0))
    share = 99_000 / 99_100
    assert (kept == 0).sum() == pytest.approx(99_000 * (0.001 / share) ** 0.5, rel=0.05)
    assert (kept == 1).sum() > 90


def test_texts_are_joined_into_parts(monkeypatch):
    monkeypatch.setattr(word_vectors, "PART", 3)
    assert list(parts(["春眠", "不觉", "晓"])) == ["春眠\n不觉", "晓"]
    assert list(parts([])) == []


@pytest.mark.parametrize("name", ["v.txt", "v.txt.gz"])
def test_files_are_word2vecs_and_come_back(tmp_path, name):
    path, vectors = tmp_path / name, np.array([[0.125, -2], [3, 4], [5, 6]], "float32")
    save(path, WordVectors(["北京", "上海", "广州"], vectors))
    opener = gzip.open if name.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as file:
        assert file.read() == "3 2\n北京 0.125 -2\n上海 3 4\n广州 5 6\n"
    found = load(path, 2)
    assert found.words == ["北京", "上海"]
    np.testing.assert_array_equal(found.vectors, vectors[:2])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "no file of word vectors"),
        ("北京\n", "no file of word vectors"),
        ("2 2\n北京 1 x\n上海 1 2\n", "no file of word vectors"),
        ("2 2\n北京 1 2\n上海 1\n", "v.txt:3: 1 numbers, where line 1 says 2"),
        ("2 2\n北京 1 nan\n上海 1 2\n", "has numbers that are not finite"),
        ("9 2\n北京 1 2\n", "has 1 word vectors, not 2; ask for fewer"),
    ],
)
def test_a_broken_file_is_one_clear_line(tmp_path, content, problem):
    path = tmp_path / "v.txt"
    path.write_text(content, "utf-8")
    with pytest.raises(DataError, match=problem):
        load(path, 2)
