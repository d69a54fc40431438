"""Records of training data: found in files, counted, split and written.

What every kind of data has in common. This file knows no layout but JSON lines, and not
what makes a record good: that is its task's own.
"""

import collections
import dataclasses
import gzip
import io
import json
import pathlib
import random
import re
import sys
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from nlg.errors import DataError
from nlg.files import UNREADABLE, parse_json, text_of, write_whole

STDOUT = pathlib.Path("-")
HALF = re.compile("[\ud800-\udfff]")  # a surrogate, which no UTF-8 text can hold


class Found(Protocol):
    """A record at `where` (file:line); `problem` says why it is unreadable, or ""."""

    @property
    def where(self) -> str:
        """Return the place as a reader would look it up."""

    @property
    def problem(self) -> str:
        """Return one phrase."""


Record = TypeVar("Record", bound=Found)
Item = TypeVar("Item")


class Value(NamedTuple):
    """A JSON value found at `where`; `problem` says why it is none."""

    where: str
    value: Any = None
    problem: str = ""


@dataclasses.dataclass
class Report:
    """How many records were read, kept by kind, changed and dropped by reason."""

    read: int = 0
    kept: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    dropped: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    changed: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    problems: list[str] = dataclasses.field(default_factory=list)


def find_files(inputs: Iterable[str], suffixes: Sequence[str]) -> list[pathlib.Path]:
    """Return the files that `inputs` name; a folder stands for what is below it.

    Below a folder only files with one of `suffixes` count, gzipped or not. A pipe or a
    device is as good as a file.

    Raises:
        DataError: nothing is there, or the folder holds no such file.
    """
    files: list[pathlib.Path] = []
    for name in inputs:
        path = pathlib.Path(name)
        if path.is_dir():
            below = sorted(
                p for p in path.rglob("*") if _suffix(p) in suffixes and p.is_file()
            )
            if not below:
                raise DataError(
                    f"{path}: no {', '.join(suffixes)} file in this folder, nor gzipped"
                )
            files += below
        elif name == "-" or path.exists():
            files.append(path)
        else:
            raise DataError(f"{path}: no such file or folder")
    return files


def name_of(path: pathlib.Path) -> str:
    """Return how messages call a file; `-` is standard input."""
    return "<stdin>" if str(path) == "-" else str(path)


def source_of(path: pathlib.Path) -> str:
    """Return what records of a file are called after: 问题.v2.json is 问题."""
    return "stdin" if str(path) == "-" else path.name.partition(".")[0]


def json_values(name: str, text: str) -> Iterator[Value]:
    """Yield the value of each line of JSON lines, or the one value over many lines."""
    for number, line in enumerate(_json_texts(text), 1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            yield Value(where, parse_json(line))
        except json.JSONDecodeError as error:
            yield Value(where, problem=f"not JSON: {error.msg}")


def array_values(name: str, text: str) -> Iterator[Value]:
    """Yield the values of a JSON array."""
    try:
        values = parse_json(text)
    except json.JSONDecodeError as error:
        yield Value(f"{name}:{error.lineno}", problem=f"not JSON: {error.msg}")
        return
    # The decoder keeps no line numbers; the n-th record of an array is found by its n.
    for number, value in enumerate(values, 1):
        yield Value(f"{name}: record {number}", value)


def text_and_problem(path: pathlib.Path) -> tuple[str, str]:
    """Return the text of a file, `-` being standard input; else why there is none."""
    try:
        return text_of(path), ""
    except UNREADABLE as error:
        return "", f"cannot be read: {error}"


def is_json(text: str) -> bool:
    """Return whether `text` begins as a JSON array or object does."""
    return text.lstrip()[:1] in ("[", "{")


def values(name: str, text: str) -> Iterator[Value]:
    """Yield the values of a JSON array, or of JSON lines."""
    is_array = text.lstrip()[:1] == "["
    return array_values(name, text) if is_array else json_values(name, text)


def readable(
    records: Iterable[Record], report: Report, strict: bool
) -> Iterator[Record]:
    """Yield the records without a problem; count all, and why others are dropped.

    Raises:
        DataError: with `strict`, at the first record that cannot be read.
    """
    for record in records:
        report.read += 1
        if not record.problem:
            yield record
            continue
        problem = f"{record.where}: {record.problem}"
        if strict:
            raise DataError(problem)
        report.problems.append(problem)
        report.dropped["unreadable record"] += 1


def split(
    items: Sequence[Item],
    dev_share: float,
    seed: int,
    groups: Sequence[Hashable] | None = None,
) -> tuple[list[Item], list[Item]]:
    """Return train and dev; the same items and seed give the same split.

    Args:
        items: all of them, which keep their order.
        dev_share: of the items; dev is never larger.
        seed: of what is kept back.
        groups: a label for each item; those of one label stay on one side. By default
            each item, which must be hashable then, is its own.
    """
    labels: Sequence[Any] = items if groups is None else groups
    sizes = collections.Counter(labels)
    room = round(len(items) * dev_share)
    kept_back = set()
    for label in random.Random(seed).sample(list(sizes), min(room, len(sizes))):
        if sizes[label] <= room:
            kept_back.add(label)
            room -= sizes[label]
    train: list[Item] = []
    dev: list[Item] = []
    for item, label in zip(items, labels, strict=True):
        (dev if label in kept_back else train).append(item)
    return train, dev


def dev_path(path: pathlib.Path) -> pathlib.Path:
    """Return where the dev part goes: poems.dev.jsonl.gz beside poems.jsonl.gz."""
    name, dot, suffixes = path.name.partition(".")
    return path.with_name(f"{name}.dev{dot}{suffixes}")


def write_lines(lines: Iterable[str], path: pathlib.Path) -> None:
    """Write `lines`, gzipped if `path` ends in .gz; whole or not at all.

    The path - is stdout.
    """
    content = "".join(f"{line}\n" for line in lines).encode()
    if path == STDOUT:
        sys.stdout.buffer.write(content)
        return
    if path.suffix == ".gz":
        content = gzip.compress(content, mtime=0)  # same lines, same bytes
    write_whole(path, content)


def _suffix(path: pathlib.Path) -> str:
    """Return the suffix of a file's content: .json for a.json.gz."""
    return (path.with_suffix("") if path.suffix == ".gz" else path).suffix


def _json_texts(text: str) -> Iterable[str]:
    """Return `text` itself if it is one JSON value, else its lines."""
    try:
        parse_json(text)
    except json.JSONDecodeError:
        return io.StringIO(text)
    return [text]
