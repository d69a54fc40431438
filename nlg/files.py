"""Write a file whole or not at all; read text and JSON from anybody."""

import contextlib
import gzip
import io
import json
import lzma
import os
import pathlib
import shutil
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, TextIO

from nlg.errors import DataError, NlgError

# What reading text raises.
UNREADABLE = (OSError, EOFError, UnicodeDecodeError, zlib.error, lzma.LZMAError)
# How such files start.
GZIP, XZ, ZSTD = b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
# What reading the arrays of an .npz raises if it is broken or another file.
NO_ARRAYS = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile)


def text_of(path: pathlib.Path) -> str:
    """Return a file's text, see `opened`, its line ends as they are."""
    with unpacked(path) as file:
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

    What starts as gzip, xz or zstd does is unpacked, whatever the file's name.
    """
    with unpacked(path) as file:
        yield text_reader(file)


def text_reader(file: BinaryIO) -> TextIO:
    """Return UTF-8 text to read line by line, without a byte order mark."""
    return io.TextIOWrapper(file, encoding="utf-8-sig")


@contextlib.contextmanager
def unpacked(source: pathlib.Path | str | BinaryIO) -> Iterator[BinaryIO]:
    """Give the bytes of a file, to read in order; unpacked if they are packed.

    Args:
        source: a path, - for standard input, or an open file. Only what is opened here
            is closed.

    Raises:
        OSError: it cannot be opened.
        DataError: it is packed by zstd, and zstandard is not installed.
    """
    with contextlib.ExitStack() as stack:
        if str(source) == "-":
            source = sys.stdin.buffer
        elif isinstance(source, pathlib.Path | str):
            source = stack.enter_context(pathlib.Path(source).open("rb"))
        start = source.read(len(XZ))
        whole: Any = io.BufferedReader(Joined(start, source))
        openers = ((GZIP, gzip.open), (XZ, lzma.open), (ZSTD, _open_zstd))
        for magic, opener in openers:
            if start.startswith(magic):
                whole = stack.enter_context(opener(whole))
        yield whole


def is_packed(path: pathlib.Path | str) -> bool:
    """Return whether a file starts as gzip, xz or zstd does."""
    with pathlib.Path(path).open("rb") as file:
        return file.read(len(XZ)).startswith((GZIP, XZ, ZSTD))


class Joined(io.RawIOBase):
    """What was read of a file, and the rest of it."""

    def __init__(self, start: bytes, rest: BinaryIO):
        self.start, self.rest = start, rest

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill some of `buffer`; return how much, 0 at the end."""
        found = self.start[: len(buffer)] or self.rest.read(len(buffer))
        self.start = self.start[len(buffer) :]
        buffer[: len(found)] = found
        return len(found)


def _open_zstd(file: BinaryIO) -> Any:
    try:
        import zstandard
    except ImportError:
        raise DataError(
            'a file packed by zstd needs zstandard; pip install "nlg[batch]", or '
            "unpack it first"
        ) from None
    return io.BufferedReader(zstandard.open(file, "rb", closefd=False))


def write_whole(path: pathlib.Path, content: bytes) -> None:
    """Replace `path` by `content`; on any failure the old file stays as it was."""
    with replacing(path) as part:
        part.write_bytes(content)


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Give a path to write to; it takes the place of `path` once all is on the disk.

    A link stays one, what it leads to is replaced. What has no place of its own, such
    as a pipe or /dev/stdout, is written to as it is.

    The path is .NAME.nlg-part beside NAME. It is locked, so that a second writer is
    refused; what a killed run left of it is used again.

    Raises:
        NlgError: another process writes to `path`.
    """
    if has_no_place(path):
        yield path
        return
    path = pathlib.Path(os.path.realpath(path))
    part = path.with_name(f".{path.name}.nlg-part")
    with locked(part, path):
        try:
            yield part
            with part.open("rb") as file:
                os.fsync(file.fileno())
            if path.exists():
                shutil.copymode(path, part)
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def has_no_place(path: pathlib.Path) -> bool:
    """Return whether `path` is a device or a pipe, which no file can replace."""
    is_open = str(path).startswith(("/dev/", "/proc/"))  # maybe a link to a plain file
    return is_open or (path.exists() and not path.is_file())


@contextlib.contextmanager
def locked(part: pathlib.Path, path: pathlib.Path) -> Iterator[None]:
    """Hold `part`, made if it is not there, for this process alone.

    The system gives a lock back when its process ends, however it ends. On Windows an
    open file cannot be replaced, so nothing is locked there.

    Args:
        part: the file that is held; it stays when the lock is given back.
        path: what it is for, in the error.

    Raises:
        NlgError: another process holds it.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with part.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Before it was locked, the writer before may have moved it to its place.
            held = os.path.samestat(os.fstat(file.fileno()), os.stat(part))
        except OSError:
            held = False
        if not held:
            raise NlgError(
                f"{path} is being written by another process; wait until it ends, or "
                "take another name"
            )
        yield


def write_json(path: pathlib.Path, value: Mapping[str, Any]) -> None:
    """Write `value` for people to read."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", "utf-8")


_one_line = json.JSONEncoder(ensure_ascii=False).encode


def json_line(value: Any) -> str:
    r"""Return JSON on one line; with escapes if a text has half a character.

    Example:
        >>> json_line({"text": "春"}), json_line({"text": "春\ud800"})
        ('{"text": "春"}', '{"text": "\\u6625\\ud800"}')
    """
    text = _one_line(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


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
