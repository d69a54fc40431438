"""Keep of drawn texts those that differ.

Two texts are alike if they share more than five of seven of their pairs of characters,
as many as the shorter one has; so one inside the other is like it.
"""

import collections
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from nlg.text.bigrams import character_bigrams

SHARED = 5 / 7
RECENT = 256  # texts that each is compared with, the last ones
BARREN = 4  # draws in a row of nothing that differs, then there is no more

Text = TypeVar("Text")


def unlike(
    draw: Callable[[range], Iterable[Text]],
    text_of: Callable[[Text], str],
    count: int,
    most: int,
) -> Iterator[Text]:
    """Yield `count` texts that differ; fewer if there seem to be no more.

    Args:
        draw: numbers of texts -> the texts; each depends on its number alone.
        text_of: returns what is compared.
        count: how many.
        most: texts that are drawn at a time.
    """
    kept: collections.deque[set[str]] = collections.deque(maxlen=RECENT)
    start = barren = 0
    while count and barren < BARREN:
        stop, before = start + min(count, most), count
        for one in draw(range(start, stop)):
            pairs = set(character_bigrams(text_of(one))) or {text_of(one)}
            if not any(_are_alike(pairs, other) for other in kept):
                kept.append(pairs)
                count -= 1
                yield one
        start, barren = stop, barren + 1 if count == before else 0


def _are_alike(one: set[str], other: set[str]) -> bool:
    return len(one & other) > SHARED * min(len(one), len(other))
