"""Rows of tokens: several short samples in one, and few different lengths.

A length that is a multiple of something meets few different compiled functions, and a
product whose edge is a multiple is rounded alike in any company.
"""

import bisect
from collections.abc import Iterable, Sequence

import numpy as np

OPEN_ROWS = 32  # rows that still take samples; more pack tighter and mix less


def pack(
    order: Iterable[int], lengths: Sequence[int], capacity: int
) -> list[list[int]]:
    """Deal samples into rows of at most `capacity` tokens, best fit among open rows.

    Args:
        order: the samples, in the order in which they come.
        lengths: tokens of every sample.
        capacity: tokens of a row.

    Example:
        >>> pack([0, 1, 2, 3], [6, 5, 4, 5], 10)
        [[1, 3], [0, 2]]
    """
    done: list[list[int]] = []
    rooms: list[int] = []  # left in each open row, fullest row first
    rows: list[list[int]] = []
    for sample in order:
        length = lengths[sample]
        if length > capacity:
            raise ValueError(f"sample {sample} has {length} tokens of {capacity}")
        best = bisect.bisect_left(rooms, length)
        room, row = capacity, []
        if best < len(rows):
            room, row = rooms.pop(best), rows.pop(best)
        row.append(sample)
        place = bisect.bisect_left(rooms, room - length)
        rooms.insert(place, room - length)
        rows.insert(place, row)
        if len(rows) > OPEN_ROWS:
            rooms.pop(0)
            done.append(rows.pop(0))
    return done + rows


def round_up(count: int, multiple: int) -> int:
    """Return the least multiple of `multiple` that is not less than `count`.

    Example:
        >>> [round_up(count, 8) for count in (0, 1, 8, 9)]
        [0, 8, 8, 16]
    """
    return -(-count // multiple) * multiple


def padded(rows: Sequence[Sequence[int]], length: int = 0) -> np.ndarray:
    """Return rows of numbers as an array int32, zeros after the end of each.

    Args:
        rows: at most `length` numbers each.
        length: of the array's rows; by default that of the longest.

    Example:
        >>> padded([[7], [8, 9]]).tolist()
        [[7, 0], [8, 9]]
    """
    array = np.zeros((len(rows), length or max(map(len, rows))), "int32")
    for number, row in enumerate(rows):
        array[number, : len(row)] = row
    return array


def fill_up(values: np.ndarray, multiple: int) -> np.ndarray:
    """Return `values` (n,) with zeros up to a length that is a multiple."""
    return np.pad(values, (0, round_up(len(values), multiple) - len(values)))
