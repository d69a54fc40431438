"""Which words of a dictionary stand in a text, and what they are.

    鲁 迅 原 名 周 树 人 ，
    1  2  13 14 1  2  2  0       person, noun, person; odd where a word begins

The words and their classes are those of jieba's dictionary when a lexicon is made. To
use one takes NumPy alone, and milliseconds to open, where jieba takes seconds. A text
is cut from the left, the longest word first.

Shapes: n tokens of a text, W words.
"""

import io
import pathlib
from collections.abc import Iterable

import numpy as np

from nlg.errors import CheckpointError
from nlg.files import NO_ARRAYS
from nlg.text.vocab import Vocabulary

CLASSES = {  # beginnings of jieba's tags; the first that fits
    "nr": "person",
    "ns": "place",
    "nt": "organisation",
    "nz": "name",
    "t": "time",
    "m": "number",
    "n": "noun",
    "v": "verb",
    "": "other",
}
LEVELS = 2 * len(CLASSES)  # 0 is no word
SHORTEST, LONGEST = 2, 6  # tokens of a word
FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd: a key is a polynomial of its tokens in it


class Lexicon:
    """Words as keys (W,) uint64, in order, and the numbers (W,) of their classes."""

    def __init__(self, keys: np.ndarray, classes: np.ndarray):
        self.keys, self.classes = keys, classes

    @classmethod
    def from_tags(
        cls, tags: Iterable[tuple[str, str]], vocabulary: Vocabulary
    ) -> "Lexicon":
        """Keep those of the words, given with jieba's tags, that `vocabulary` writes.

        Example:
            >>> vocabulary = Vocabulary(["[PAD]", "[UNK]", *"的周树人"])
            >>> lexicon = Lexicon.from_tags([("周树人", "nr")], vocabulary)
            >>> lexicon.levels(np.array(vocabulary.encode("的周树人"))).tolist()
            [0, 1, 2, 2]
        """
        words: dict[int, dict[str, int]] = {}
        for word, tag in tags:
            if all(character in vocabulary for character in word):
                words.setdefault(len(word), {})[word] = _class_of(tag)
        keys, classes = [np.zeros(0, "uint64")], [np.zeros(0, "uint8")]
        for length in range(SHORTEST, LONGEST + 1):
            found = words.get(length, {})
            ids = np.array(vocabulary.encode("".join(found)), "uint64")
            keys.append(_keys(ids.reshape(-1, length)))
            classes.append(np.array(list(found.values()), "uint8"))
        unique, first = np.unique(np.concatenate(keys), return_index=True)
        return cls(unique, np.concatenate(classes)[first])

    @classmethod
    def load(cls, path: pathlib.Path) -> "Lexicon":
        """Read what `save` wrote.

        Raises:
            CheckpointError: the file is broken.
        """
        try:
            content = io.BytesIO(path.read_bytes())
            with np.load(content, allow_pickle=False) as file:
                return cls(file["keys"], file["classes"])
        except NO_ARRAYS as error:
            raise CheckpointError(f"{path} cannot be read: {error}") from None

    def save(self, path: pathlib.Path) -> None:
        """Write the lexicon; nine bytes a word."""
        np.savez(path, keys=self.keys, classes=self.classes)

    def levels(self, token_ids: np.ndarray) -> np.ndarray:
        """Return the class of the word around each of `token_ids` (n,), int32 (n,).

        Class c, counted from 1, is 2c - 1 where the word begins and 2c inside; 0 where
        the dictionary has no word.
        """
        longest, kinds = self._from_each(np.asarray(token_ids, "uint64"))
        found = np.zeros(len(longest), "int32")
        place = 0
        for start in np.flatnonzero(longest).tolist():
            if start >= place:
                place = start + int(longest[start])
                found[start:place] = 2 * kinds[start]
                found[start] -= 1
        return found

    def _from_each(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how long the longest word from each place is, (n,), and its class."""
        longest, kinds = np.zeros(len(ids), "int32"), np.zeros(len(ids), "int32")
        most = min(LONGEST, len(ids)) if len(self.keys) else 0
        for length in range(SHORTEST, most + 1):
            runs = np.lib.stride_tricks.sliding_window_view(ids, length)
            keys = _keys(runs)
            places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
            starts = np.flatnonzero(self.keys[places] == keys)
            longest[starts], kinds[starts] = length, self.classes[places[starts]]
        return longest, kinds


def _keys(runs: np.ndarray) -> np.ndarray:
    """Return the key of each of `runs` (…, length) of tokens."""
    keys = np.full(runs.shape[:-1], runs.shape[-1], "uint64")
    for place in range(runs.shape[-1]):
        keys = keys * FACTOR + runs[..., place]
    return keys


def _class_of(tag: str) -> int:
    """Return the number of a tag's class, from 1."""
    return next(n for n, start in enumerate(CLASSES, 1) if tag.startswith(start))
