"""A folder of answers in parts, which a run on many machines fills and goes on with.

    OUTPUT/manifest.json       what is done, and each part that is there
    OUTPUT/part-000000.jsonl   the answers of the first chunk
    OUTPUT/part-000001.jsonl   …

A part stands there whole or not at all, whoever writes it. So a part that is there is
never computed again, unless what its chunk reads has changed.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from nlg.batch.chunks import Chunk
from nlg.batch.remote import file_system, is_remote
from nlg.batch.work import ERROR, Fields
from nlg.errors import DataError

MANIFEST = "manifest.json"


class Part(NamedTuple):
    """A part that is there."""

    part: int
    key: str  # of its chunk
    rows: int
    errors: int  # rows that could not be answered
    sha256: str


def part_name(number: int) -> str:
    """Return the name of a part.

    Example:
        >>> part_name(123)
        'part-000123.jsonl'
    """
    return f"part-{number:06}.jsonl"


class Folder:
    """A local folder that all machines share, or a URL."""

    def __init__(self, name: str):
        self.name = name
        self._remote = file_system(name) if is_remote(name) else None
        if not self._remote:
            pathlib.Path(name).mkdir(parents=True, exist_ok=True)

    def read(self, name: str) -> bytes | None:
        """Return a file of the folder; None if it is not there."""
        try:
            if self._remote:
                filesystem, path = self._remote
                with filesystem.open_input_file(f"{path}/{name}") as file:
                    return file.read()
            return (pathlib.Path(self.name) / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all; of two writers the later holds."""
        if self._remote:
            filesystem, path = self._remote
            with filesystem.open_output_stream(f"{path}/{name}") as file:
                file.write(content)
            return
        place = pathlib.Path(self.name) / name
        new = place.with_name(f".{name}.{uuid.uuid4().hex}")
        try:
            with new.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, place)
        except BaseException:
            new.unlink(missing_ok=True)
            raise

    def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            if self._remote:
                filesystem, path = self._remote
                filesystem.delete_file(f"{path}/{name}")
            else:
                (pathlib.Path(self.name) / name).unlink()


class Manifest:
    """What a folder holds.

    Args:
        folder: where.
        work: the fingerprint of what is done, block and chunk sizes included.
        chunks: of the input.

    Raises:
        DataError: the folder holds the parts of other work.
    """

    def __init__(self, folder: Folder, work: str, chunks: Sequence[Chunk]):
        self.folder, self.work, self.chunks = folder, work, chunks
        before = self._before()
        keys = {one["part"]: one["key"] for one in before}
        facts = {one["part"]: one for one in before if "sha256" in one}
        self.parts: dict[int, Part] = {}
        self.changed = 0  # parts that an earlier run made of other input
        for chunk in chunks:
            if keys.get(chunk.part) == chunk.key:
                self._keep(chunk, facts.get(chunk.part))
            elif chunk.part in keys:
                self.folder.remove(part_name(chunk.part))
                self.changed += 1
        for part in keys.keys() - {chunk.part for chunk in chunks}:
            self.folder.remove(part_name(part))
        self.kept = sum(part.rows for part in self.parts.values())
        self.save()

    def missing(self) -> list[Chunk]:
        """Return the chunks without a part."""
        return [chunk for chunk in self.chunks if chunk.part not in self.parts]

    def add(self, part: Part) -> None:
        """Take note of a part that has been written; `save` keeps the note."""
        self.parts[part.part] = part

    def save(self) -> None:
        """Write the manifest."""
        parts = [
            self.parts[chunk.part]._asdict()
            if chunk.part in self.parts
            else {"part": chunk.part, "key": chunk.key}
            for chunk in self.chunks
        ]
        found = {
            "nlg": "batch",
            "work": self.work,
            "rows": sum(chunk.rows for chunk in self.chunks),
            "errors": sum(part.errors for part in self.parts.values()),
            "parts": parts,
        }
        self.folder.write(MANIFEST, json.dumps(found, indent=1).encode() + b"\n")

    def answers(self) -> Iterator[Fields]:
        """Yield the objects of all parts, in order.

        Raises:
            DataError: a part is gone, or is not what was written.
        """
        for number in sorted(self.parts):
            content = self.folder.read(part_name(number)) or b""
            if hashlib.sha256(content).hexdigest() != self.parts[number].sha256:
                raise DataError(
                    f"{self.folder.name}/{part_name(number)} is not what was written; "
                    "delete it and run again"
                )
            for line in content.splitlines():
                yield json.loads(line)

    def _before(self) -> list[dict[str, Any]]:
        """Return the parts that the folder's manifest lists."""
        content = self.folder.read(MANIFEST)
        if content is None:
            return []
        try:
            found = json.loads(content)
            work, parts = found["work"], found["parts"]
        except (ValueError, TypeError, KeyError):
            work, parts = "", []
        if work != self.work:
            raise DataError(
                f"{self.folder.name} holds another run, of other options, another "
                "model or another kind; take another folder, or delete that one"
            )
        return parts

    def _keep(self, chunk: Chunk, known: dict[str, Any] | None) -> None:
        """Take a part that is there; one without a note is read for its facts."""
        content = self.folder.read(part_name(chunk.part))
        if content is None:
            return
        part = part_of(chunk, content)
        if known and known["sha256"] != part.sha256:  # not what was written
            self.folder.remove(part_name(chunk.part))
            return
        self.add(part)


def part_of(chunk: Chunk, content: bytes) -> Part:
    """Return the facts of a part with this content."""
    errors = sum(ERROR in json.loads(line) for line in content.splitlines())
    sha256 = hashlib.sha256(content).hexdigest()
    return Part(chunk.part, chunk.key, chunk.rows, errors, sha256)
