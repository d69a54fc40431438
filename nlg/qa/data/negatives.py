"""Questions beside a passage that looks like theirs and does not answer them.

A model that only ever sees the right passage learns to answer from any (SQuAD 2.0,
arXiv:1806.03822). Two kinds are hard, the right topic without the answer: the passage
of another question that shares most words with this one (BM25 over jieba words), and
another part of the document that has the answer.
"""

import collections
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nlg.metrics.sogou import normalised
from nlg.qa.data.examples import Example
from nlg.text.bm25 import BM25
from nlg.text.words import content_words

CANDIDATES = 10  # best passages that one is drawn from, so that they vary
WINDOWS = 20  # of a document that are tried for one without the answer
Watch = Callable[[Sequence[Any], str], Iterable[Any]]  # such as a progress bar


def negatives(
    examples: Sequence[Example],
    share: float,
    seed: int,
    watch: Watch = lambda items, label: items,
) -> list[Example]:
    """Return examples with the answer "", made of some that have one.

    Args:
        examples: they stay as they are; their passages are the ones to draw from.
        share: of the examples with an answer, how many get a negative. One whose
            nearest passages all hold its answer gets none.
        seed: of what is drawn.
        watch: hands on what takes time, and is told what it is for.
    """
    rng = random.Random(seed)
    answered = [example for example in examples if example.answer]
    chosen = rng.sample(answered, round(share * len(answered)))
    if not chosen:
        return []
    pool = Pool(examples, watch)
    made = []
    for example in watch(chosen, "negatives"):
        near = pool.near(example)
        if near:
            passage = rng.choice(near)
            made.append(example._replace(passage=passage, answer="", start=-1))
    return made


def from_same_document(
    examples: Sequence[Example], size: int, share: float, seed: int
) -> list[Example]:
    """Return examples with the answer "": windows of long passages without the answer.

    Args:
        examples: not cut yet; those of passages longer than `size` can get one.
        size: characters of a window.
        share: of the examples with an answer, how many get a negative, if their passage
            has such a window.
        seed: of what is drawn.

    Example:
        >>> long = Example("", "春眠不觉晓，处处闻啼鸟。", "闻什么？", "啼鸟", 9)
        >>> [x.passage for x in from_same_document([long], 6, 1, seed=2)]
        ['春眠不觉晓，']
    """
    rng = random.Random(seed)
    answered = [example for example in examples if example.answer]
    made = []
    for example in rng.sample(answered, round(share * len(answered))):
        answer = normalised(example.answer)
        starts = range(len(example.passage) - size + 1)
        for start in rng.sample(starts, min(WINDOWS, len(starts))):
            window = example.passage[start : start + size]
            if answer not in normalised(window):
                made.append(example._replace(passage=window, answer="", start=-1))
                break
    return made


class Pool:
    """The passages of all examples, found by the words of a question."""

    def __init__(self, examples: Iterable[Example], watch: Watch):
        self._own = collections.defaultdict(set)  # passages by question
        for example in examples:
            self._own[example.question].add(example.passage)
        self.passages = sorted(set().union(*self._own.values()))
        self._bare = [normalised(passage) for passage in self.passages]
        passages = watch(self.passages, "indexing")
        self._index = BM25(map(content_words, passages))

    def near(self, example: Example) -> list[str]:
        """Return passages of other questions, nearest first, without the answer."""
        answer, own = normalised(example.answer), self._own[example.question]
        numbers = self._index.best(content_words(example.question), CANDIDATES)
        return [
            self.passages[number]
            for number in numbers
            if answer not in self._bare[number] and self.passages[number] not in own
        ]
