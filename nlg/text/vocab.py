"""Characters and their ids.

A vocabulary is a text file, one token a line; the line number is the id. The first two
are `[PAD]`, which no text contains, and `[UNK]`, which stands for every character that
is not listed.
"""

import collections
import pathlib
from collections.abc import Iterable, Sequence

from nlg.errors import DataError

PAD, UNK = "[PAD]", "[UNK]"
CLS, SEP, MASK = "[CLS]", "[SEP]", "[MASK]"
# A backbone's vocabulary starts with these, ids 0 to 4; a poem's only with two.
SPECIAL = (PAD, UNK, CLS, SEP, MASK)
PAD_ID, UNK_ID, CLS_ID, SEP_ID, MASK_ID = range(5)


class Vocabulary:
    """Map characters to ids and back.

    Example:
        >>> vocabulary = Vocabulary(["[PAD]", "[UNK]", "春", "眠"])
        >>> vocabulary.encode("春不眠")
        [2, 1, 3]
    """

    def __init__(self, tokens: Sequence[str]):
        if list(tokens[:2]) != [PAD, UNK]:
            raise DataError(f"a vocabulary starts with {PAD} and {UNK}")
        if len(set(tokens)) != len(tokens):
            twice = collections.Counter(tokens).most_common(1)[0][0]
            raise DataError(f"a vocabulary lists each token once; {twice!r} is twice")
        self.tokens = list(tokens)
        self.ids = {token: number for number, token in enumerate(self.tokens)}

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.tokens)

    def __contains__(self, character: str) -> bool:
        """Return whether `character` has an id of its own."""
        return character in self.ids

    @classmethod
    def from_counts(cls, texts: Iterable[str], min_count: int) -> "Vocabulary":
        """Collect the characters that stand at least `min_count` times in `texts`.

        Frequent characters come first, so a shorter vocabulary is a prefix of it.
        """
        counts: collections.Counter[str] = collections.Counter()
        for text in texts:
            counts.update(text)
        kept = [char for char, count in counts.items() if count >= min_count]
        kept.sort(key=lambda char: (-counts[char], char))
        return cls([PAD, UNK, *kept])

    @classmethod
    def load(cls, path: pathlib.Path) -> "Vocabulary":
        """Read one token a line."""
        return cls.of_text(path.read_text("utf-8"))

    @classmethod
    def of_text(cls, text: str) -> "Vocabulary":
        """Return the vocabulary whose tokens stand one a line."""
        # Not splitlines(): it would also part at a token like U+2028 or U+0085.
        return cls(text.removesuffix("\n").split("\n"))

    def save(self, path: pathlib.Path) -> None:
        """Write one token a line."""
        path.write_text("\n".join(self.tokens) + "\n", "utf-8")

    def encode(self, text: str) -> list[int]:
        """Return the id of each character; `UNK_ID` where it has none."""
        return [self.ids.get(character, UNK_ID) for character in text]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the tokens of `ids` as one string."""
        return "".join(self.tokens[number] for number in ids)
