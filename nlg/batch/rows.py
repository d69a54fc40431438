"""Read rows from files of many formats, one by one, whatever the size of the files.

    春风又绿江南岸                        text line  ->  {"text": "春风又绿江南岸"}
    {"id": 7, "text": "春风又绿江南岸"}    JSON line  ->  its fields
    id,text                              CSV, TSV, Parquet  ->  a field a column
    7,春风又绿江南岸

Parquet, CSV and TSV are told by the suffix; other files are JSON lines if their first
line that is not blank is a JSON object, else text lines. gzip, xz and zstd are
unpacked, whatever the name. Blank lines are no rows. Folders and patterns stand for
their files, in order of name; s3:// and the like are opened by pyarrow or fsspec.

This file knows no task: what the fields mean is its own.
"""

import contextlib
import csv
import glob
import itertools
import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple, TextIO

from nlg.batch.remote import is_remote, open_remote, remote_files
from nlg.errors import DataError, OptionError
from nlg.files import UNREADABLE, is_packed, parse_json, text_reader, unpacked

SUFFIXES = (".txt", ".jsonl", ".csv", ".tsv", ".parquet")  # taken from a folder
PACKED = (".gz", ".xz", ".zst")
SEPARATORS = {".csv": ",", ".tsv": "\t"}
TABLES = (*SEPARATORS, ".parquet")
TEXT = "text"  # the field of a text line
PARQUET_ROWS = 4096  # that are held at once


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
    is_json: bool | None = None  # None: the first line tells
    rows: int = 0  # rows after `offset` that are passed over


BEGINNING = Place()


def read_rows(
    files: Iterable[str],
    text_field: str = "",
    start: Place = BEGINNING,
    first_number: int = 0,
) -> Iterator[Row]:
    """Yield the rows of `files`, one after another.

    Args:
        files: what `find_inputs` returns.
        text_field: the field that is to be called `text`; "" leaves the names.
        start: where in the first of `files` reading begins.
        first_number: number of the row at `start`.

    Raises:
        DataError: a file cannot be read at all.
        OptionError: a table without the field `text_field`; the nearest is named.
    """
    numbers = itertools.count(first_number)
    for count, name in enumerate(files):
        place = BEGINNING if count else start
        try:
            rows = _rows_of(name, text_field, place)
            for where, fields, problem in itertools.islice(rows, place.rows, None):
                yield Row(next(numbers), where, fields, problem)
        except UNREADABLE as error:
            raise DataError(f"{name}: cannot be read: {error}") from None


Parts = Iterator[tuple[str, dict[str, Any], str]]  # where, fields, problem


def places_of(name: str) -> Iterator[Place]:
    """Yield the place of each row of a file; reading may begin at each.

    Raises:
        DataError: as `read_rows` does.
    """
    try:
        if suffix_of(name) in TABLES:
            for number, _ in enumerate(_rows_of(name, "", BEGINNING)):
                yield Place(rows=number)
        else:
            yield from _places_of_lines(name)
    except UNREADABLE as error:
        raise DataError(f"{name}: cannot be read: {error}") from None


def _places_of_lines(name: str) -> Iterator[Place]:
    with _opened(name) as file:
        can_seek = name != "-" and not is_remote(name) and not is_packed(name)
        offset, is_json, row = 0, None, 0
        for number, line in enumerate(file):
            text = line.decode("utf-8", "replace").removeprefix("\ufeff").strip()
            if text:
                is_json = text.startswith("{") if is_json is None else is_json
                at = Place(offset, number, is_json) if can_seek else Place(rows=row)
                yield at
                row += 1
            offset += len(line)


def _opened(name: str) -> contextlib.AbstractContextManager[BinaryIO]:
    return unpacked(open_remote(name) if is_remote(name) else name)


def _rows_of(name: str, text_field: str, place: Place) -> Parts:
    suffix = suffix_of(name)
    with contextlib.ExitStack() as stack:
        if suffix == ".parquet":
            rows = _of_parquet(name, text_field)
        elif suffix in SEPARATORS:
            file = text_reader(stack.enter_context(_opened(name)))
            rows = _of_table(name, file, suffix, text_field)
        elif place.offset:
            plain = stack.enter_context(pathlib.Path(name).open("rb"))
            plain.seek(place.offset)
            rows = _of_lines(name, plain, place)
        else:
            rows = _of_lines(name, stack.enter_context(_opened(name)), place)
        yield from _renamed(rows, text_field)


def suffix_of(name: str) -> str:
    """Return the suffix that tells the format: answers.csv.gz is .csv.

    Example:
        >>> suffix_of("answers.csv.gz"), suffix_of("春.JSONL"), suffix_of("-")
        ('.csv', '.jsonl', '')
    """
    path = pathlib.PurePath(name)
    suffixes = [x.lower() for x in path.suffixes if x.lower() not in PACKED]
    return suffixes[-1] if suffixes else ""


def _is_data(path: pathlib.Path) -> bool:
    return path.is_file() and suffix_of(path.name) in SUFFIXES


def _of_lines(name: str, file: BinaryIO, place: Place) -> Parts:
    """Yield the rows of JSON lines, or of text lines if the first is no object.

    Raises:
        UnicodeDecodeError: the first line is no text; of a later one it is a problem.
    """
    is_json = place.is_json
    for number, raw in enumerate(file, place.lines + 1):
        where = f"{name}:{number}"
        try:
            line = raw.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            if is_json is None:
                raise
            yield where, {}, "no UTF-8 text"
            continue
        if number == 1:
            line = line.removeprefix("\ufeff")
        text = line.strip()
        if not text:
            continue
        if is_json is None:
            is_json = text.startswith("{")
        yield _of_json(where, text) if is_json else (where, {TEXT: line}, "")


def _of_json(where: str, text: str) -> tuple[str, dict[str, Any], str]:
    try:
        value = parse_json(text)
    except json.JSONDecodeError as error:
        return where, {}, f"not JSON: {error.msg}"
    if not isinstance(value, dict):
        return where, {}, "not a JSON object"
    return where, value, ""


def _of_table(name: str, file: TextIO, suffix: str, text_field: str) -> Parts:
    reader = csv.reader(file, delimiter=SEPARATORS[suffix])
    try:
        header = next(reader, [])
        _need(text_field, header, name)
        for values in reader:
            if not any(values):
                continue
            where = f"{name}:{reader.line_num}"
            if len(values) != len(header):
                problem = f"{len(values)} columns, the header has {len(header)}"
                yield where, {}, problem
                continue
            yield where, dict(zip(header, values, strict=True)), ""
    except csv.Error as error:
        raise DataError(f"{name}:{reader.line_num}: {error}") from None


def _of_parquet(name: str, text_field: str) -> Parts:
    parquet = _pyarrow_parquet()
    import pyarrow

    source: str | BinaryIO = open_remote(name) if is_remote(name) else name
    try:
        file = parquet.ParquetFile(source)
        _need(text_field, file.schema_arrow.names, name)
        number = 0
        for batch in file.iter_batches(PARQUET_ROWS):
            for fields in batch.to_pylist():
                number += 1
                kept = {key: x for key, x in fields.items() if x is not None}
                yield f"{name}:{number}", kept, ""
    except pyarrow.ArrowException as error:
        raise DataError(f"{name}: cannot be read as Parquet: {error}") from None


def _pyarrow_parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise OptionError(
            'Parquet needs pyarrow; pip install "nlg[batch]", or give JSON lines'
        ) from None
    return pyarrow.parquet


def _need(field: str, names: list[str], where: str) -> None:
    """Refuse a table that lacks `field`."""
    from nlg.config import hint

    if field and field not in names:
        raise OptionError(f"{where} has no column {field}; {hint(field, names)}")


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
