"""Make a checkpoint of a finished run, in a process of its own.

tf2onnx needs Keras on TensorFlow, and the process that trained may run another backend.
"""

import os
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np

from nlg.errors import DataError, NlgError
from nlg.training.progress import BEST
from nlg.training.run import Run
from nlg.training.settings import read_settings


def export_apart(module: str, folder: pathlib.Path, *arguments: object) -> pathlib.Path:
    """Run `python -m module folder out *arguments`; return `out`, folder/checkpoint.

    Raises:
        NlgError: the export failed; the run itself is whole.
    """
    out = folder / "checkpoint"
    command = [sys.executable, "-m", module, folder, out, *arguments]
    environment = {
        **os.environ,
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": os.pathsep.join(sys.path),  # nlg may run from a checkout
    }
    done = subprocess.run(
        [str(part) for part in command], env=environment, stderr=subprocess.PIPE
    )
    if done.returncode:
        last = "".join(done.stderr.decode(errors="replace").strip().splitlines()[-1:])
        raise NlgError(f"{folder} is trained, but the export failed: {last}")
    return out


def best_of(run: Run) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return a run's settings and its best weights.

    Raises:
        DataError: it has not looked at dev yet.
    """
    saved = run.load(BEST)
    if saved is None:
        raise DataError(
            f"{run.folder} has no {BEST}: train until the first look at dev"
        )
    return read_settings(run.folder / "config.json"), saved[0]


def emptied(folder: pathlib.Path) -> pathlib.Path:
    """Return `folder`, made or without the files of an earlier checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    return folder
