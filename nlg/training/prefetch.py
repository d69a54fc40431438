"""Batches made ahead by threads, in the order of their numbers.

What is in a batch depends on its number alone, so any count of threads gives the same
run (the safe generator of kexue.fm/archives/6575). Threads, not processes: forking a
process that runs TensorFlow, torch or JAX is unsafe, and all three compute without
holding Python up.
"""

import collections
import itertools
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Batch = TypeVar("Batch")


def prefetch(
    batch_at: Callable[[int], Batch], start: int, workers: int
) -> Generator[tuple[int, Batch]]:
    """Yield `(number, batch_at(number))` from `start` on, without end.

    Close it (`contextlib.closing`) to stop the threads. What a thread raises is raised
    here, once all batches before are taken.

    Example:
        >>> batches = prefetch(lambda number: number * number, start=3, workers=2)
        >>> next(batches), next(batches)
        ((3, 9), (4, 16))
        >>> batches.close()
    """
    if not workers:
        for number in itertools.count(start):
            yield number, batch_at(number)
    waiting: collections.deque[Future[Batch]] = collections.deque()
    pool = ThreadPoolExecutor(workers, "batches")
    try:
        for number in itertools.count(start):
            while len(waiting) <= workers:  # one is ready while each makes one
                waiting.append(pool.submit(batch_at, number + len(waiting)))
            yield number, waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
