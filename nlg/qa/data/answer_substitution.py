"""Answers put in the place of others, so that a question met again is a new one.

A question that is asked in every epoch is soon known by heart: its answer is told from
its words, and the passage not read. So the answer is exchanged, in the passage and as
the answer, for that of another question which asks for the same kind of thing
(arXiv:2109.05052):

    谁写了《春晓》？  …唐代孟浩然的…   ->   …唐代欧阳修的…
"""

import collections
import random
from collections.abc import Iterator, Sequence

from nlg.qa.data.examples import Example
from nlg.qa.question_type import answer_type

LONGEST = 8  # characters; a longer answer is a phrase, which fits no other sentence
Alike = tuple[str, int, str]  # what is asked for, characters, the last of them


def substituted(
    examples: Sequence[Example], share: float, rng: random.Random
) -> Iterator[Example]:
    """Yield examples, some with another answer in the place of theirs.

    The other is as long, and of the same kind: two persons, or two things of a kind
    whose last character is the same (省, 年, 元). It is never in the passage already.

    Args:
        examples: in the order in which they are yielded.
        share: of those with an answer, how many get another, if there is one that fits.
        rng: draws them, and nothing for a share of 0.

    Example:
        >>> asked = [Example("", "李白来了。", "谁来了？", "李白", 0)]
        >>> asked += [Example("", "没见到杜甫。", "没见到谁？", "杜甫", 3)]
        >>> [made.passage for made in substituted(asked, 1, random.Random(5))]
        ['杜甫来了。', '没见到李白。']
    """
    if not share:
        yield from examples
        return
    keys = [_alike(example) for example in examples]
    answers: dict[Alike, list[str]] = collections.defaultdict(list)
    for example, key in zip(examples, keys, strict=True):
        if key:
            answers[key].append(example.answer)
    for example, key in zip(examples, keys, strict=True):
        if key and rng.random() < share:
            yield _swapped(example, rng.choice(answers[key]))
        else:
            yield example


def _alike(example: Example) -> Alike | None:
    """Return what two answers have in common of which one may stand for the other.

    None if the passage has no answer.
    """
    if example.start < 0:
        return None
    kind, answer = answer_type(example.question), example.answer
    return kind, len(answer), "" if kind == "person" else answer[-1]


def _swapped(example: Example, other: str) -> Example:
    """Return `example` with `other` as its answer; as it is if that does not fit.

    Both are of one length, so what stands in the passage stays where it stood.
    """
    _, passage, question, answer, _ = example
    if len(answer) > LONGEST or answer in question or other in passage + question:
        return example
    return example._replace(passage=passage.replace(answer, other), answer=other)
