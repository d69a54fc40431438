"""Which words of a dictionary stand in a text, and what they are.

    鲁 迅 原 名 周 树 人 ，
    1  2  13 14 1  2  2  0       person, noun, person; odd where a word begins

The words and their classes are those of jieba's dictionary when a lexicon is made. To
use one takes NumPy alone, and milliseconds to open, where jieba takes seconds. A text
is cut from the left, the longest word first. Where words have vectors
(`nlg.text.word_vectors`), the lexicon knows the row of each.

Shapes: n tokens of a text, W words, w words of a text.
"""

import io
import pathlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

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


NO_ROWS: Mapping[str, int] = MappingProxyType({})


class Words(NamedTuple):
    """What a dictionary says of the tokens of a text; all (n,) int32."""

    levels: np.ndarray  # class c, counted from 1: 2c - 1 where a word begins, 2c inside
    rows: np.ndarray  # of the word's vector, counted from 1; 0 where there is none


class Cut(NamedTuple):
    """The words of a text; all (w,)."""

    starts: np.ndarray
    lengths: np.ndarray
    places: np.ndarray  # in the lexicon

    def inside(self) -> np.ndarray:
        """Return the places in the text of all tokens of its words, in order."""
        ends = np.cumsum(self.lengths)
        counted = np.arange(self.lengths.sum())  # over all words
        return counted + np.repeat(self.starts - ends + self.lengths, self.lengths)


class Lexicon:
    """Words as keys (W,) uint64, in order, with the numbers (W,) of their classes.

    `rows` (W,) are those of their vectors, counted from 1; 0 is none.
    """

    def __init__(self, keys: np.ndarray, classes: np.ndarray, rows: np.ndarray):
        self.keys, self.classes, self.rows = keys, classes, rows

    @classmethod
    def from_tags(
        cls,
        tags: Iterable[tuple[str, str]],
        vocabulary: Vocabulary,
        rows: Mapping[str, int] = NO_ROWS,
    ) -> "Lexicon":
        """Keep those of the words, given with jieba's tags, that `vocabulary` writes.

        Args:
            tags: words with their tags.
            vocabulary: of the texts.
            rows: of the words that have a vector.

        Example:
            >>> vocabulary = Vocabulary(["[PAD]", "[UNK]", *"的周树人"])
            >>> lexicon = Lexicon.from_tags([("周树人", "nr")], vocabulary)
            >>> lexicon.read(np.array(vocabulary.encode("的周树人"))).levels.tolist()
            [0, 1, 2, 2]
        """
        words: dict[int, dict[str, int]] = {}
        for word, tag in tags:
            if all(character in vocabulary for character in word):
                words.setdefault(len(word), {})[word] = _class_of(tag)
        keys, classes = [np.zeros(0, "uint64")], [np.zeros(0, "uint8")]
        numbers = [np.zeros(0, "uint16")]
        for length in range(SHORTEST, LONGEST + 1):
            found = words.get(length, {})
            ids = np.array(vocabulary.encode("".join(found)), "uint64")
            keys.append(_keys(ids.reshape(-1, length)))
            classes.append(np.array(list(found.values()), "uint8"))
            numbers.append(np.array([rows.get(word, 0) for word in found], "uint16"))
        unique, first = np.unique(np.concatenate(keys), return_index=True)
        of_words = (np.concatenate(parts)[first] for parts in (classes, numbers))
        return cls(unique, *of_words)

    @classmethod
    def load(cls, path: pathlib.Path) -> "Lexicon":
        """Read what `save` wrote.

        Raises:
            CheckpointError: the file is broken.
        """
        try:
            content = io.BytesIO(path.read_bytes())
            with np.load(content, allow_pickle=False) as file:
                blank = np.zeros(len(file["keys"]), "uint16")
                return cls(file["keys"], file["classes"], file.get("rows", blank))
        except NO_ARRAYS as error:
            raise CheckpointError(f"{path} cannot be read: {error}") from None

    def save(self, path: pathlib.Path) -> None:
        """Write the lexicon; nine bytes a word, and two if words have vectors."""
        arrays = {"keys": self.keys, "classes": self.classes}
        if self.rows.any():
            arrays["rows"] = self.rows
        np.savez(path, **arrays)  # type: ignore[arg-type]

    def read(self, token_ids: np.ndarray) -> Words:
        """Return what the dictionary says of each of `token_ids` (n,)."""
        cut = self.cut(token_ids)
        starts, lengths, places = cut
        inside = cut.inside()
        levels, rows = (np.zeros(len(token_ids), "int32") for _ in range(2))
        levels[inside] = np.repeat(2 * self.classes[places].astype("int32"), lengths)
        levels[starts] -= 1
        rows[inside] = np.repeat(self.rows[places], lengths)
        return Words(levels, rows)

    def cut(self, token_ids: np.ndarray) -> Cut:
        """Return the words of a text, from the left, the longest first."""
        longest, places = self._from_each(np.asarray(token_ids, "uint64"))
        taken, free = [], 0
        begins = np.flatnonzero(longest)
        for start, length in zip(
            begins.tolist(), longest[begins].tolist(), strict=True
        ):
            if start >= free:
                taken.append(start)
                free = start + length
        starts = np.array(taken, "int64")
        return Cut(starts, longest[starts], places[starts])

    def find(self, words: np.ndarray) -> np.ndarray:
        """Return the place of each of `words` (n, length) of tokens, (n,); -1: none."""
        if not len(self.keys):
            return np.full(len(words), -1)
        keys = _keys(np.asarray(words, "uint64"))
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, -1)

    def _from_each(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how long the longest word from each place is, (n,), and its place."""
        longest, where = np.zeros(len(ids), "int32"), np.zeros(len(ids), "int32")
        for length in range(SHORTEST, min(LONGEST, len(ids)) + 1):
            places = self.find(np.lib.stride_tricks.sliding_window_view(ids, length))
            starts = np.flatnonzero(places >= 0)
            longest[starts], where[starts] = length, places[starts]
        return longest, where


def _keys(runs: np.ndarray) -> np.ndarray:
    """Return the key of each of `runs` (…, length) of tokens."""
    keys = np.full(runs.shape[:-1], runs.shape[-1], "uint64")
    for place in range(runs.shape[-1]):
        keys = keys * FACTOR + runs[..., place]
    return keys


def _class_of(tag: str) -> int:
    """Return the number of a tag's class, from 1."""
    return next(n for n, start in enumerate(CLASSES, 1) if tag.startswith(start))
