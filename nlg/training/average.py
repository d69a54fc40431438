"""The mean of several checkpoints of one model, as a checkpoint.

Trainings that parted from one another lie around weights that are better than theirs
(model soups, arXiv:2203.05482). A graph finds its weights by their place in
weights.safetensors, and that is the same in the mean: so the graphs are those of the
first checkpoint, and nothing is exported anew.
"""

import fnmatch
import pathlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from nlg.errors import CheckpointError, OptionError
from nlg.files import write_json
from nlg.layers.weights import compare, shapes_of
from nlg.runtime.checkpoint import (
    METRICS,
    SHA256,
    WEIGHTS,
    Checkpoint,
    digest,
    open_checkpoint,
    seal,
)
from nlg.runtime.config import CONFIG, read_config

Tensors = Mapping[str, np.ndarray]

# Files that say what the numbers mean: the same in all, or a mean has no meaning.
MEANINGS = ("vocab.txt", "pairs.txt", "words.npz", "labels.txt", "authors.txt")
FACTS = ("classes", "lower_case", "vae")  # so do these of config.json
FIXED = "*/meaning/*"  # weights that no training moves: vectors of words
INT8 = b"MatMulIntegerToFloat"  # in a graph that holds weights of its own


def mean_of(named: Iterable[tuple[object, Tensors]]) -> dict[str, np.ndarray]:
    """Return the mean of each tensor, float32.

    Args:
        named: where each model is from, for errors, and its weights by path.

    Raises:
        CheckpointError: they are not of one model, or have other vectors of words.
    """
    (first, tensors), *rest = named
    means = {name: x.astype("float32") for name, x in tensors.items()}
    for count, (where, others) in enumerate(rest, 2):
        both = f"{where} and {first}"
        compare(shapes_of(means), shapes_of(others), both, "take models of one size")
        for name in fnmatch.filter(means, FIXED):
            if not np.array_equal(others[name], tensors[name]):
                raise CheckpointError(
                    f"{both} have other vectors of words; take models of one"
                )
        means = {n: x + (others[n] - x) / np.float32(count) for n, x in means.items()}
    return means


def average(folders: Sequence[pathlib.Path], out: pathlib.Path) -> Checkpoint:
    """Write the mean of the checkpoints in `folders` to `out`, and open it.

    All else, such as a reader's ranking and calibration, is that of the first.

    Raises:
        OptionError: there is one folder only, or `out` is in use.
        CheckpointError: they are for different tasks or of different models, or a graph
            has weights in int8.
    """
    if len(folders) < 2:
        raise OptionError("one checkpoint has no mean; name two or more")
    if out.exists() and any(out.iterdir()):
        raise OptionError(f"{out} is in use; name a new folder")
    task = read_config(folders[0]).task
    opened = [open_checkpoint(folder, task) for folder in folders]
    for other in opened[1:]:
        _check_meanings(other, opened[0])
    _refuse_int8(opened[0])
    every = ((x.folder, load_file(x.path(WEIGHTS))) for x in opened)
    means = mean_of(every)
    out.mkdir(parents=True, exist_ok=True)
    _copy(opened[0], out)
    _save_weights(means, opened[0].path(WEIGHTS), out / WEIGHTS)
    config = opened[0].config.as_dict()
    sources = [{"folder": _name(x), "sha256": digest(x.path(WEIGHTS))} for x in opened]
    write_json(out / CONFIG, config | {"source": {"mean_of": sources}})
    write_json(out / METRICS, {"mean_of": len(opened)})
    seal(out)
    return open_checkpoint(out, task)


def write_metrics(checkpoint: Checkpoint, metrics: Mapping[str, Any]) -> None:
    """Add what was measured to the metrics of a checkpoint."""
    write_json(checkpoint.folder / METRICS, checkpoint.metrics | dict(metrics))
    seal(checkpoint.folder)


def _check_meanings(other: Checkpoint, first: Checkpoint) -> None:
    """Refuse models to whom one number means two things."""
    where = f"{other.folder} and {first.folder}"
    for name in MEANINGS:
        files = [x.folder / name for x in (other, first) if (x.folder / name).exists()]
        if len({digest(path) for path in files}) > 1 or len(files) == 1:
            raise CheckpointError(f"{where} have another {name}; take models of one")
    for name in FACTS:
        if other.config.facts.get(name) != first.config.facts.get(name):
            raise CheckpointError(f"{where} have another {name}; take models of one")


def _refuse_int8(checkpoint: Checkpoint) -> None:
    for path in sorted(checkpoint.folder.glob("*.onnx")):
        if INT8 in path.read_bytes():
            raise CheckpointError(
                f"{path} has weights in int8, which would stay those of this model; "
                "take checkpoints that were exported without"
            )


def _copy(checkpoint: Checkpoint, out: pathlib.Path) -> None:
    """Copy what a mean takes from its first model as it is."""
    for path in checkpoint.folder.iterdir():
        if path.is_file() and path.name not in (WEIGHTS, CONFIG, METRICS, SHA256):
            shutil.copyfile(path, out / path.name)


def _save_weights(means: Tensors, like: pathlib.Path, out: pathlib.Path) -> None:
    """Write `means` with the types and at the places of the file `like`."""
    dtypes = {name: x.dtype for name, x in load_file(like).items()}
    save_file({name: means[name].astype(dtype) for name, dtype in dtypes.items()}, out)
    if _header(like) != _header(out):
        raise CheckpointError(
            f"{like} has its weights in another order; export it anew"
        )


def _header(path: pathlib.Path) -> bytes:
    """Return what a safetensors file says of its tensors: where each is."""
    with path.open("rb") as file:
        return file.read(int.from_bytes(file.read(8), "little"))


def _name(checkpoint: Checkpoint) -> str:
    """Return the last names of a folder, which say enough on another machine too."""
    return "/".join(checkpoint.folder.resolve().parts[-2:])
