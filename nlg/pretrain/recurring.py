"""Spans that stand twice in a sample: what a question's answer rests on.

    诗人李白字太白。李白生于碎叶。  ->  诗人李白字太白。[MASK][MASK]生于碎叶。

Recurring span selection (arXiv:2101.00438): the later of two equal spans is hidden, and
the model must find it in the rest of the text, as a reader finds an answer.

Shapes: n tokens of a sample.
"""

import numpy as np

LONGEST, SHORTEST = 8, 2  # tokens of a span


def recurring_spans(
    ids: np.ndarray, word_starts: np.ndarray, is_text: np.ndarray
) -> list[tuple[int, int]]:
    """Return the later places of spans of whole words that stand twice, the long first.

    Spans do not overlap one another. A span that stands three times is found twice.

    Args:
        ids: (n,) tokens of the sample.
        word_starts: (n,) bool, a word begins here.
        is_text: (n,) bool, the token is a character or a piece of a word: no mark.

    Returns:
        start and end of each.
    """
    borders = np.r_[word_starts, True]
    free = is_text.copy()  # of marks, and of the spans found
    found = []
    for size in range(min(LONGEST, len(ids) // 2), SHORTEST - 1, -1):
        first: dict[bytes, int] = {}
        starts = np.flatnonzero(borders[:-size] & borders[size:])
        for start in starts.tolist():
            end = start + size
            if not free[start:end].all():
                continue
            earlier = first.setdefault(ids[start:end].tobytes(), start)
            if earlier + size <= start:
                found.append((start, end))
                free[start:end] = False
    return found
