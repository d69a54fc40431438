"""The horizontal scroll (横批): four characters that go with both lines.

    生意兴隆通四海 财源茂盛达三江    物阜民康

Scrolls are chosen, not written: from the words of four characters in a dictionary that
couplets use. The best is the one whose characters occur in the same couplets as those
of the two lines: each character has a vector by latent semantic analysis (Deerwester et
al. 1990) of the couplets. A scroll shares no character with its couplet.

Shapes: S scrolls, C characters of a couplet, N characters with a vector of E units.
"""

import collections
import pathlib
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from nlg.errors import CheckpointError
from nlg.files import NO_ARRAYS
from nlg.text.couplets import Couplet, is_mark
from nlg.text.vocab import Vocabulary

SCROLLS, VECTORS = "scrolls.txt", "scrolls.npz"
LENGTH = 4
KNOWN = 3000  # N: the most frequent characters
UNITS = 64  # E
MIN_COUNT = 20  # of a scroll in the couplets: what is rarer is often out of place
RARITY = 0.03  # what a scroll loses with the logarithm of its rank
COMMON_SHARE = 0.7  # of what all characters have in common, taken out of each
BLOCK = 20_000  # couplets that are counted in one step


class Scroll(NamedTuple):
    """Four characters, and how near they are: a cosine, less for the rarer."""

    text: str
    score: float


class Scrolls:
    """Choose scrolls; `learn` makes one from couplets, `load` reads what `save` wrote.

    `scrolls` come most frequent first; `vectors` (N, E) are those of the first N
    characters of `vocabulary`.
    """

    def __init__(
        self, scrolls: Sequence[str], vectors: np.ndarray, vocabulary: Vocabulary
    ):
        characters = vocabulary.tokens[: len(vectors)]
        self.ids = {character: n for n, character in enumerate(characters)}
        self.scrolls = [s for s in scrolls if all(c in self.ids for c in s)]
        self.vectors = vectors.astype("float32")
        ids = [[self.ids[c] for c in scroll] for scroll in self.scrolls]
        rows = np.array(ids, "int64").reshape(-1, LENGTH)  # (S, 4)
        self._own = _unit(self.vectors[rows].sum(axis=1))  # (S, E)
        self._charge = RARITY * np.log(np.arange(len(rows)) + 30.0)

    def choose(self, first_line: str, second_line: str, count: int) -> list[Scroll]:
        """Return up to `count` scrolls that go with a couplet, the nearest first."""
        characters = {c for c in first_line + second_line if not is_mark(c)}
        known = [self.ids[c] for c in characters if c in self.ids]
        couplet = _unit(self.vectors[np.array(known, "int64")].sum(axis=0))  # (E,)
        scores = self._own @ couplet - self._charge
        best = [
            Scroll(self.scrolls[n], round(float(scores[n]), 4))
            for n in np.argsort(-scores)
            if characters.isdisjoint(self.scrolls[n])
        ]
        return best[:count]

    @classmethod
    def learn(
        cls,
        couplets: Sequence[Couplet],
        words: Collection[str],
        vocabulary: Vocabulary,
        min_count: int = MIN_COUNT,
    ) -> "Scrolls":
        """Find the `words` that couplets use, and the vectors of characters."""
        lines = (line for couplet in couplets for line in couplet)
        vectors = _vectors(_cooccurrences(couplets, vocabulary.tokens[:KNOWN]))
        return cls(scrolls_of(lines, words, min_count), vectors, vocabulary)

    def save(self, folder: pathlib.Path) -> None:
        """Write scrolls and vectors into `folder`."""
        text = "".join(f"{scroll}\n" for scroll in self.scrolls)
        (folder / SCROLLS).write_text(text, "utf-8")
        with (folder / VECTORS).open("wb") as file:
            np.savez(file, vectors=self.vectors.astype("float16"))

    @classmethod
    def load(
        cls, scrolls: pathlib.Path, vectors: pathlib.Path, vocabulary: Vocabulary
    ) -> "Scrolls":
        """Read what `save` wrote.

        Raises:
            CheckpointError: one of the files is something else.
        """
        try:
            with (
                vectors.open("rb") as file,
                np.load(file, allow_pickle=False) as arrays,
            ):
                table = arrays["vectors"]
        except NO_ARRAYS as error:
            raise CheckpointError(
                f"{vectors}: no vectors in it ({error}); fetch the checkpoint again"
            ) from None
        try:
            words = scrolls.read_text("utf-8").split()
        except UnicodeDecodeError as error:
            raise CheckpointError(
                f"{scrolls}: no list of scrolls ({error}); fetch the checkpoint again"
            ) from None
        return cls(words, table, vocabulary)


def scrolls_of(
    lines: Iterable[str], words: Collection[str], min_count: int
) -> list[str]:
    """Return the `words` of four characters found in `lines`, most frequent first.

    Example:
        >>> scrolls_of(["国泰民安，花好月圆", "国泰民安"], {"国泰民安", "花好月圆"}, 2)
        ['国泰民安']
    """
    counts: collections.Counter[str] = collections.Counter()
    for line in lines:
        runs = (line[n : n + LENGTH] for n in range(len(line) - LENGTH + 1))
        counts.update(run for run in runs if run in words)
    kept = [word for word, count in counts.items() if count >= min_count]
    return sorted(kept, key=lambda word: (-counts[word], word))


def dictionary_words() -> set[str]:
    """Return the words of four characters in jieba's dictionary."""
    import jieba

    with jieba.dt.get_dict_file() as file:
        words = (line.decode("utf-8").split(" ", 1)[0] for line in file)
        return {word for word in words if len(word) == LENGTH}


def _cooccurrences(
    couplets: Sequence[Couplet], characters: Sequence[str]
) -> np.ndarray:
    """Return how many couplets have both of two characters, float32 (N, N)."""
    ids = {c: n for n, c in enumerate(characters) if len(c) == 1 and not is_mark(c)}
    size = len(characters)
    counts: np.ndarray = np.zeros(size * size, "float32")
    for start in range(0, len(couplets), BLOCK):
        keys = [np.zeros(0, "int64")]
        for first, second in couplets[start : start + BLOCK]:
            known = np.array([ids[c] for c in {*first, *second} if c in ids], "int64")
            keys.append((known[:, None] * size + known).ravel())
        counts += np.bincount(np.concatenate(keys), minlength=size * size)
    counts = counts.reshape(size, size)
    np.fill_diagonal(counts, 0)
    return counts


def _vectors(counts: np.ndarray) -> np.ndarray:
    """Return the vectors (N, E) of least squared error to the positive PMI."""
    # Smoothed context counts keep rare characters from attracting everything.
    context = counts.sum(axis=0) ** 0.75
    expected = np.outer(counts.sum(axis=1), context / max(context.sum(), 1e-9))
    pmi = np.log(np.maximum(counts, 1e-9) / np.maximum(expected, 1e-9))
    positive = np.where(counts > 0, np.maximum(pmi, 0), 0)
    values, axes = np.linalg.eigh((positive + positive.T) / 2)
    values, axes = values[::-1][:UNITS], axes[:, ::-1][:, :UNITS]
    vectors = axes * np.sqrt(np.maximum(values, 0))
    return _unit(vectors - COMMON_SHARE * vectors.mean(axis=0))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)
