"""Write a file whole or not at all."""

import contextlib
import os
import pathlib
from collections.abc import Iterator


def write_whole(path: pathlib.Path, content: bytes) -> None:
    """Replace `path` by `content`; on any failure the old file stays as it was."""
    with replacing(path) as part:
        part.write_bytes(content)


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Give a path to write to; it takes the place of `path` once all is on the disk."""
    if path.exists() and not path.is_file():  # /dev/stdout, a pipe, a folder
        yield path
        return
    part = path.with_name(path.name + ".part")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
