"""Make a checkpoint of a finished run, in a process of its own.

tf2onnx needs Keras on TensorFlow, and the process that trained may run another backend.
"""

import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import nlg
from nlg.errors import DataError, NlgError
from nlg.files import write_json
from nlg.runtime.checkpoint import CONFIG, FORMAT, METRICS, seal
from nlg.training.progress import BEST
from nlg.training.run import Run
from nlg.training.settings import read_settings


def export_in_subprocess(
    module: str, folder: pathlib.Path, *arguments: object
) -> pathlib.Path:
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
    weights, _ = _best(run)
    return read_settings(run.folder / "config.json"), weights


def _best(run: Run) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the best weights of a run and the notes beside them."""
    saved = run.load(BEST)
    if saved is None:
        raise DataError(
            f"{run.folder} has no {BEST}: train until the first look at dev"
        )
    return saved


def clear_folder(folder: pathlib.Path) -> pathlib.Path:
    """Return `folder`, made or without the files of an earlier checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    return folder


def finish(
    out: pathlib.Path,
    run: Run,
    task: str,
    facts: Mapping[str, Any],
    measure: Callable[[], Mapping[str, Any]],
) -> None:
    """Make the folder `out`, which has its weights and graphs, a checkpoint.

    Args:
        out: the folder.
        run: the run that it is made of.
        task: what the checkpoint is for.
        facts: what else its config.json says.
        measure: opens `out` as users will, and returns how good it is.
    """
    about = {"task": task, "format": FORMAT, "nlg": nlg.__version__}
    write_json(out / CONFIG, about | dict(facts))
    seal(out)
    _, notes = _best(run)
    best = {"best_line": next(x for x in run.lines() if x["step"] == notes["step"])}
    write_json(out / METRICS, dict(measure()) | best)
    seal(out)
