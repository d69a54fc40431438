"""Write answers in the format that the name of a file asks for.

    .jsonl, and all others   a JSON object a line, as --json prints it
    .csv .tsv                a header, then a row an answer; what is no text or number
                             stands as JSON
    .parquet                 the same columns, typed by the first answers

.gz and .zst pack what is written. The columns of a table are those of the first
`HEAD` answers; a later answer with another is refused, and nothing is lost: the journal
has it.
"""

import contextlib
import csv
import gzip
import io
import itertools
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

from nlg.batch.formats import SEPARATORS, suffix_of
from nlg.batch.work import Fields
from nlg.errors import DataError, OptionError
from nlg.files import json_line

HEAD = 1000  # answers that decide the columns
GROUP = 4096  # rows of a Parquet row group

Writer = Callable[[Iterable[Fields], pathlib.Path, str], None]


def write_answers(answers: Iterable[Fields], path: pathlib.Path, name: str) -> None:
    """Write `answers` to `path`, in the format that `name` asks for.

    Raises:
        DataError: a table's answer has a column that the first ones lack.
        OptionError: the format needs a package that is missing.
        OSError: it cannot be written.
    """
    suffix = suffix_of(name)
    if suffix == ".parquet":
        _write_parquet(answers, path)
        return
    with _text(path, name) as file:
        if suffix in SEPARATORS:
            _write_table(answers, file, SEPARATORS[suffix])
        else:
            file.writelines(f"{json_line(answer)}\n" for answer in answers)


@contextlib.contextmanager
def _text(path: pathlib.Path, name: str) -> Iterator[TextIO]:
    """Give a text file, packed if `name` says so."""
    with contextlib.ExitStack() as stack:
        raw: Any = stack.enter_context(path.open("wb"))
        if name.lower().endswith(".gz"):
            raw = stack.enter_context(gzip.GzipFile("", "wb", fileobj=raw, mtime=0))
        elif name.lower().endswith(".zst"):
            raw = stack.enter_context(_zstd(raw))
        file = io.TextIOWrapper(raw, encoding="utf-8", newline="")
        yield file
        file.flush()
        file.detach()


def _zstd(file: Any) -> Any:
    try:
        import zstandard
    except ImportError:
        raise OptionError(
            '.zst needs zstandard; pip install "nlg[batch]", or take .gz'
        ) from None
    return zstandard.ZstdCompressor().stream_writer(file, closefd=False)


def _columns(head: Iterable[Fields]) -> list[str]:
    """Return the fields of some answers, in the order in which they come."""
    return list(dict.fromkeys(key for answer in head for key in answer))


def _headed(answers: Iterable[Fields]) -> tuple[list[str], Iterator[Fields]]:
    """Return the columns, and all answers, each checked to have no other."""
    left = iter(answers)
    head = list(itertools.islice(left, HEAD))
    columns = _columns(head)

    def checked() -> Iterator[Fields]:
        for answer in itertools.chain(head, left):
            more = answer.keys() - set(columns)
            if more:
                raise DataError(
                    f"an answer has {', '.join(sorted(more))}, which the first {HEAD} "
                    "have not, so the table has no such column; write to a .jsonl file"
                )
            yield answer

    return columns, checked()


def _write_table(answers: Iterable[Fields], file: TextIO, separator: str) -> None:
    columns, checked = _headed(answers)
    writer = csv.writer(file, delimiter=separator, lineterminator="\n")
    writer.writerow(columns)
    for answer in checked:
        writer.writerow([_cell(answer.get(column)) for column in columns])


def _cell(value: Any) -> Any:
    """Return a value as a cell: nothing, text and numbers as they are, else JSON."""
    if value is None or isinstance(value, str | int | float):
        return "" if value is None else value
    return json_line(value)


def _write_parquet(answers: Iterable[Fields], path: pathlib.Path) -> None:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise OptionError(
            '.parquet needs pyarrow; pip install "nlg[batch]", or take .jsonl'
        ) from None
    columns, checked = _headed(answers)
    schema = None
    with contextlib.ExitStack() as stack:
        writer: Any = None
        while group := list(itertools.islice(checked, GROUP)):
            rows = [
                {column: answer.get(column) for column in columns} for answer in group
            ]
            try:
                table = pyarrow.Table.from_pylist(rows, schema)
            except pyarrow.ArrowException as error:
                raise DataError(
                    f"the answers do not fit one table ({error}); take a .jsonl file"
                ) from None
            if writer is None:
                schema = table.schema
                opened = pyarrow.parquet.ParquetWriter(path, schema)
                writer = stack.enter_context(opened)
            writer.write_table(table)
        if writer is None:
            pyarrow.parquet.write_table(pyarrow.table({}), path)
