"""Which lines the training poems of a checkpoint contain."""

from nlg.metrics.originality import KnownLines
from nlg.runtime import Checkpoint, checkpoints_folder

KNOWN = "known.npz"  # in a checkpoint's folder


def known_lines(checkpoint: Checkpoint) -> KnownLines:
    """Return what the training poems of `checkpoint` contain.

    The shipped writer has no such file, eight megabytes that would say the same as the
    shipped VAE's: both learned from the same poems.
    """
    if KNOWN in checkpoint.listed:
        return KnownLines.load(checkpoint.path(KNOWN))
    return shipped_lines()


def shipped_lines() -> KnownLines:
    """Return what the poems contain that the shipped models learned from."""
    return KnownLines.load(checkpoints_folder() / "poem" / "vae" / KNOWN)
