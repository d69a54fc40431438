"""Open a checkpoint folder and run its graphs; no Keras is imported here."""

import pathlib

from nlg.runtime.checkpoint import Checkpoint, open_checkpoint

__all__ = ["Checkpoint", "checkpoints_folder", "open_checkpoint"]


def checkpoints_folder() -> pathlib.Path:
    """Return where the shipped models are: inside the package, or beside it.

    A wheel carries them as `nlg/checkpoints`; in a checkout they are at the top.
    """
    package = pathlib.Path(__file__).parents[1]
    inside = package / "checkpoints"
    return inside if inside.is_dir() else package.parent / "checkpoints"
