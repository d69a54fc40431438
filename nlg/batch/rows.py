"""Read rows from files of many formats, one by one, whatever the size of the files.

    read_rows(find_inputs(["poems/", "s3://bucket/*.parquet"]))

Folders and patterns stand for their files, in order of name; s3:// and the like are
opened by pyarrow or fsspec. What a file's rows are: `nlg.batch.formats`.

This file knows no task: what the fields mean is its own.
"""

import contextlib
import glob
import itertools
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

from nlg.batch.formats import (
    ANY,
    JSON,
    LINES,
    PACKED,
    TEXT,
    Parts,
    Wanted,
    begun,
    of_kind,
    of_lines,
    suffix_of,
)
from nlg.batch.remote import is_remote, remote_files
from nlg.errors import DataError
from nlg.files import UNREADABLE, is_packed

# Taken from a folder.
SUFFIXES = (".txt", ".json", ".jsonl", ".csv", ".tsv", ".parquet")


class Row(NamedTuple):
    """One row of the input."""

    number: int  # from 0, over all files
    where: str  # file:line, from 1; of a Parquet file, file:row
    fields: dict[str, Any]
    problem: str = ""  # why it cannot be read; then there are no fields

    @property
    def line(self) -> int:
        """Return the number of its line in the file, from 1."""
        return int(self.where.rpartition(":")[2])


def find_inputs(inputs: Iterable[str]) -> list[str]:
    """Return the files that `inputs` name, in order; `-` is standard input.

    Raises:
        DataError: a name or pattern that fits no file.
    """
    return [file for name in inputs for file in _files_of(name)]


def _files_of(name: str) -> list[str]:
    if name == "-":
        return [name]
    path = pathlib.Path(name)
    if is_remote(name):
        found = remote_files(name, SUFFIXES, PACKED)
    elif path.is_dir():
        found = sorted(str(x) for x in path.rglob("*") if _is_data(x))
    else:
        found = [name] if path.exists() else sorted(glob.glob(name))
    if not found:
        what = "no file of" if path.is_dir() else "no such file; a folder may have"
        raise DataError(f"{name}: {what} {', '.join(SUFFIXES)}")
    return found


class Place(NamedTuple):
    """Where in a file reading begins."""

    offset: int = 0  # bytes before it; 0 in a table, or a file that is packed
    lines: int = 0  # lines before it
    is_json: bool = False  # what lines are, at an offset
    rows: int = 0  # rows after `offset` that are passed over


BEGINNING = Place()


def read_rows(
    files: Iterable[str],
    wanted: Wanted = ANY,
    start: Place = BEGINNING,
    first_number: int = 0,
) -> Iterator[Row]:
    """Yield the rows of `files`, one after another.

    Args:
        files: what `find_inputs` returns.
        wanted: the fields that tell a header.
        start: where in the first of `files` reading begins.
        first_number: number of the row at `start`.

    Raises:
        DataError: a file cannot be read at all.
        OptionError: a table without a field that is wanted; the nearest is named.
    """
    numbers = itertools.count(first_number)
    for count, name in enumerate(files):
        place = BEGINNING if count else start
        with _told(name):
            rows = _rows_of(name, wanted, place)
            for where, fields, problem in itertools.islice(rows, place.rows, None):
                yield Row(next(numbers), where, fields, problem)


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        raise DataError(f"{name}: cannot be read: {error}") from None


def places_of(name: str, wanted: Wanted = ANY) -> Iterator[Place]:
    """Yield the place of each row of a file; reading may begin at each.

    Raises:
        DataError, OptionError: as `read_rows` does.
    """
    with _told(name), contextlib.ExitStack() as stack:
        kind, file = begun(name, wanted, stack)
        if file is not None and kind in (JSON, LINES):
            yield from _places_of_lines(name, file, kind == JSON)
        else:
            for number, _ in enumerate(of_kind(kind, file, name, wanted)):
                yield Place(rows=number)


def _places_of_lines(name: str, file: BinaryIO, is_json: bool) -> Iterator[Place]:
    can_seek = name != "-" and not is_remote(name) and not is_packed(name)
    offset, row = 0, 0
    for number, line in enumerate(file):
        text = line.decode("utf-8", "replace").removeprefix("\ufeff").strip()
        if text:
            yield Place(offset, number, is_json) if can_seek else Place(rows=row)
            row += 1
        offset += len(line)


def _rows_of(name: str, wanted: Wanted, place: Place) -> Parts:
    with contextlib.ExitStack() as stack:
        if place.offset:
            plain = stack.enter_context(pathlib.Path(name).open("rb"))
            plain.seek(place.offset)
            rows = of_lines(name, plain, place.is_json, place.lines)
        else:
            rows = of_kind(*begun(name, wanted, stack), name, wanted)
        yield from _renamed(rows, wanted.text_field)


def _is_data(path: pathlib.Path) -> bool:
    return path.is_file() and suffix_of(path.name) in SUFFIXES


def _renamed(rows: Parts, field: str) -> Parts:
    """Yield rows whose `field` is called `text`."""
    for where, fields, problem in rows:
        if not field or problem:
            yield where, fields, problem
        elif field in fields:
            rest = {key: x for key, x in fields.items() if key not in (field, TEXT)}
            yield where, {**rest, TEXT: fields[field]}, ""
        else:
            yield where, {}, f"no field {field}"
