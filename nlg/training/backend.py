"""Choose Keras's backend and precision; call it before anything imports keras."""

import os
import sys

from nlg.errors import OptionError

BACKENDS = ("torch", "tensorflow", "jax")
PRECISIONS = ("float32", "mixed_bfloat16")


def choose_backend(backend: str | None, precision: str, seed: int) -> None:
    """Set the backend, the dtype policy and every random seed.

    Raises:
        OptionError: keras is already running on another backend.
    """
    if backend:
        os.environ["KERAS_BACKEND"] = backend
    running = sys.modules.get("keras")
    if backend and running and running.backend.backend() != backend:
        raise OptionError(
            f"keras already runs on {running.backend.backend()}; "
            f"start a new process for {backend}"
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    keras.config.set_dtype_policy(precision)
    keras.utils.set_random_seed(seed)
