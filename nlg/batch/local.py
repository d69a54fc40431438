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
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from nlg.batch.rows import Row
from nlg.batch.work import ERROR, Answer, Answerer, Fields, Work, open_work
from nlg.errors import NlgError

AHEAD = 3  # blocks a process
DIED = "the process that answered it died, perhaps for want of memory"
Block = list[Row]

_opened: Answerer | NlgError  # in a process of the pool
_work: Work


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
    """Processes that answer blocks; a new set where one of them died."""

    def __init__(self, work: Work, workers: int):
        self.work, self.workers = work, workers
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> "_Pool":
        return self

    def __exit__(self, *error: Any) -> None:
        self._close()

    def run(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, list[Answer]]]:
        """Yield blocks and their answers, in order."""
        waiting: collections.deque[tuple[Block, Future]] = collections.deque()
        for block in blocks:
            waiting.append((block, self._submit(block)))
            if len(waiting) >= AHEAD * self.workers:
                yield self._next(waiting)
        while waiting:
            yield self._next(waiting)

    def _next(
        self, waiting: collections.deque[tuple[Block, Future]]
    ) -> tuple[Block, list[Answer]]:
        block, future = waiting.popleft()
        try:
            return block, future.result()
        except BrokenProcessPool:
            # All that waited is lost with the pool.
            others = [block for block, _ in waiting]
            self._close()
            answers = self._carefully(block)
            waiting.clear()
            waiting.extend((other, self._submit(other)) for other in others)
            return block, answers

    def _carefully(self, block: Block) -> list[Answer]:
        """Answer a block alone, in halves where even that kills a process."""
        try:
            return self._submit(block).result()
        except BrokenProcessPool:
            self._close()
        if len(block) == 1:
            return answer_block(_died, block, self.work)
        half = len(block) // 2
        return self._carefully(block[:half]) + self._carefully(block[half:])

    def _submit(self, block: Block) -> Future:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(
                self.workers,
                multiprocessing.get_context("spawn"),
                _open,
                (self.work,),
            )
        try:
            return self._executor.submit(_answer_here, block)
        except BrokenProcessPool as error:
            future: Future = Future()
            future.set_exception(error)
            return future

    def _close(self) -> None:
        if self._executor:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None


def _open(work: Work) -> None:
    """Open the work in a new process; an error is kept for the first block."""
    global _opened, _work
    _work = work
    try:
        _opened = open_work(work)
    except NlgError as error:
        _opened = error


def _answer_here(block: Block) -> list[Answer]:
    if isinstance(_opened, NlgError):
        raise _opened
    return answer_block(_opened, block, _work)


def _died(rows: Sequence[Fields]) -> list[Answer]:
    return [[{ERROR: DIED}] for _ in rows]
