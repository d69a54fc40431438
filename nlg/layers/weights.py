"""Weights by name: those of a model, whether others fit it, and giving it those.

This file does not know where the tensors come from, nor what the names mean.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np

from nlg.errors import CheckpointError

SHOWN = 6  # names that an error lists of each sort
Shape = tuple[int, ...]


def variables_by_path(model: keras.Model) -> dict[str, Any]:
    """Return the weights of a built `model` as variables, frozen ones included."""
    return {variable.path: variable for variable in model.weights}


def weights_by_path(model: keras.Model) -> dict[str, np.ndarray]:
    """Return a copy of the weights of a built `model`, frozen ones included."""
    # On torch `convert_to_numpy` gives the weight's own memory, which moves on.
    return {
        path: np.array(keras.ops.convert_to_numpy(variable.value))
        for path, variable in variables_by_path(model).items()
    }


def compare(
    wanted: Mapping[str, Shape],
    found: Mapping[str, Shape],
    where: object,
    way_out: str = "take the weights that were saved with this model",
) -> None:
    """Compare names and shapes of weights.

    Args:
        wanted: the shape of every weight of the model, by name.
        found: the shape of every tensor there is.
        where: the file or folder of the tensors, for the error.
        way_out: what the user may do, for the error.

    Raises:
        CheckpointError: some are missing, unused or misshapen; it lists which.
    """
    both = sorted(wanted.keys() & found.keys())
    problems = [
        *_listed("missing", sorted(wanted.keys() - found.keys())),
        *_listed("unused", sorted(found.keys() - wanted.keys())),
        *_listed(
            "misshapen",
            [
                f"{name} is {tuple(found[name])}, not {tuple(wanted[name])}"
                for name in both
                if tuple(found[name]) != tuple(wanted[name])
            ],
        ),
    ]
    if problems:
        listed = "; ".join(problems)
        raise CheckpointError(f"{where}: weights of another model: {listed}; {way_out}")


def assign(
    variables: Mapping[str, Any], tensors: Mapping[str, np.ndarray], where: object
) -> None:
    """Give each of `variables` the tensor of its name, or raise and touch none.

    Args:
        variables: of a built model, such as `variables_by_path` returns.
        tensors: of any dtype; a variable keeps its own.
        where: the file or folder of the tensors, for the error.

    Raises:
        CheckpointError: some are missing, unused, misshapen, NaN or infinite.
    """
    compare(shapes_of(variables), shapes_of(tensors), where)
    broken = [name for name, x in sorted(tensors.items()) if not np.isfinite(x).all()]
    if broken:
        listed = "".join(_listed("NaN or infinity", broken))
        raise CheckpointError(
            f"{where}: {listed}; the training that made it diverged: take an earlier "
            "checkpoint"
        )
    for name, variable in variables.items():
        variable.assign(tensors[name].astype(variable.dtype))


def shapes_of(tensors: Mapping[str, Any]) -> dict[str, Shape]:
    """Return the shape of each tensor or variable, by name."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def _listed(problem: str, names: Iterable[str]) -> list[str]:
    """Return one phrase, or none if there are no names."""
    names = list(names)
    shown = ", ".join([*names[:SHOWN], *(["…"] if len(names) > SHOWN else [])])
    return [f"{problem} {len(names)}: {shown}"] if names else []
