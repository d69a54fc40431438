"""Make a checkpoint of a finished run: graphs, facts and figures, in one sealed folder.

Every task's `train/export.py` calls `export_checkpoint`, in a process of its own (see
`nlg.training.export_subprocess`).
"""

import pathlib
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

import nlg
from nlg.errors import DataError
from nlg.files import write_json
from nlg.runtime.checkpoint import CONFIG, METRICS, seal
from nlg.runtime.config import FORMAT, CheckpointConfig
from nlg.training.backend import choose_backend
from nlg.training.progress import BEST
from nlg.training.run import Run
from nlg.training.settings import NOTES, read_config, read_settings
from nlg.training.weights import load_weights

SAMPLES = "metric_samples"  # setting of those tasks that can do without a measurement


class Finished(NamedTuple):
    """A training run that has looked at dev."""

    run: Run
    settings: dict[str, Any]
    weights: dict[str, np.ndarray]  # the best ones

    def load_into(self, model: Any) -> None:
        """Give `model` the weights; raise CheckpointError if they are not its own."""
        load_weights(model, self.weights)


def finished(folder: pathlib.Path) -> Finished:
    """Return the run in `folder`.

    Raises:
        DataError: it has not looked at dev yet.
    """
    run = Run(folder)
    weights, _ = _best(run)
    return Finished(run, read_settings(folder / CONFIG), weights)


def export_arguments() -> list[str]:
    """Return the arguments of an export's process; tf2onnx needs TensorFlow there."""
    choose_backend("tensorflow", "float32", seed=1)
    return sys.argv[1:]


def export_checkpoint(
    run: Run,
    out: pathlib.Path,
    task: str,
    *,
    graphs: Callable[[pathlib.Path], None],
    facts: Mapping[str, Any],
    measure: Callable[[], Mapping[str, Any]],
) -> None:
    """Make `out` a checkpoint, in place of an earlier one.

    Args:
        run: the run that it is made of.
        out: the folder.
        task: what the checkpoint is for.
        graphs: writes weights, graphs and the task's own files into a folder.
        facts: what the model is, for config.json.
        measure: opens `out` as users will, and returns how good it is; it is not called
            where the run has metric_samples=0.
    """
    graphs(_cleared(out))
    about = read_config(run.folder / CONFIG)
    config = CheckpointConfig(
        task=task,
        format=FORMAT,
        nlg=nlg.__version__,
        facts=facts,
        training={key: value for key, value in about.items() if key not in NOTES},
        source=_source(about),
    )
    write_json(out / CONFIG, config.as_dict())
    seal(out)
    _, notes = _best(run)
    best = {"best_line": next(x for x in run.lines() if x["step"] == notes["step"])}
    found = measure() if about.get(SAMPLES, 1) else {}
    write_json(out / METRICS, dict(found) | best)
    seal(out)


def _best(run: Run) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the best weights of a run and the notes beside them."""
    saved = run.load(BEST)
    if saved is None:
        raise DataError(
            f"{run.folder} has no {BEST}: train until the first look at dev"
        )
    return saved


def _source(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the notes of a run; of the folder that it began with, the last names."""
    notes = {key: about[key] for key in NOTES if about.get(key)}
    if "init" in notes:
        inits = (
            pathlib.PurePath(path).parts[-2:] for path in notes["init"].split(", ")
        )
        notes["init"] = ["/".join(parts) for parts in inits]
    return notes


def _cleared(folder: pathlib.Path) -> pathlib.Path:
    """Return `folder`, made or without the files of an earlier checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    return folder
