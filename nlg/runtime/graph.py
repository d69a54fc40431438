"""Run one ONNX file with ONNX Runtime, block by block: named arrays in and out."""

import itertools
import os
import pathlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from nlg.errors import CheckpointError, OptionError

PROVIDERS = {"cpu": "CPUExecutionProvider", "gpu": "CUDAExecutionProvider"}

Item = TypeVar("Item")


class Graph:
    """A compiled graph.

    Raises:
        OptionError: no such device, or this ONNX Runtime has no GPU.
        CheckpointError: the file is not an ONNX graph that can run.
    """

    def __init__(self, path: pathlib.Path, device: str, threads: int | None = None):
        import onnxruntime

        if device not in PROVIDERS:
            raise OptionError(f"device is {device!r}; choose {', '.join(PROVIDERS)}")
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

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs by name."""
        values = self._session.run(self._outputs, inputs)
        return dict(zip(self._outputs, values, strict=True))


def available_cores() -> int:
    """Return the number of cores this process may use."""
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
