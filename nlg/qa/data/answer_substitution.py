"""Substitute answers, so that a repeated question cannot be answered from memory.

A model that meets a question in every epoch memorises its answer and ignores the
passage. So some answers are replaced, in the passage and as the answer, by answers of
other questions that ask for the same type (arXiv:2109.05052):

    谁写了《春晓》？  …唐代孟浩然的…   ->   …唐代欧阳修的…
"""

import collections
import random
from collections.abc import Iterator, Sequence

from nlg.qa.data.examples import Example
from nlg.qa.question_type import answer_type

LONGEST = 8  # characters; a longer answer is a phrase, which fits no other sentence
Key = tuple[str, int, str]  # answer type, number of characters, last character


def substituted(
    examples: Sequence[Example], share: float, rng: random.Random
) -> Iterator[Example]:
    """Yield examples in order, some with the answer of another example.

    The new answer is as long as the old one and of the same type. Other than names of
    persons, both end in the same character (省, 年, 元). The passage does not contain
    the new answer before.

    Args:
        examples: with and without answers.
        share: of the examples with an answer, the share that get another if one fits.
        rng: draws the examples and their answers; it draws nothing for a share of 0.

    Example:
        >>> asked = [Example("", "李白来了。", "谁来了？", "李白", 0)]
        >>> asked += [Example("", "没见到杜甫。", "没见到谁？", "杜甫", 3)]
        >>> [made.passage for made in substituted(asked, 1, random.Random(5))]
        ['杜甫来了。', '没见到李白。']
    """
    if not share:
        yield from examples
        return
    keys = [_key(example) for example in examples]
    answers: dict[Key, list[str]] = collections.defaultdict(list)
    for example, key in zip(examples, keys, strict=True):
        if key:
            answers[key].append(example.answer)
    for example, key in zip(examples, keys, strict=True):
        if key and rng.random() < share:
            yield _substituted(example, rng.choice(answers[key]))
        else:
            yield example


def _key(example: Example) -> Key | None:
    """Return a key that is equal for answers that may replace each other.

    None if the answer is not in the passage.
    """
    if example.start < 0:
        return None
    kind, answer = answer_type(example.question), example.answer
    return kind, len(answer), "" if kind == "person" else answer[-1]


def _substituted(example: Example, other: str) -> Example:
    """Return `example` with the answer `other`, or unchanged if that does not fit.

    Both answers have the same length, so every place in the passage stays the same.
    """
    passage, answer = example.passage, example.answer
    known = answer in example.question or other in passage + example.question
    if len(answer) > LONGEST or known:
        return example
    return example._replace(passage=passage.replace(answer, other), answer=other)
