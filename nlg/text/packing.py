"""Put several short samples into one row, so that little of a batch is padding."""

import bisect
from collections.abc import Iterable, Sequence

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
