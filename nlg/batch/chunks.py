"""Cut files into chunks of rows that any machine can read by itself.

    Chunk(part=1, first=8192, rows=8192, files=("a.jsonl",), start=Place(…), key="…")

One pass over the files finds the places; no row is kept. A chunk may end in a later
file than it begins in. Its key changes when one of its files does.
"""

import hashlib
import itertools
import pathlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nlg.batch.formats import ANY, Wanted
from nlg.batch.remote import file_system, is_remote
from nlg.batch.rows import Place, Row, places_of, read_rows
from nlg.errors import DataError

MOST = 100_000  # chunks; an even number


class Chunk(NamedTuple):
    """Some rows of the input, and where they are."""

    part: int  # its number, from 0
    first: int  # number of its first row
    rows: int
    files: tuple[str, ...]  # that hold them, in order
    start: Place  # of its first row, in the first of them
    key: str  # of what it reads


class _Start(NamedTuple):
    file: int
    place: Place


def find_chunks(files: Sequence[str], size: int, wanted: Wanted = ANY) -> list[Chunk]:
    """Return the chunks of `files`, of `size` rows each; the last may be smaller.

    Where that makes more than `MOST` of them, they are 2, 4, 8, … times as large.

    Raises:
        DataError: a file cannot be read, or it is standard input, which is read once.
    """
    if "-" in files:
        raise DataError("a cluster cannot read standard input; give files")
    starts, count, size = _starts(files, size, wanted)
    states = [state_of(name) for name in files]
    return list(_chunks(files, states, starts, count, size))


def _starts(
    files: Sequence[str], size: int, wanted: Wanted
) -> tuple[list[_Start], int, int]:
    """Return where each chunk starts, the number of all rows, and of those of one."""
    starts: list[_Start] = []
    count = 0
    for number, name in enumerate(files):
        for place in places_of(name, wanted):
            if count % size == 0:
                starts.append(_Start(number, place))
            count += 1
            if len(starts) > MOST:
                starts, size = starts[::2], 2 * size
    return starts, count, size


def _chunks(
    files: Sequence[str],
    states: Sequence[str],
    starts: Sequence[_Start],
    count: int,
    size: int,
) -> Iterator[Chunk]:
    ends = [start.file for start in starts[1:]] + [len(files) - 1]
    for part, (start, end) in enumerate(zip(starts, ends, strict=True)):
        read = slice(start.file, end + 1)
        rows = min(size, count - part * size)
        what = [states[read], start.place, rows]
        key = hashlib.sha256(repr(what).encode()).hexdigest()[:16]
        yield Chunk(part, part * size, rows, tuple(files[read]), start.place, key)


def state_of(name: str) -> str:
    """Return what changes when the content of a file does: its size and its time."""
    if is_remote(name):
        filesystem, path = file_system(name)
        info = filesystem.get_file_info(path)
        return f"{name} {info.size} {info.mtime_ns}"
    info = pathlib.Path(name).stat()
    return f"{name} {info.st_size} {info.st_mtime_ns}"


def rows_of(chunk: Chunk, wanted: Wanted = ANY) -> Iterator[Row]:
    """Yield the rows of a chunk.

    Raises:
        DataError: its files have changed since it was cut.
    """
    found = read_rows(chunk.files, wanted, chunk.start, chunk.first)
    count = 0
    for row in itertools.islice(found, chunk.rows):
        count += 1
        yield row
    if count < chunk.rows:
        raise DataError(
            f"{', '.join(chunk.files)}: shorter than when the run began; start it again"
        )
