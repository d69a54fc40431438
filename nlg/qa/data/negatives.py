"""Make negatives: examples whose passage is on the topic but has no answer.

A model that sees only passages with an answer learns to answer from any passage (SQuAD
2.0, arXiv:1806.03822). A negative has the question of one example and the passage of
another, one that shares many words with the question (BM25 over jieba words).
"""

import collections
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nlg.metrics.sogou import normalised
from nlg.qa.data.examples import Example
from nlg.text.bm25 import BM25
from nlg.text.words import content_words

CANDIDATES = 10  # nearest passages, of which one is drawn
Watch = Callable[[Sequence[Any], str], Iterable[Any]]  # such as a progress bar


def negatives(
    examples: Sequence[Example],
    share: float,
    seed: int,
    watch: Watch = lambda items, label: items,
) -> list[Example]:
    """Return new examples with the answer "".

    Args:
        examples: stay as they are; the new examples have their questions and passages.
        share: of the examples with an answer, the share that get a negative. An example
            whose nearest passages all contain its answer gets none.
        seed: of the random draws.
        watch: passes items on under a label, such as a progress bar.
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


class Pool:
    """The passages of all examples, indexed by their words."""

    def __init__(self, examples: Iterable[Example], watch: Watch):
        self._own = collections.defaultdict(set)  # passages of each question
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
