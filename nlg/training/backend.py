"""Choose Keras's backend and precision; call it before anything imports keras."""

import os
import sys

from nlg.errors import NlgError, OptionError

EXTRA = 'pip install "nlg[train]"'
INSTALL = {"torch": "pip install torch", "jax": "pip install jax"}


def choose_backend(backend: str | None, precision: str, seed: int) -> None:
    """Set the backend, the dtype policy and every random seed.

    Raises:
        OptionError: keras is already running on another backend.
        NlgError: keras or the backend is not installed.
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
    try:
        import keras
    except ModuleNotFoundError as error:
        way_out = INSTALL.get(str(error.name), EXTRA)
        raise NlgError(f"training needs {error.name}: {way_out}") from None
    keras.config.set_dtype_policy(precision)
    keras.utils.set_random_seed(seed)


def seed_batch(seed: int, number: int) -> None:
    """Make what a batch draws a function of its number, where Keras does not.

    Its draws come from variables, which are saved with a run - save Dropout's on torch,
    which come from torch's own generator.
    """
    import keras

    if keras.backend.backend() == "torch":
        import numpy as np
        import torch

        mixed = np.random.SeedSequence([seed, number]).generate_state(1)
        torch.manual_seed(int(mixed[0]))
