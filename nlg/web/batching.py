"""A queue for each model: what arrives together is answered together.

    submit(call)                  refused when the queue is full: memory stays bounded
    a thread     <- the first call that waits, and others of its kind
    Call         <- results as they come, then its end

A kind is what can share runs of a graph. A request that comes alone does not wait;
after a batch of several, the first of the next one waits until it has been there for
`wait` seconds. A call that is late, or whose client has gone, is not begun; one that
has begun stops before its next result.
"""

import asyncio
import concurrent.futures
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

from nlg.errors import NlgError

Body = TypeVar("Body")


class Busy(NlgError):
    """There is no answer now; the client may ask again after `seconds`."""

    def __init__(self, reason: str, seconds: int = 1):
        super().__init__(reason)
        self.seconds = seconds


class Call(Generic[Body]):
    """A body that waits: a thread gives it results, the event loop takes them.

    Args:
        body: what is asked.
        timeout: seconds until it is late.
    """

    def __init__(self, body: Body, timeout: float):
        self.body = body
        self.timeout = timeout
        self.arrived = time.monotonic()
        self._deadline = self.arrived + timeout
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[tuple[Any, Exception | None, bool]]
        self._events = asyncio.Queue()
        self._left = False

    @property
    def over(self) -> bool:
        """Return whether nobody waits for it any more."""
        return self._left or time.monotonic() > self._deadline

    def emit(self, result: Any) -> None:
        """Give a result; in a thread.

        Raises:
            Busy: it is late, or the client has gone: stop.
        """
        if self.over:
            raise Busy(f"no answer within {self.timeout:g} seconds; ask for less")
        self._give(result, None, False)

    def end(self, error: Exception | None = None) -> None:
        """Say that there is no other result, or why there is none; in a thread."""
        self._give(None, error, True)

    def leave(self) -> None:
        """Stop to wait for it."""
        self._left = True

    async def results(self) -> AsyncIterator[Any]:
        """Yield the results.

        Raises:
            Busy: it is late.
            NlgError: what the task says of the body.
        """
        try:
            while True:
                result, error, ended = await self._next()
                if error:
                    raise error
                if ended:
                    return
                yield result
        finally:
            self.leave()

    async def _next(self) -> tuple[Any, Exception | None, bool]:
        left = max(0.0, self._deadline - time.monotonic())
        try:
            async with asyncio.timeout(left):
                return await self._events.get()
        except TimeoutError:
            raise Busy(
                f"no answer within {self.timeout:g} seconds; ask for less, or later"
            ) from None

    def _give(self, *event: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)


Answer = Callable[[Sequence[Call]], None]  # gives calls of one kind their results


class Batcher:
    """The queue of one model.

    Args:
        answer: gives calls their results; runs in a thread.
        limit: calls that may wait.
        kind_of: bodies of one kind are answered together.
        most: how many of them.
        wait: seconds that the first of a batch waits for the others.
        threads: batches that are answered at a time.
        watch: is told the size of each batch.
    """

    def __init__(
        self,
        answer: Answer,
        limit: int,
        kind_of: Callable[[Any], Hashable] = type,
        most: int = 1,
        wait: float = 0.0,
        threads: int = 1,
        watch: Callable[[int], object] = bool,
    ):
        self._answer, self._watch = answer, watch
        self._limit, self._kind_of, self._most = limit, kind_of, most
        self._wait, self._threads = wait, threads
        self._waiting: list[tuple[Hashable, Call]] = []  # with their kinds
        self._arrived = asyncio.Event()
        self._company = False  # whether the last batch had several calls
        self._collecting = asyncio.Lock()
        self._tasks: list[asyncio.Task] = []
        self._pool: concurrent.futures.ThreadPoolExecutor | None = None

    @property
    def waiting(self) -> int:
        """Return how many calls wait."""
        return len(self._waiting)

    def submit(self, call: Call) -> None:
        """Put a call into the queue.

        Raises:
            Busy: it is full.
        """
        if len(self._waiting) >= self._limit:
            raise Busy(f"{self._limit} requests wait already; ask again in a second")
        self._waiting.append((self._kind_of(call.body), call))
        self._arrived.set()

    def start(self) -> None:
        """Begin to answer."""
        self._pool = concurrent.futures.ThreadPoolExecutor(self._threads)
        self._tasks = [
            asyncio.create_task(self._serve(self._pool)) for _ in range(self._threads)
        ]

    async def stop(self) -> None:
        """Stop; a batch that runs is finished."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def _serve(self, pool: concurrent.futures.Executor) -> None:
        loop = asyncio.get_running_loop()
        while True:
            async with self._collecting:
                batch = await self._collect()
            if batch:
                self._watch(len(batch))
                await loop.run_in_executor(pool, functools.partial(self._run, batch))

    async def _collect(self) -> list[Call]:
        """Wait for a call, and return it with others of its kind."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        kind, first = self._waiting[0]
        left = first.arrived + self._wait - time.monotonic()
        if self._company and self._most > 1 and left > 0:
            await asyncio.sleep(left)
        batch: list[Call] = []
        others: list[tuple[Hashable, Call]] = []
        for one in self._waiting:
            if one[0] == kind and len(batch) < self._most:
                batch.append(one[1])
            else:
                others.append(one)
        self._waiting = others
        self._company = len(batch) > 1
        return [call for call in batch if not call.over]

    def _run(self, batch: list[Call]) -> None:
        """Answer in a thread; whatever goes wrong is the answer."""
        try:
            self._answer(batch)
        except Exception as error:
            for call in batch:
                call.end(error)
        else:
            for call in batch:
                call.end()
