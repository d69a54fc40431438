"""Cut text into the word pieces that a BERT backbone knows, and join them again.

This is BERT's tokenizer (arXiv:1810.04805) as bert4keras 0.8.1 writes it. The text is
cut into words: an ideograph or a punctuation mark is one, and so is what else stands
between blanks. Each word is cut from its left into the longest pieces that the
vocabulary has; pieces after the first start with `##`. A character that no piece covers
is a piece by itself, with the id of `[UNK]`. The one departure: marks of music and tone
piled on one letter keep the order they are written in.

Text never yields the id of `[SEP]` or of another name in brackets: a bracket is
punctuation, so a user's `[SEP]` is the three words `[`, `sep` and `]`.

This file does not know how long a text may be, nor where `[CLS]` goes.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sized
from itertools import chain, pairwise, repeat, starmap
from typing import Any, NamedTuple

from nlg.text.vocab import UNK_ID, Vocabulary

CONTINUES = "##"
# ASCII's marks, though Unicode counts $ + < = > ^ ` | ~ as symbols, and the blocks that
# BERT calls Chinese: ideographs up to extension E, without 〇, kana and hangul.
STANDS_ALONE = re.compile(
    r"[!-/:-@\[-`{-~\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0002a6df\U0002a700-\U0002ceaf\U0002f800-\U0002fa1f]"
)
CONTROLS, ACCENTS = {"Cc", "Cf"}, {"Mn"}  # categories of Unicode
BRACKETED = re.compile(r"\[.+\]")
# A corpus of junk, or one word of a million letters, shall not stay in memory.
REMEMBERED, REMEMBERED_LENGTH = 200_000, 64


class Encoding(NamedTuple):
    """The pieces of one text.

    Blanks, control characters and loose accents between two pieces belong to neither;
    pieces made from one character, like a Korean syllable, share its offsets.
    """

    token_ids: list[int]
    offsets: list[tuple[int, int]]  # text[start:end] is what the piece was made from


class _Memo(dict[Any, Any]):
    """Look up what `function` returned before: a dict is faster than any call."""

    def __init__(self, function: Callable[[Any], Sized]):
        super().__init__()
        self.function = function

    def __missing__(self, key: Any) -> Sized:
        value = self.function(key)
        if len(self) < REMEMBERED and len(value) <= REMEMBERED_LENGTH:
            self[key] = value
        return value


class Tokenizer:
    """Map text to word pieces and back.

    Example:
        >>> words = ["[PAD]", "[UNK]", "春", "眠", "ipho", "##n", "##e", "##6"]
        >>> tokenizer = Tokenizer(Vocabulary(words))
        >>> tokenizer.tokenize("春眠 iPhone6")
        ['春', '眠', 'ipho', '##n', '##e', '##6']
        >>> tokenizer.encode_with_offsets("春眠 iPhone6").offsets
        [(0, 1), (1, 2), (3, 7), (7, 8), (8, 9), (9, 10)]
        >>> tokenizer.decode(tokenizer.encode("春眠 iPhone6"))
        '春眠iphone6'
    """

    def __init__(self, vocabulary: Vocabulary, lower_case: bool = True):
        self.vocabulary = vocabulary
        self.lower_case = lower_case
        self._dropped = CONTROLS | ACCENTS if lower_case else CONTROLS
        self._longest = max(map(len, vocabulary.tokens))
        self._spaced = _Memo(self._space)
        self._pieces = _Memo(self._cut)
        self._kept = _Memo(self._bare)

    def tokenize(self, text: str) -> list[str]:
        """Return the word pieces of `text`, without `[CLS]` and `[SEP]`."""
        pieces = map(self._pieces.__getitem__, self._words(text))
        return list(chain.from_iterable(pieces))

    def encode(self, text: str) -> list[int]:
        """Return the ids of the word pieces of `text`."""
        return self._ids(self.tokenize(text))

    def encode_with_offsets(self, text: str) -> Encoding:
        """Return the ids of the word pieces and where in `text` each comes from."""
        pieces, origins = self.tokenize(text), self._origins(text)
        offsets, end = [], 0
        for piece in pieces:
            start, end = end, end + len(piece.removeprefix(CONTINUES))
            offsets.append((origins[start], origins[end - 1] + 1))
        return Encoding(self._ids(pieces), offsets)

    def decode(self, token_ids: Iterable[int]) -> str:
        """Return the text of `token_ids`; names in brackets like `[SEP]` are left out.

        Blanks stand between two words and between an ASCII comma and a letter; in
        Chinese text 3.14, 12:30 and www.gov.cn outnumber ends of English sentences.
        """
        tokens = [self.vocabulary.tokens[number] for number in token_ids]
        pieces = [token for token in tokens if not BRACKETED.fullmatch(token)]
        return "".join(starmap(_after, pairwise(["", *pieces])))

    def _ids(self, pieces: list[str]) -> list[int]:
        ids = self.vocabulary.ids
        return [ids.get(piece, UNK_ID) for piece in pieces]

    def _words(self, text: str) -> list[str]:
        lower = text.lower() if self.lower_case else text
        return lower.translate(self._spaced).split()

    def _space(self, code: int) -> str:
        """Return what a code point becomes so that blanks part the words."""
        char = chr(code)
        # One by one: NFD sorts marks, and a thousand on one letter in quadratic time.
        apart = unicodedata.normalize("NFD", char) if self.lower_case else char
        return "".join(_spaced(part, self._dropped) for part in apart)

    def _bare(self, text: str) -> str:
        return "".join(self._words(text))

    def _cut(self, word: str) -> list[str]:
        pieces: list[str] = []
        start = 0
        while start < len(word):
            piece = self._longest_piece(word, start)
            start += len(piece)
            pieces.append(CONTINUES + piece if pieces else piece)
        return pieces

    def _longest_piece(self, word: str, start: int) -> str:
        prefix = CONTINUES if start else ""
        for end in range(min(start + self._longest, len(word)), start, -1):
            if prefix + word[start:end] in self.vocabulary.ids:
                return word[start:end]
        return word[start]

    def _origins(self, text: str) -> list[int]:
        """Return, for each character of the words of `text`, its index in `text`."""
        lengths = (len(self._kept[char]) for char in text)
        return list(chain.from_iterable(map(repeat, range(len(text)), lengths)))


def _spaced(char: str, dropped: set[str]) -> str:
    if _stands_alone(char):
        return f" {char} "
    lost = char == "\ufffd" or unicodedata.category(char) in dropped
    return "" if lost and char not in "\t\n\r" else char


def _stands_alone(char: str) -> bool:
    return bool(STANDS_ALONE.match(char)) or unicodedata.category(char)[0] == "P"


def _after(left: str, right: str) -> str:
    """Return `right` as people write it after `left`."""
    if right.startswith(CONTINUES):
        return right.removeprefix(CONTINUES)
    if left == "," and right[0].isalpha() and right.isascii():
        return " " + right
    joined = not left or _stands_alone(left[-1]) or _stands_alone(right[0])
    return right if joined else " " + right
