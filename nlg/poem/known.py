"""Which lines the training poems of a checkpoint contain."""

import functools
import pathlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nlg.runtime import Checkpoint, checkpoints_folder
from nlg.text.known_lines import KnownLines

KNOWN = "known.npz"  # in a checkpoint's folder


class Originality(NamedTuple):
    """How much of a poem occurs in the training poems."""

    known_lines: int
    longest_shared_run: int  # characters, as `KnownLines.longest_run` counts them

    @classmethod
    def of(cls, lines: Iterable[str], known: KnownLines) -> "Originality":
        """Look `lines` up among the `known` ones."""
        lines = tuple(lines)
        return cls(
            sum(line in known for line in lines), max(map(known.longest_run, lines))
        )


def known_lines(checkpoint: Checkpoint) -> KnownLines:
    """Return the lines that the training poems of `checkpoint` contain.

    The shipped writer has no such file of its own, which would take eight megabytes: it
    learned from the same poems as the shipped VAE.
    """
    if KNOWN in checkpoint.listed:
        return KnownLines.load(checkpoint.path(KNOWN))
    return shipped_lines()


def save_known_lines(poems: Iterable[Sequence[str]], folder: pathlib.Path) -> None:
    """Write what `known_lines` reads into the folder of a checkpoint."""
    lines = (line for poem in poems for line in poem)
    KnownLines.from_lines(lines).save(folder / KNOWN)


def shipped_lines() -> KnownLines:
    """Return the lines of the poems that the shipped models learned from."""
    return _loaded(checkpoints_folder() / "poem" / "vae" / KNOWN)


@functools.cache
def _loaded(path: pathlib.Path) -> KnownLines:
    """Read a file once: checking a poem takes less time than reading it."""
    return KnownLines.load(path)
