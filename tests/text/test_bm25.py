import math

import numpy as np
import pytest

from nlg.text.bm25 import BM25

RIVERS = [["长江", "很", "长"], ["黄河"], ["长江", "大桥", "长江"], []]


def by_the_book(documents, query, k1=1.2, b=0.75):
    """BM25 with Lucene's idf, a document at a time."""
    mean = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        score = 0.0
        for word in query:
            having = sum(word in other for other in documents)
            rarity = math.log(1 + (len(documents) - having + 0.5) / (having + 0.5))
            count = document.count(word)
            length = 1 - b + b * len(document) / mean
            score += rarity * count / (count + k1 * length)
        scores.append(score)
    return scores


@pytest.mark.parametrize(
    "query", [["长江"], ["长江", "大桥"], ["长", "长"], ["黄河", "泰山"], [], ["泰山"]]
)
def test_scores_are_those_of_the_formula(query):
    np.testing.assert_allclose(BM25(RIVERS).scores(query), by_the_book(RIVERS, query))


def test_scores_of_random_words_are_those_of_the_formula():
    rng = np.random.default_rng(1)
    documents = [rng.zipf(1.5, size).tolist() for size in rng.integers(0, 20, 50)]
    query = [1, 2, 3, 4, 5, 1]
    index = BM25(documents)
    scores = by_the_book(documents, query)
    np.testing.assert_allclose(index.scores(query), scores)
    order = sorted(range(50), key=lambda place: -scores[place])
    for count in (1, 5, 50, 99):
        assert index.best(query, count) == [x for x in order if scores[x]][:count]


def test_only_documents_that_share_a_word_are_found():
    index = BM25(RIVERS)
    assert index.best(["长江", "大桥"], 4) == [2, 0]
    assert index.best(["长江", "大桥"], 1) == [2]
    assert index.best(["泰山"], 4) == []
    assert index.best(["长江"], 0) == []


def test_of_equal_documents_the_earlier_is_better():
    index = BM25([["春"], ["夏"], ["春"], ["春"]])
    assert index.best(["春"], 2) == [0, 2]


@pytest.mark.parametrize("documents", [[], [[]], [[], []]])
def test_an_index_without_words_finds_nothing(documents):
    assert BM25(documents).best(["春"], 3) == []
