"""Answer rows on this machine, with all cores, in order, in bounded memory.

    rows -> blocks -> processes, each with the models open and one thread -> answers

A block is computed by one process alone, so how many there are changes no answer. At
most `AHEAD` blocks a process are read before the first of them is answered.

A process that dies (the system kills one that takes too much memory) loses its block:
it is tried again in halves, down to the one row that cannot be answered.
"""

import collections
import itertools
import multiprocessing
import os
import queue
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

from nlg.batch.rows import Row
from nlg.batch.work import ERROR, Answer, Answerer, Fields, Work, open_work
from nlg.runtime.graph import CORES, available_cores

AHEAD = 3  # blocks a process
DIED = "the process that answered it died, perhaps for want of memory"
Block = list[Row]


def answer_rows(
    rows: Iterable[Row],
    work: Work,
    block_rows: int,
    workers: int,
    apart: bool = False,
) -> Iterator[list[tuple[Row, Answer]]]:
    """Yield the rows with their answers, in order, a block at a time.

    Args:
        rows: read as they are needed.
        work: what is done to each.
        block_rows: rows of a block; those whose graph takes a batch go through it
            together.
        workers: processes; 1 answers in this one.
        apart: even one worker is a process of its own, which may die.

    Raises:
        NlgError: the work cannot be opened.
    """
    blocks = _blocks(rows, block_rows)
    if workers == 1 and not apart:
        answer = open_work(work)
        for block in blocks:
            answers = answer_block(answer, block, work)
            yield list(zip(block, answers, strict=True))
        return
    with _Pool(work, workers) as pool:
        for block, answers in pool.run(blocks):
            yield list(zip(block, answers, strict=True))


def answer_block(answer: Answerer, block: Sequence[Row], work: Work) -> list[Answer]:
    """Return the answers of a block, each with the id of its row, else its number."""
    found = iter(answer([row.fields for row in block if not row.problem]))
    return [
        _signed([{ERROR: row.problem}] if row.problem else next(found), row, work)
        for row in block
    ]


def _signed(answer: Answer, row: Row, work: Work) -> Answer:
    """Return an answer that tells its row; an error tells the line of the file too."""
    name = {"id": row.fields.get(work.id_field, row.number + 1)}
    return [
        {**name, **dict.fromkeys(work.blank, ""), **one, "line": row.line}
        if ERROR in one
        else {**name, **one}
        for one in answer
    ]


def _blocks(rows: Iterable[Row], size: int) -> Iterator[Block]:
    left = iter(rows)
    while block := list(itertools.islice(left, size)):
        yield block


class _Pool:
    """Threads, each of which has a process of its own that answers its blocks.

    A pipe joins the two and nothing is shared: a process that dies disturbs no other.
    """

    def __init__(self, work: Work, workers: int):
        self.work, self.workers = work, workers
        self._threads = ThreadPoolExecutor(workers)
        self._idle: queue.SimpleQueue[_Process | None] = queue.SimpleQueue()
        self._all: list[_Process] = []
        self._closed = False
        for _ in range(workers):
            self._idle.put(None)  # starts with the first block

    def __enter__(self) -> "_Pool":
        return self

    def __exit__(self, *error: Any) -> None:
        self._closed = True
        for process in self._all:
            process.end()
        self._threads.shutdown(cancel_futures=True)

    def run(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, list[Answer]]]:
        """Yield blocks and their answers, in order."""
        waiting: collections.deque[tuple[Block, Future]] = collections.deque()
        for block in blocks:
            waiting.append((block, self._threads.submit(self._answer, block)))
            if len(waiting) >= AHEAD * self.workers:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)

    def _answer(self, block: Block) -> list[Answer]:
        """Answer a block; if that kills a process, again, and then in halves."""
        try:
            return self._tried(block)
        except _DiedError:
            return self._carefully(block)

    def _carefully(self, block: Block) -> list[Answer]:
        try:
            return self._tried(block)
        except _DiedError:
            if self._closed:
                raise
        if len(block) == 1:
            return answer_block(_died, block, self.work)
        half = len(block) // 2
        return self._carefully(block[:half]) + self._carefully(block[half:])

    def _tried(self, block: Block) -> list[Answer]:
        """Answer a block in a process.

        Raises:
            _DiedError: it died.
            NlgError: the work cannot be opened.
        """
        process = self._idle.get()
        try:
            process = process or self._started()
            return process.answer(block)
        except _DiedError:
            process = None
            raise
        finally:
            self._idle.put(process)

    def _started(self) -> "_Process":
        if self._closed:
            raise _DiedError
        process = _Process(self.work, max(1, available_cores() // self.workers))
        self._all.append(process)
        return process


def _first(
    waiting: collections.deque[tuple[Block, Future]],
) -> tuple[Block, list[Answer]]:
    block, future = waiting.popleft()
    return block, future.result()


class _DiedError(Exception):
    """A process died before it had answered."""


class _Process:
    """A process with the work open, at the other end of a pipe."""

    def __init__(self, work: Work, cores: int):
        context = multiprocessing.get_context("spawn")
        self._pipe, end = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(work, cores, end), daemon=True
        )
        self._process.start()
        end.close()  # so that the pipe ends when the process does

    def answer(self, block: Block) -> list[Answer]:
        """Return its answers, or raise what it raised."""
        try:
            self._pipe.send(block)
            found = self._pipe.recv()
        except (EOFError, OSError):
            raise _DiedError from None
        if isinstance(found, BaseException):
            raise found
        return found

    def end(self) -> None:
        """Kill it; it has nothing that is still wanted."""
        self._process.kill()
        self._process.join()


def _serve(work: Work, cores: int, pipe: Connection) -> None:
    """Open the work, then answer the blocks that come, until the pipe ends."""
    os.environ[CORES] = str(cores)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to obey
    answer: Answerer | None = None
    while True:
        try:
            block = pipe.recv()
        except EOFError:
            return
        try:
            answer = answer or open_work(work)
            pipe.send(answer_block(answer, block, work))
        except Exception as error:  # the parent's to tell
            pipe.send(error)


def _died(rows: Sequence[Fields]) -> list[Answer]:
    return [[{ERROR: DIED}] for _ in rows]
