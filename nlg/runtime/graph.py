"""Run one ONNX file with ONNX Runtime: named arrays in, named arrays out."""

import os
import pathlib

import numpy as np

from nlg.errors import CheckpointError, OptionError

CORES = "NLG_CORES"  # the variable that gives a process its share of them
PROVIDERS = {"cpu": "CPUExecutionProvider", "gpu": "CUDAExecutionProvider"}


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
    """Return the number of cores this process may use: what it was given, or all."""
    if os.environ.get(CORES):
        return int(os.environ[CORES])
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
