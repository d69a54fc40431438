"""Which lines of verse stand in the training set, without the training set.

`KnownLines` keeps a 32-bit fingerprint of every training line and, marked as such, of
the last five characters of every longer one: a seven-character line is a foot of two
before a line of five, and of the runs of five or six that human lines of seven share
with the training set, seven in ten take in the last five. A new text is taken for known
with probability n / 2**32 for n fingerprints: 0.09 % for the 3.9 million of the poems'
training set. `longest_run` looks up three texts a line at most, so 0.27 % of new lines
get a run. A known text is never taken for new.

On disk the sorted fingerprints are Rice-coded differences, 11.6 bits each for those 3.9
million (the entropy is 11.55): ten low bits as they are, the rest in unary.
"""

import hashlib
import pathlib
import zipfile
from collections.abc import Iterable, Iterator

import numpy as np

from nlg.errors import CheckpointError

CLOSE = 5  # characters at a line's end that are looked up by themselves
ENDING = "…"  # stands before them, so that an ending is not taken for a whole line
SPACE = 2**32
BROKEN = (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile)
LOW_BITS = 10  # log2 of a difference's mean times ln 2, at 4 to 6 million fingerprints
CRUMBS = np.array([0, 2, 4, 6], np.uint8)  # four pairs of bits in a byte


def _fingerprint(text: str) -> int:
    digest = hashlib.blake2b(text.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")


def _fingerprints(lines: Iterable[str]) -> Iterator[int]:
    for line in lines:
        yield _fingerprint(line)
        if len(line) > CLOSE:
            yield _fingerprint(ENDING + line[-CLOSE:])


class KnownLines:
    """The lines of a training set, to ask how much of a new line stands there.

    Example:
        >>> known = KnownLines.from_lines(["无边落木萧萧下", "床前明月光"])
        >>> "床前明月光" in known, "落木萧萧下" in known
        (True, False)
        >>> known.longest_run("落木萧萧下"), known.longest_run("不尽长江滚滚来")
        (5, 0)
    """

    def __init__(self, fingerprints: np.ndarray):
        self.fingerprints = fingerprints  # (n,) uint32, ascending, each once

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> "KnownLines":
        """Collect the fingerprints of `lines`; a line may come more than once."""
        return cls(np.unique(np.fromiter(_fingerprints(lines), np.uint32)))

    @property
    def false_positive_rate(self) -> float:
        """Return how often a new text is taken for known: n / 2**32."""
        return len(self.fingerprints) / SPACE

    def _holds(self, text: str) -> bool:
        wanted = np.uint32(_fingerprint(text))
        place = self.fingerprints.searchsorted(wanted)
        return bool(
            place < len(self.fingerprints) and self.fingerprints[place] == wanted
        )

    def __contains__(self, line: str) -> bool:
        """Return whether `line` is a whole line of the training set."""
        return self._holds(line)

    def longest_run(self, line: str) -> int:
        """Return how many characters up to the end of `line` a training line ends with.

        The answer is the length of `line` for a whole training line; else 5 where its
        last five characters are a training line or close a longer one; else 0. Runs
        that stop before the end of either line are not seen, nor is one of 6, nor one
        shorter than 5: among human lines of seven a quarter share four with another.
        """
        if self._holds(line):
            return len(line)
        close = line[-CLOSE:]
        return CLOSE if self._holds(ENDING + close) or self._holds(close) else 0

    def save(self, path: pathlib.Path) -> None:
        """Write the fingerprints to an .npz file, about 12 bits each."""
        steps = np.diff(self.fingerprints, prepend=np.uint32(0))
        high, low = steps >> LOW_BITS, steps & (2**LOW_BITS - 1)
        stops = np.cumsum(high + 1, dtype=np.int64) - 1  # a 1 ends each run of 0s
        unary = np.zeros(int(stops[-1]) + 1 if len(stops) else 0, np.uint8)
        unary[stops] = 1
        with path.open("wb") as file:
            np.savez(
                file,
                count=np.int64(len(steps)),
                unary=np.packbits(unary),
                crumbs=_pack_crumbs((low >> 8).astype(np.uint8)),
                low=(low & 255).astype(np.uint8),
            )

    @classmethod
    def load(cls, path: pathlib.Path) -> "KnownLines":
        """Read what `save` wrote; raise CheckpointError if it is anything else."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(_decoded(**arrays))
        except BROKEN as error:
            raise CheckpointError(
                f"{path}: no file of known lines ({error}); fetch the checkpoint again"
            ) from error


def _pack_crumbs(values: np.ndarray) -> np.ndarray:
    padded = np.pad(values, (0, -len(values) % 4)).reshape(-1, 4)
    return np.bitwise_or.reduce(padded << CRUMBS, axis=1)


def _decoded(
    count: np.ndarray, unary: np.ndarray, crumbs: np.ndarray, low: np.ndarray
) -> np.ndarray:
    stops = np.flatnonzero(np.unpackbits(unary))
    high = np.diff(stops, prepend=-1).astype(np.uint32) - np.uint32(1)
    middle = (crumbs[:, None] >> CRUMBS & 3).reshape(-1)[: int(count)]
    steps = high << LOW_BITS | middle.astype(np.uint32) << 8 | low
    return np.cumsum(steps, dtype=np.uint32)
