"""Write a file whole or not at all; read text and JSON from anybody."""

import contextlib
import gzip
import io
import json
import lzma
import os
import pathlib
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, TextIO, cast

from nlg.errors import DataError

# What reading text raises.
UNREADABLE = (OSError, EOFError, UnicodeDecodeError, zlib.error, lzma.LZMAError)
GZIP, XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"  # how such files start
# What reading the arrays of an .npz raises if it is broken or another file.
NO_ARRAYS = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile)


def text_of(path: pathlib.Path) -> str:
    """Return a file's text, see `opened`, its line ends as they are."""
    with _unpacked(path) as file:
        return file.read().decode("utf-8-sig")


def load_text(path: pathlib.Path) -> str:
    """Return a file's text as `text_of` does.

    Raises:
        DataError: it cannot be read, or is no UTF-8 text.
    """
    try:
        return text_of(path)
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read: {error}") from None


@contextlib.contextmanager
def opened(path: pathlib.Path) -> Iterator[TextIO]:
    """Give a file's text to read line by line; `-` is standard input.

    What starts as gzip or xz does is unpacked, whatever the file's name.
    """
    with _unpacked(path) as file:
        yield io.TextIOWrapper(file, encoding="utf-8-sig")


@contextlib.contextmanager
def _unpacked(path: pathlib.Path) -> Iterator[BinaryIO]:
    with contextlib.ExitStack() as stack:
        raw: Any
        if str(path) == "-":
            raw = io.BytesIO(sys.stdin.buffer.read())
        else:
            raw = stack.enter_context(path.open("rb", buffering=0))
            if not raw.seekable():  # a pipe, which may bring less than is peeked at
                raw = io.BytesIO(raw.readall())
        file = io.BufferedReader(raw)
        start = file.peek(len(XZ))
        for magic, opener in ((GZIP, gzip.open), (XZ, lzma.open)):
            if start.startswith(magic):
                yield cast(BinaryIO, stack.enter_context(opener(file)))
                return
        yield file


def write_whole(path: pathlib.Path, content: bytes) -> None:
    """Replace `path` by `content`; on any failure the old file stays as it was."""
    with replacing(path) as part:
        part.write_bytes(content)


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Give a path to write to; it takes the place of `path` once all is on the disk.

    A link stays one, what it leads to is replaced. What has no place of its own, such
    as a pipe or /dev/stdout, is written to as it is.
    """
    is_open = str(path).startswith(("/dev/", "/proc/"))  # maybe a link to a plain file
    if is_open or (path.exists() and not path.is_file()):
        yield path
        return
    path = pathlib.Path(os.path.realpath(path))
    part = path.with_name(path.name + ".part")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_json(path: pathlib.Path, value: dict[str, Any]) -> None:
    """Write `value` for people to read."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", "utf-8")


def parse_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        json.JSONDecodeError: no JSON, nested too deep, or a number of 4,300 digits.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except (RecursionError, ValueError) as error:
        raise json.JSONDecodeError(str(error), text, 0) from None
