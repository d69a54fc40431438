"""Open a checkpoint folder and run its graphs; no Keras is imported here."""

import os
import pathlib

from nlg.runtime.checkpoint import Checkpoint, open_checkpoint

__all__ = ["Checkpoint", "Source", "checkpoints_folder", "open_checkpoint", "opened"]

Source = Checkpoint | str | os.PathLike | None  # None: the shipped checkpoint


def checkpoints_folder() -> pathlib.Path:
    """Return where the shipped models are: inside the package, or beside it.

    A wheel carries them as `nlg/checkpoints`; in a checkout they are at the top.
    """
    package = pathlib.Path(__file__).parents[1]
    inside = package / "checkpoints"
    return inside if inside.is_dir() else package.parent / "checkpoints"


def opened(
    source: Source,
    task: str,
    shipped: str,
    device: str = "cpu",
    threads: int | None = None,
) -> Checkpoint:
    """Open what a class that answers was given.

    Args:
        source: a folder, a checkpoint that is open already, or None.
        task: what it must have been made for.
        shipped: below `checkpoints_folder()`, where None leads.
        device: see `open_checkpoint`.
        threads: see `open_checkpoint`.

    Raises:
        CheckpointError: as by `open_checkpoint`.
    """
    if source is None:
        source = checkpoints_folder() / shipped
    if not isinstance(source, str | os.PathLike):
        return source
    return open_checkpoint(pathlib.Path(source), task, device=device, threads=threads)
