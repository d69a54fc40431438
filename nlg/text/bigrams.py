"""Pairs of neighbouring characters: what a text has in place of words."""

import itertools


def character_bigrams(text: str) -> list[str]:
    """Return each character of `text` but the last with the one after it.

    Example:
        >>> character_bigrams("春眠不觉")
        ['春眠', '眠不', '不觉']
    """
    return [one + other for one, other in itertools.pairwise(text)]
