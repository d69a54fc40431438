"""Files of other machines: s3://, gs:// and what else pyarrow or fsspec can open.

S3 is tested against moto's server; the others have not been tried.
"""

from collections.abc import Sequence
from typing import Any, BinaryIO, cast

from nlg.errors import DataError, OptionError

MARK = "://"


def is_remote(name: str) -> bool:
    """Return whether `name` is a URL.

    Example:
        >>> is_remote("s3://bucket/poems.jsonl"), is_remote("春://.txt")
        (True, False)
    """
    scheme, mark, _ = name.partition(MARK)
    return bool(mark) and scheme.isascii() and scheme.replace("+", "").isalnum()


def open_remote(name: str) -> BinaryIO:
    """Return a URL's bytes, to read in order or from any place.

    Raises:
        DataError: it cannot be opened.
    """
    filesystem, path = file_system(name)
    try:
        return cast(BinaryIO, filesystem.open_input_file(path))
    except OSError as error:
        raise DataError(f"{name}: cannot be opened: {error}") from None


def remote_files(
    name: str, suffixes: Sequence[str], packed: Sequence[str]
) -> list[str]:
    """Return the data files of a URL: itself, or those of a folder, by name."""
    from pyarrow import fs

    filesystem, path = file_system(name)
    try:
        info = filesystem.get_file_info(path)
        if info.type == fs.FileType.File:
            return [name]
        below = filesystem.get_file_info(fs.FileSelector(path, recursive=True))
    except OSError as error:
        raise DataError(f"{name}: cannot be opened: {error}") from None
    scheme = name.partition(MARK)[0]
    ends = tuple(x + y for x in suffixes for y in ("", *packed))
    found = [x.path for x in below if x.type == fs.FileType.File]
    return sorted(f"{scheme}{MARK}{x}" for x in found if x.lower().endswith(ends))


def file_system(name: str) -> tuple[Any, str]:
    """Return pyarrow's file system for a URL, and the path on it.

    Raises:
        OptionError: pyarrow is missing, or nothing here opens such URLs.
    """
    try:
        import pyarrow
        from pyarrow import fs
    except ImportError:
        raise OptionError(
            f'{name} needs pyarrow; pip install "nlg[batch]", or copy the file here'
        ) from None
    try:
        return fs.FileSystem.from_uri(name)
    except pyarrow.ArrowInvalid:
        return _by_fsspec(name)


def _by_fsspec(name: str) -> tuple[Any, str]:
    from pyarrow import fs

    try:
        import fsspec

        filesystem, path = fsspec.core.url_to_fs(name)
    except (ImportError, ValueError) as error:
        raise OptionError(
            f"{name}: neither pyarrow nor fsspec opens it ({error})"
        ) from None
    return fs.PyFileSystem(fs.FSSpecHandler(filesystem)), path
