"""Rank documents by the words they share with a query: BM25.

As Lucene does it (k1 1.2, b 0.75, idf always positive). A document is a sequence of
words; this file does not know where words come from. It is written here because the
libraries that do it import more than answering a question may cost.

Shapes: N documents, P pairs of a word and a document that has it.
"""

import collections
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

K1, B = 1.2, 0.75


class BM25:
    """An index of documents.

    Example:
        >>> index = BM25([["长江", "很", "长"], ["黄河"], ["长江", "大桥"]])
        >>> index.best(["长江", "大桥"], 2)
        [2, 0]
    """

    def __init__(self, documents: Iterable[Sequence[Hashable]]):
        self._numbers: dict[Hashable, int] = {}
        words, places, counts, lengths = [], [], [], []  # a pair each; but lengths (N,)
        for place, document in enumerate(documents):
            lengths.append(len(document))
            for word, count in collections.Counter(document).items():
                words.append(self._numbers.setdefault(word, len(self._numbers)))
                places.append(place)
                counts.append(count)
        order = np.argsort(np.array(words, "int64"), kind="stable")
        self.size = len(lengths)
        self._places = np.array(places, "int64")[order]  # (P,), word after word
        having = np.bincount(words, minlength=len(self._numbers))  # documents by word
        self._starts = np.cumsum([0, *having])
        length = np.array(lengths, "float64")
        norm = K1 * (1 - B + B * length / max(1e-9, length.mean() if lengths else 0.0))
        frequency = np.array(counts, "float64")[order]
        rarity = np.log1p((self.size - having + 0.5) / (having + 0.5))
        saturated = frequency / (frequency + norm[self._places])
        self._weights = np.repeat(rarity, having) * saturated  # (P,)

    def scores(self, query: Iterable[Hashable]) -> np.ndarray:
        """Return how well each document fits the words of `query`, (N,); 0 is not."""
        scores = np.zeros(self.size)
        for word, count in collections.Counter(query).items():
            number = self._numbers.get(word)
            if number is not None:
                pairs = slice(*self._starts[number : number + 2])
                scores[self._places[pairs]] += count * self._weights[pairs]
        return scores

    def best(self, query: Iterable[Hashable], count: int) -> list[int]:
        """Return the numbers of up to `count` documents that share a word, best first.

        Of equal ones the earlier is better.
        """
        scores = self.scores(query)
        count = min(count, self.size)
        if not count:
            return []
        least = np.partition(scores, -count)[-count]
        found = np.flatnonzero((scores >= least) & (scores > 0))
        order = np.argsort(-scores[found], kind="stable")[:count]
        return found[order].tolist()
