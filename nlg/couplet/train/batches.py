"""Couplets as arrays, and the three tasks that training makes of them.

Shapes: B couplets, T characters.
"""

from collections.abc import Sequence

import numpy as np

from nlg.couplet.config import COMPLETE, FORWARD, REVERSE
from nlg.couplet.pairs import Pairs
from nlg.text.couplets import Couplet
from nlg.text.vocab import PAD_ID, Vocabulary

MOST_GIVEN = 4  # characters of a line to be completed

Encoded = dict[int, np.ndarray]  # length T to (N, 2, T): first and second lines


def encode(couplets: Sequence[Couplet], vocabulary: Vocabulary, most: int) -> Encoded:
    """Return couplets of up to `most` characters by their length, uint16 (N, 2, T)."""
    encoded: dict[int, list[list[list[int]]]] = {}
    for first, second in couplets:
        if 0 < len(first) <= most:
            ids = [vocabulary.encode(first), vocabulary.encode(second)]
            encoded.setdefault(len(first), []).append(ids)
    return {
        length: np.array(rows, "uint16") for length, rows in sorted(encoded.items())
    }


def batch_of(
    rows: np.ndarray,
    modes: np.ndarray,
    pairs: Pairs,
    rng: np.random.Generator,
    hidden_share: float = 0.0,
) -> dict[str, np.ndarray]:
    """Return the model's input for couplets (B, 2, T), each in its mode (B,).

    forward    春眠不觉晓 -> 秋梦忽闻鸡
    reverse    秋梦忽闻鸡 -> 春眠不觉晓
    complete   春眠□□□ -> 春眠不觉晓, charged for what was blank

    Of the lines to be answered `hidden_share` of the characters are blank too: a line
    that is never twice the same is not learnt by heart.
    """
    wide = rows.astype("int32")
    reverse = modes == REVERSE
    source = np.where(reverse[:, None], wide[:, 1], wide[:, 0])
    target = np.where((modes == FORWARD)[:, None], wide[:, 1], wide[:, 0])
    whole = (modes != COMPLETE)[:, None]  # (B, 1), lines to be answered
    blank = ~whole & ~_given(source.shape, rng)
    if hidden_share:
        blank |= whole & (rng.random(source.shape) < hidden_share)
    source = np.where(blank, PAD_ID, source)
    charged = blank | whole
    return {
        "token_ids": source,
        "pair_ids": pairs.encode(source),
        "mode": modes.astype("int32"),
        "targets": target,
        "weights": charged.astype("float32"),
    }


def _given(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a run of one to four places of each line, bool (B, T); not whole lines."""
    rows, length = shape
    count = rng.integers(1, min(MOST_GIVEN, max(1, length - 1)) + 1, rows)
    start = (rng.random(rows) * (length - count + 1)).astype("int64")
    place = np.arange(length)
    return (place >= start[:, None]) & (place < (start + count)[:, None])
