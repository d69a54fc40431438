"""What each kind of file holds, row by row.

    春风又绿江南岸                        text line  ->  {"text": "春风又绿江南岸"}
    {"id": 7, "text": "春风又绿江南岸"}    JSON line  ->  its fields
    id,text                              CSV, TSV, Parquet  ->  a field a column
    7,春风又绿江南岸

Parquet and CSV are told by the suffix, all else by the first line that is not blank: a
JSON object begins JSON lines, an array of objects is read whole, and a line with tabs
that names a field which the command reads is the header of a TSV. Otherwise a line is
a text, also in a .tsv; where it has tabs, the parts between them are its `columns`.

gzip, xz and zstd are unpacked, whatever the name. Blank lines are no rows.
"""

import contextlib
import csv
import io
import json
import pathlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple, TextIO

from nlg.batch.remote import is_remote, open_remote
from nlg.config import hint
from nlg.errors import DataError, OptionError
from nlg.files import Joined, parse_json, text_reader, unpacked

PACKED = (".gz", ".xz", ".zst")
SEPARATORS = {".csv": ",", ".tsv": "\t"}
JSON, LINES, LIST, TABLE, PARQUET = "json", "lines", "array", "table", "parquet"
ARRAY = re.compile(r"\[\s*(\{|$)")  # how an array of objects begins
TEXT = "text"  # the field of a text line
COLUMNS = "columns"  # and of one with tabs, what stands between them
PARQUET_ROWS = 4096  # that are held at once
BUFFER = 1 << 16  # bytes read at once

Parts = Iterator[tuple[str, dict[str, Any], str]]  # where, fields, problem


class Wanted(NamedTuple):
    """The fields that a command reads."""

    names: tuple[str, ...] = (TEXT,)  # any of them makes a first line a header
    text_field: str = ""  # the one that is to be called `text`; "" leaves the names

    def among(self, header: Iterable[str]) -> bool:
        """Return whether one of them is among the names of a header, in any case."""
        found = {name.strip().lower() for name in header}
        return not found.isdisjoint((self.text_field.lower(), *self.names))

    def need(self, header: Sequence[str], where: str) -> None:
        """Refuse a table without them; the nearest of its columns is named.

        Raises:
            OptionError: there is none.
        """
        name = self.text_field or self.names[0]
        if name not in header and (self.text_field or not self.among(header)):
            raise OptionError(
                f"{where} has no column {name}; {hint(name, header)}; --text-field "
                "says which one is the text"
            )


ANY = Wanted()


def suffix_of(name: str) -> str:
    """Return the suffix that tells the format: answers.csv.gz is .csv.

    Example:
        >>> suffix_of("answers.csv.gz"), suffix_of("春.JSONL"), suffix_of("-")
        ('.csv', '.jsonl', '')
    """
    path = pathlib.PurePath(name)
    suffixes = [x.lower() for x in path.suffixes if x.lower() not in PACKED]
    return suffixes[-1] if suffixes else ""


def opened(name: str) -> contextlib.AbstractContextManager[BinaryIO]:
    return unpacked(open_remote(name) if is_remote(name) else name)


def begun(
    name: str, wanted: Wanted, stack: contextlib.ExitStack
) -> tuple[str, BinaryIO | None]:
    """Return what kind of file it is, and the file from its beginning, opened."""
    if suffix_of(name) == ".parquet":
        return PARQUET, None
    file = stack.enter_context(opened(name))
    head = []
    for line in file:
        head.append(line)
        if line.decode("utf-8", "replace").removeprefix("\ufeff").strip():
            break
    whole = io.BufferedReader(Joined(b"".join(head), file), BUFFER)
    first = b"".join(head[-1:]).decode().removeprefix("\ufeff").strip()
    return _kind_of(first, suffix_of(name), wanted), whole


def _kind_of(first: str, suffix: str, wanted: Wanted) -> str:
    """Return what a file is by its first line that is not blank."""
    if suffix == ".csv":
        return TABLE
    if first.startswith("{"):
        return JSON
    if ARRAY.match(first):
        return LIST
    is_named = wanted.among(x.strip('"') for x in first.split("\t"))
    if is_named and ("\t" in first or suffix == ".tsv"):
        return TABLE
    return TABLE if wanted.text_field and suffix == ".tsv" else LINES


def of_kind(kind: str, file: BinaryIO | None, name: str, wanted: Wanted) -> Parts:
    """Yield the rows of a file that has been opened, by its kind."""
    if file is None:
        return _of_parquet(name, wanted)
    if kind == TABLE:
        return _of_table(name, text_reader(file), wanted)
    if kind == LIST:
        return _of_array(name, text_reader(file))
    return of_lines(name, file, kind == JSON)


def of_lines(name: str, file: BinaryIO, is_json: bool, before: int = 0) -> Parts:
    """Yield the rows of JSON lines, or of text lines; some lines stood `before`."""
    for number, raw in enumerate(file, before + 1):
        where = f"{name}:{number}"
        try:
            line = raw.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            yield where, {}, "no UTF-8 text"
            continue
        if number == 1:
            line = line.removeprefix("\ufeff")
        text = line.strip()
        if text:
            yield _of_json(where, text) if is_json else (where, _of_text(line), "")


def _of_text(line: str) -> dict[str, Any]:
    if "\t" in line:
        return {TEXT: line, COLUMNS: line.split("\t")}
    return {TEXT: line}


def _of_json(where: str, text: str) -> tuple[str, dict[str, Any], str]:
    try:
        value = parse_json(text)
    except json.JSONDecodeError as error:
        return where, {}, f"not JSON: {error.msg}"
    return _of_value(where, value)


def _of_value(where: str, value: Any) -> tuple[str, dict[str, Any], str]:
    if not isinstance(value, dict):
        return where, {}, "not a JSON object"
    return where, value, ""


def _of_array(name: str, file: TextIO) -> Parts:
    """Yield the objects of an array; for want of lines, the number of each."""
    try:
        values = parse_json(file.read())
    except json.JSONDecodeError as error:
        raise DataError(f"{name}:{error.lineno}: not JSON: {error.msg}") from None
    for number, value in enumerate(values, 1):
        yield _of_value(f"{name}:{number}", value)


def _of_table(name: str, file: TextIO, wanted: Wanted) -> Parts:
    separator = SEPARATORS.get(suffix_of(name), "\t")
    reader = csv.reader(file, delimiter=separator)
    try:
        header = next((values for values in reader if any(values)), [])
        if header:
            wanted.need(header, name)
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


def _of_parquet(name: str, wanted: Wanted) -> Parts:
    parquet = _pyarrow_parquet()
    import pyarrow

    source: str | BinaryIO = open_remote(name) if is_remote(name) else name
    try:
        file = parquet.ParquetFile(source)
        wanted.need(file.schema_arrow.names, name)
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
