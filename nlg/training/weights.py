"""Variables as named tensors: what training learnt, and all that a run goes on from."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
from keras import ops

from nlg.layers.weights import assign


def weights_by_name(model: keras.Model) -> dict[str, np.ndarray]:
    """Return a copy of what training learnt, by variable path."""
    return tensors_of(model.trainable_variables)


def tensors_of(variables: Iterable[Any]) -> dict[str, np.ndarray]:
    """Return a copy of each of `variables`, by path."""
    return {x.path: ops.convert_to_numpy(x.value) for x in variables}


def load_weights(model: keras.Model, tensors: dict[str, np.ndarray]) -> None:
    """Assign `tensors` by path; list what is missing, unused or misshapen and stop.

    Raises:
        CheckpointError: the tensors are not those of this model.
    """
    assign({x.path: x for x in model.trainable_variables}, tensors, "tensors")


def state_of(model: keras.Model) -> dict[str, np.ndarray]:
    """Return all variables, named by number and, for a reader, path."""
    return {
        f"{number} {variable.path}": ops.convert_to_numpy(variable.value)
        for number, variable in _variables(model).items()
    }


def load_state(model: keras.Model, tensors: dict[str, np.ndarray]) -> None:
    """Put `model` and its optimizer where `state_of` found them.

    Raises:
        CheckpointError: the tensors are not those of this model and optimizer.
    """
    numbered = {name.partition(" ")[0]: x for name, x in tensors.items()}
    assign(_variables(model), numbered, "state")


def _variables(model: keras.Model) -> dict[str, Any]:
    """Return every variable that moves in training, random seeds included, by number.

    Seeds and metrics share names, and Keras counts the names of optimizers and seeds up
    over a process.
    """
    everything = [
        *model.variables,
        *model.optimizer.variables,
        *model.metrics_variables,
    ]
    once = {id(variable): variable for variable in everything}.values()
    return {f"{number:04d}": x for number, x in enumerate(once)}
