"""Find lines of verse that are in the training set, without the training set.

`KnownLines` keeps a 32-bit fingerprint of every training line, and another, marked, of
the last five characters of every longer line. The last five matter because a line of
seven is a foot of two before a line of five: of the runs of five or six characters that
human lines of seven share with the training set, seven in ten include the last five.

A new text matches by chance with probability n / 2**32 for n fingerprints: 0.09 % for
the 3.9 million of the poems' training set. `longest_run` looks up three texts a line at
most, so 0.27 % of new lines get a run by chance. A known text always matches.

The fingerprints are sorted in buckets by their upper 16 bits, and only the lower 16 are
stored: two bytes a fingerprint, on disk as in memory.
"""

import bisect
import hashlib
import pathlib
from collections.abc import Iterable, Iterator

import numpy as np

from nlg.errors import CheckpointError
from nlg.files import NO_ARRAYS

CLOSE = 5  # characters of an ending
ENDING = "…"  # marks an ending, so that it differs from a whole line
BUCKETS = 2**16


def _fingerprint(text: str) -> int:
    digest = hashlib.blake2b(text.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")


def _fingerprints(lines: Iterable[str]) -> Iterator[int]:
    for line in lines:
        yield _fingerprint(line)
        if len(line) > CLOSE:
            yield _fingerprint(ENDING + line[-CLOSE:])


class KnownLines:
    """The lines of a training set as fingerprints.

    Example:
        >>> known = KnownLines.from_lines(["无边落木萧萧下", "床前明月光"])
        >>> "床前明月光" in known, "落木萧萧下" in known
        (True, False)
        >>> known.longest_run("落木萧萧下"), known.longest_run("不尽长江滚滚来")
        (5, 0)
    """

    def __init__(self, starts: np.ndarray, rests: np.ndarray):
        self.starts = starts  # (BUCKETS + 1,) uint32, where each bucket begins
        self.rests = rests  # (n,) uint16, ascending within a bucket
        # One number at a time is read faster through a view than from an array.
        self._starts, self._rests = starts.data, rests.data

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> "KnownLines":
        """Collect the fingerprints of `lines`; repeated lines count once."""
        return cls.from_fingerprints(np.fromiter(_fingerprints(lines), np.uint32))

    @classmethod
    def from_fingerprints(cls, prints: np.ndarray) -> "KnownLines":
        """Sort `prints` (n,) uint32 into buckets, each once."""
        prints = np.unique(prints)
        starts = prints.searchsorted(np.arange(BUCKETS + 1, dtype=np.uint64) * BUCKETS)
        return cls(starts.astype(np.uint32), (prints % BUCKETS).astype(np.uint16))

    @property
    def false_positive_rate(self) -> float:
        """Return the probability that a new text matches by chance: n / 2**32."""
        return len(self.rests) / BUCKETS**2

    def _holds(self, text: str) -> bool:
        bucket, rest = divmod(_fingerprint(text), BUCKETS)
        start, end = self._starts[bucket], self._starts[bucket + 1]
        place = bisect.bisect_left(self._rests, rest, start, end)
        return place < end and self._rests[place] == rest

    def __contains__(self, line: str) -> bool:
        """Return whether `line` is a whole line of the training set."""
        return self._holds(line)

    def longest_run(self, line: str) -> int:
        """Return the length of the ending that `line` shares with a training line.

        That is the length of `line` if it is a training line; else 5 if its last five
        characters are a training line or end a longer one; else 0. Runs that stop
        before the end of either line are not found, nor a run of 6, nor one shorter
        than 5: a quarter of the human lines of seven share four with another line.
        """
        if self._holds(line):
            return len(line)
        close = line[-CLOSE:]
        return CLOSE if self._holds(ENDING + close) or self._holds(close) else 0

    def save(self, path: pathlib.Path) -> None:
        """Write the fingerprints to an .npz file, two bytes each."""
        with path.open("wb") as file:
            np.savez(file, starts=self.starts, rests=self.rests)

    @classmethod
    def load(cls, path: pathlib.Path) -> "KnownLines":
        """Read what `save` wrote; raise CheckpointError if it is anything else."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return cls(arrays["starts"], arrays["rests"])
        except NO_ARRAYS as error:
            raise CheckpointError(
                f"{path}: no file of known lines ({error}); fetch the checkpoint again"
            ) from error
