"""Neighbouring characters that are known as a pair.

春 and 风 have vectors of their own; 春风 is a word, and what answers it is not what
answers its parts. The most frequent pairs of neighbours, words or not, get a vector
too, which costs a look-up where a deeper network would cost products.

Shapes: B lines, T characters, P pairs.
"""

import collections
import pathlib
from collections.abc import Iterable, Sequence

import numpy as np

from nlg.errors import CheckpointError
from nlg.text.bigrams import character_bigrams
from nlg.text.vocab import Vocabulary

UNLISTED = 0  # the number of every pair that is not listed, and of the line's ends


class Pairs:
    """Number the pairs of neighbours, the listed ones from 1.

    Example:
        >>> vocabulary = Vocabulary(["[PAD]", "[UNK]", "春", "风", "来"])
        >>> Pairs(["春风"], vocabulary).encode(np.array([[2, 3, 4]]))
        array([[0, 1, 0, 0]], dtype=int32)
    """

    def __init__(self, pairs: Sequence[str], vocabulary: Vocabulary):
        self.pairs = list(pairs)
        self.size = len(vocabulary)
        ids = np.array(vocabulary.encode("".join(pairs)), "int64")
        keys = ids.reshape(-1, 2) @ (self.size, 1)
        self._order = np.argsort(keys).astype("int32")
        self._keys = keys[self._order]  # ascending

    def __len__(self) -> int:
        """Return the count of numbers: the listed pairs and `UNLISTED`."""
        return len(self.pairs) + 1

    def encode(self, token_ids: np.ndarray) -> np.ndarray:
        """Return the number of the pair on either side of each character.

        Args:
            token_ids: (B, T).

        Returns:
            (B, T + 1) int32: 0, then the pair of places 0 and 1, of 1 and 2, …, then 0.
        """
        rows, length = token_ids.shape
        numbers = np.full((rows, length + 1), UNLISTED, "int32")
        if len(self._keys):
            wide = token_ids.astype("int64")
            keys = wide[:, :-1] * self.size + wide[:, 1:]  # (B, T - 1)
            places = np.searchsorted(self._keys, keys)
            places = np.minimum(places, len(self._keys) - 1)
            listed = self._keys[places] == keys
            numbers[:, 1:-1] = np.where(listed, self._order[places] + 1, UNLISTED)
        return numbers

    @classmethod
    def from_counts(
        cls, texts: Iterable[str], vocabulary: Vocabulary, most: int
    ) -> "Pairs":
        """Collect the `most` frequent pairs of characters of `vocabulary`."""
        counts: collections.Counter[str] = collections.Counter()
        for text in texts:
            counts.update(character_bigrams(text))
        known = [p for p in counts if p[0] in vocabulary and p[1] in vocabulary]
        known.sort(key=lambda pair: (-counts[pair], pair))
        return cls(known[:most], vocabulary)

    @classmethod
    def load(cls, path: pathlib.Path, vocabulary: Vocabulary) -> "Pairs":
        """Read one pair a line.

        Raises:
            CheckpointError: it holds something else.
        """
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            text = "?"  # no pair either
        # Not splitlines(): it would also part at a character like U+2028 or U+0085.
        pairs = text.removesuffix("\n").split("\n") if text else []
        if any(len(pair) != 2 for pair in pairs):
            raise CheckpointError(
                f"{path}: not two characters a line; fetch the checkpoint again"
            )
        return cls(pairs, vocabulary)

    def save(self, path: pathlib.Path) -> None:
        """Write one pair a line."""
        path.write_text("".join(f"{pair}\n" for pair in self.pairs), "utf-8")
