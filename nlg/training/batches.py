"""Which rows a training step sees: a pure function of the seed and the step.

So a run that was killed goes on with the rows it would have seen, on any number of
workers, with nothing to save but the step. Rows of one shape share a bucket, so nothing
is padded, or little.
"""

import abc
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from nlg.errors import DataError

Bucket = TypeVar("Bucket", bound=Hashable)
Dealt = TypeVar("Dealt")


class Epochs(abc.ABC, Generic[Dealt]):
    """Batches by their step, epoch after epoch; each epoch deals its own.

    Every epoch takes as many steps as the first. One that deals fewer batches, since it
    packs them otherwise, ends with its first again.
    """

    def __init__(self):
        self._dealt = 0, self.epoch(0)
        self.steps_per_epoch = len(self._dealt[1])

    @abc.abstractmethod
    def epoch(self, epoch: int) -> list[Dealt]:
        """Return all batches of an epoch, in order."""

    def at(self, step: int) -> Dealt:
        """Return the batch of `step`, counted from 0 over all epochs."""
        epoch, place = divmod(step, self.steps_per_epoch)
        dealt = self._dealt  # read and written whole: another thread may be an epoch on
        if dealt[0] != epoch:
            dealt = self._dealt = epoch, self.epoch(epoch)
        return dealt[1][place % len(dealt[1])]


class Batch(NamedTuple, Generic[Bucket]):
    """`rows` (N,) of the bucket named `bucket`."""

    bucket: Bucket
    rows: np.ndarray


class Schedule(Epochs[Batch[Bucket]]):
    """Deal every bucket's rows into batches, shuffled anew each epoch.

    Rows that do not fill a batch sit an epoch out: batches of one size per bucket
    compile once. A bucket smaller than its batch size gives one smaller batch.

    Example:
        >>> schedule = Schedule({"七绝": 4}, {"七绝": 2}, seed=1)
        >>> sorted([*schedule.at(0).rows.tolist(), *schedule.at(1).rows.tolist()])
        [0, 1, 2, 3]
    """

    def __init__(
        self,
        rows: Mapping[Bucket, int],
        batch_sizes: Mapping[Bucket, int],
        seed: int,
    ):
        self.rows = {name: count for name, count in rows.items() if count}
        self.batch_sizes = batch_sizes
        self.seed = seed
        if not self.rows:
            raise DataError("there are no rows to train on")
        super().__init__()

    def epoch(self, epoch: int) -> list[Batch[Bucket]]:
        """Return the batches of an epoch."""
        rng = np.random.default_rng([self.seed, epoch])
        batches = []
        for name, count in self.rows.items():
            size = min(self.batch_sizes[name], count)
            order = rng.permutation(count)[: count // size * size]
            batches += [Batch(name, rows) for rows in order.reshape(-1, size)]
        return [batches[i] for i in rng.permutation(len(batches))]


def length_buckets(
    lengths: Sequence[int], edges: Sequence[int]
) -> dict[int, np.ndarray]:
    """Return the rows of each bucket, whose name is the length to pad them to.

    Args:
        lengths: of each row.
        edges: the lengths that batches may have, ascending.

    Raises:
        DataError: a row is longer than the last edge.

    Example:
        >>> rows = length_buckets([5, 20, 7, 16], edges=[8, 16, 32])
        >>> {edge: row.tolist() for edge, row in rows.items()}
        {8: [0, 2], 16: [3], 32: [1]}
    """
    places = np.searchsorted(edges, lengths)  # of the first edge that is not less
    for row in np.flatnonzero(places == len(edges))[:1]:
        raise DataError(
            f"row {row} has {lengths[row]} tokens, the longest batches {edges[-1]}; "
            "cut the row or give longer batches"
        )
    return {edge: np.flatnonzero(places == i) for i, edge in enumerate(edges)}


def token_count(batch: Any) -> int:
    """Return the tokens of a batch: places of an array, non-zero `token_ids` of a dict.

    Zero is the id of padding.
    """
    if isinstance(batch, Mapping):
        return int(np.count_nonzero(batch["token_ids"]))
    return batch.size
