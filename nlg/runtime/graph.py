"""Run one ONNX file with ONNX Runtime, block by block: named arrays in and out."""

import itertools
import os
import pathlib
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from nlg.errors import CheckpointError, OptionError

CORES = "NLG_CORES"  # the variable that gives a process its share of them
PROVIDERS = {"cpu": "CPUExecutionProvider", "gpu": "CUDAExecutionProvider"}

Item = TypeVar("Item")


# Where a tensor lies in another file, the graph has an entry {"location": its name}: a
# message of field 13, its key field 1, its value field 2 (onnx.proto). Whoever writes
# it in another way than this has something to hide.
ENTRY = re.compile(rb"\x6a(.)\x0a\x08location\x12(.)", re.S)
BEFORE_KEY = re.compile(rb"(?:\x0a|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)\Z")
KEY = b"location"


class Graph:
    """A compiled graph.

    Args:
        path: of the file.
        device: "cpu" or "gpu".
        threads: all cores by default.
        listed: names of the files that its weights may lie in; any file beside it by
            default.

    Raises:
        OptionError: no such device, or this ONNX Runtime has no GPU.
        CheckpointError: the file is not an ONNX graph that can run, or its weights lie
            where they should not.
    """

    def __init__(
        self,
        path: pathlib.Path,
        device: str,
        threads: int | None = None,
        listed: Container[str] | None = None,
    ):
        import onnxruntime

        if device not in PROVIDERS:
            raise OptionError(f"device is {device!r}; choose {', '.join(PROVIDERS)}")
        refuse_outside(path, listed)
        if PROVIDERS[device] not in onnxruntime.get_available_providers():
            raise OptionError(
                f"--device {device}: ONNX Runtime sees no {PROVIDERS[device]}; install "
                "onnxruntime-gpu in place of onnxruntime, or use --device cpu"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or available_cores()
        options.log_severity_level = 3  # errors; warnings are for the graph's makers
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=[PROVIDERS[device]]
            )
        except Exception as error:  # ONNX Runtime's own types are many and private
            reason = str(error).splitlines()[0]
            raise CheckpointError(f"{path}: not a graph that runs: {reason}") from None
        self._outputs = [x.name for x in self._session.get_outputs()]
        self._path = path

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs by name.

        Raises:
            CheckpointError: the graph does not take these inputs, or fails.
        """
        try:
            values = self._session.run(self._outputs, inputs)
        except Exception as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(f"{self._path} does not run: {reason}") from None
        return dict(zip(self._outputs, values, strict=True))


def refuse_outside(path: pathlib.Path, listed: Container[str] | None) -> None:
    """Refuse a graph whose weights lie in a file that is not beside it, or unlisted.

    Raises:
        CheckpointError: there is such a weight.
    """
    for name in _locations(path.read_bytes()):
        plain = name is not None and pathlib.PurePath(name).name == name
        if not plain or (listed is not None and name not in listed):
            raise CheckpointError(
                f"{path}: weights lie in {name or 'a hidden place'}, which is no file "
                "of the checkpoint; do not use it"
            )


def _locations(content: bytes) -> Iterator[str | None]:
    """Yield the files that tensors of an ONNX file lie in; None for one that hides."""
    place = content.find(KEY)
    while place >= 0:
        if BEFORE_KEY.search(content, max(0, place - 24), place):
            yield _location(content, place)
        place = content.find(KEY, place + 1)


def _location(content: bytes, place: int) -> str | None:
    """Return the value of the entry whose key is at `place`, if it is a plain one."""
    entry = ENTRY.match(content, place - 4)
    if not entry or entry[1][0] != entry[2][0] + 12 or entry[1][0] > 127:
        return None
    value = content[entry.end() : entry.end() + entry[2][0]]
    return value.decode("utf-8", errors="replace")


def available_cores() -> int:
    """Return the number of cores this process may use: what it was given, or all."""
    if os.environ.get(CORES):
        return int(os.environ[CORES])
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield `size` of the items at a time; the last may be fewer.

    Example:
        >>> list(batched("春夏秋冬又", 2))
        [['春', '夏'], ['秋', '冬'], ['又']]
    """
    items = iter(items)
    while block := list(itertools.islice(items, size)):
        yield block


def filled(rows: Sequence[Item], multiple: int) -> list[Item]:
    """Return `rows` and the first one again, up to a count that is a multiple.

    A matrix product may round differently in its last rows; with whole tiles a row's
    result does not depend on how many rows share a run.

    Example:
        >>> filled("春夏秋", 4)
        ['春', '夏', '秋', '春']
    """
    return [*rows, *[rows[0]] * (-len(rows) % multiple)]
