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

import csv
import glob
import itertools
import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple, TextIO

from nlg.batch.remote import is_remote, open_remote, remote_files
from nlg.errors import DataError, OptionError
from nlg.files import UNREADABLE, parse_json, text_reader, unpacked

SUFFIXES = (".txt", ".jsonl", ".csv", ".tsv", ".parquet")  # taken from a folder
PACKED = (".gz", ".xz", ".zst")
SEPARATORS = {".csv": ",", ".tsv": "\t"}
TEXT = "text"  # the field of a text line
PARQUET_ROWS = 4096  # that are held at once


class Row(NamedTuple):
    """One row of the input."""

    number: int  # from 0, over all files
    where: str  # file:line or file:row, from 1
    fields: dict[str, Any]
    problem: str = ""  # why it cannot be read; then there are no fields


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


def read_rows(files: Iterable[str], text_field: str = "") -> Iterator[Row]:
    """Yield the rows of `files`, one after another.

    Args:
        files: what `find_inputs` returns.
        text_field: the field that is to be called `text`; "" leaves the names.

    Raises:
        DataError: a file cannot be read at all.
        OptionError: a table without the field `text_field`; the nearest is named.
    """
    numbers = itertools.count()
    for name in files:
        try:
            for where, fields, problem in _rows_of(name, text_field):
                yield Row(next(numbers), where, fields, problem)
        except UNREADABLE as error:
            raise DataError(f"{name}: cannot be read: {error}") from None


Parts = Iterator[tuple[str, dict[str, Any], str]]  # where, fields, problem


def _rows_of(name: str, text_field: str) -> Parts:
    suffix = suffix_of(name)
    if suffix == ".parquet":
        yield from _renamed(_of_parquet(name, text_field), text_field)
        return
    with unpacked(open_remote(name) if is_remote(name) else name) as raw:
        file = text_reader(raw)
        if suffix in SEPARATORS:
            rows = _of_table(name, file, suffix, text_field)
        else:
            rows = _of_lines(name, file)
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


def _of_lines(name: str, file: TextIO) -> Parts:
    """Yield the rows of JSON lines, or of text lines if the first is no object."""
    is_json: bool | None = None
    for number, line in enumerate(file, 1):
        text = line.strip()
        if not text:
            continue
        if is_json is None:
            is_json = text.startswith("{")
        where = f"{name}:{number}"
        if is_json:
            yield _of_json(where, text)
        else:
            yield where, {TEXT: line.rstrip("\r\n")}, ""


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
                yield f"{name}: row {number}", kept, ""
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
