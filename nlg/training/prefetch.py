"""Batches made ahead by threads, in the order of their numbers.

What is in a batch depends on its number alone, so any count of threads gives the same
run (the safe generator of kexue.fm/archives/6575). Threads, not processes: forking a
process that runs TensorFlow, torch or JAX is unsafe, and all three compute without
holding Python up.
"""

import collections
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Batch = TypeVar("Batch")


def prefetch(
    batch_at: Callable[[int], Batch], numbers: Iterable[int], workers: int
) -> Generator[tuple[int, Batch]]:
    """Yield `(number, batch_at(number))` for each of `numbers`, which have no end.

    Close it (`contextlib.closing`) to stop the threads. What a thread raises is raised
    here, once all batches before are taken.

    Example:
        >>> import itertools
        >>> batches = prefetch(lambda n: n * n, itertools.count(3), workers=2)
        >>> next(batches), next(batches)
        ((3, 9), (4, 16))
        >>> batches.close()
    """
    if not workers:
        for number in numbers:
            yield number, batch_at(number)
    numbers = iter(numbers)
    waiting: collections.deque[tuple[int, Future[Batch]]] = collections.deque()
    pool = ThreadPoolExecutor(workers, "batches")
    try:
        while True:
            while len(waiting) <= workers:  # one is ready while each makes one
                number = next(numbers)
                waiting.append((number, pool.submit(batch_at, number)))
            number, batch = waiting.popleft()
            yield number, batch.result()
    finally:
        pool.shutdown(cancel_futures=True)
