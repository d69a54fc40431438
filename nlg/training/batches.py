"""Which rows a training step sees: a pure function of the seed and the step.

So a run that was killed goes on with the rows it would have seen, on any number of
workers, with nothing to save but the step. Rows of one shape share a bucket, so nothing
is padded.
"""

from collections.abc import Hashable, Mapping
from typing import Generic, NamedTuple, TypeVar

import numpy as np

Bucket = TypeVar("Bucket", bound=Hashable)


class Batch(NamedTuple, Generic[Bucket]):
    """`rows` (N,) of the bucket named `bucket`."""

    bucket: Bucket
    rows: np.ndarray


class Schedule(Generic[Bucket]):
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
        self.steps_per_epoch = sum(
            max(1, count // batch_sizes[name]) for name, count in self.rows.items()
        )
        self._epoch = -1
        self._batches: list[Batch[Bucket]] = []

    def at(self, step: int) -> Batch[Bucket]:
        """Return the batch of `step`, counted from 0 over all epochs."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self._deal(epoch)
        return self._batches[place]

    def _deal(self, epoch: int) -> list[Batch[Bucket]]:
        rng = np.random.default_rng([self.seed, epoch])
        batches = []
        for name, count in self.rows.items():
            size = min(self.batch_sizes[name], count)
            order = rng.permutation(count)[: count // size * size]
            batches += [Batch(name, rows) for rows in order.reshape(-1, size)]
        return [batches[i] for i in rng.permutation(len(batches))]
