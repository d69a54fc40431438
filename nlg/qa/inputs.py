"""A passage and a question as the network reads them: tokens, and what they share.

    token_ids   [CLS] 鲁 迅 原 名 周 树 人 [SEP] 周 树 人 的 笔 名 [SEP]
    overlap       0   0  0  0  1  3  3  3   0    0  0  0  0  0  0   0
    nearness      0   4  4  4  4  4  4  4   0    0  0  0  0  0  0   0
    words         0   1  2 13 14  1  2  2   0    1  2  2  0 13 14   0
    meaning       0   7  7  0  0  9  9  9   0    9  9  9  0  5  5   0
    asks          0   0  0  0  0  0  0  0   0    1  1  1  1  1  1   0

Shapes: R sources, S tokens of the longest.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nlg.text.lexicon import Lexicon, Words
from nlg.text.normalize import simplified_in_place
from nlg.text.packing import padded as padded_rows
from nlg.text.vocab import CLS_ID, SEP_ID

Tokens = Sequence[int] | np.ndarray

LONGEST_OVERLAP = 4  # tokens
NEAR = 16  # tokens on each side
NEAREST = 6  # the level at which all tokens of the question are near
LEXICON = "words.npz"  # file of the lexicon, in the folder of a run or a checkpoint
WIDE = "０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ"
HALF = {ord(c): ord(c) - 0xFEE0 for c in WIDE + WIDE[10:].swapcase()}


class EncodedSource(NamedTuple):
    """What the network reads before it writes an answer; all (S,) int32."""

    token_ids: np.ndarray
    overlap: np.ndarray  # of tokens of the passage, see `overlaps`; 0 elsewhere
    nearness: np.ndarray  # of tokens of the passage, see `nearness`; 0 elsewhere
    words: np.ndarray  # level of the word, see `nlg.text.lexicon`; 0 without a lexicon
    meaning: np.ndarray  # row of the word's vector, from 1; 0 for a word without one
    asks: np.ndarray  # 1 at tokens of the question


def as_read(text: str) -> str:
    """Return simplified text of the same length, letters and digits half-width.

    The length stays so that a place in the result is the same place in `text`. Marks
    stay full-width, as the vocabulary has them.

    Example:
        >>> as_read("國際ＩＢＭ，１９１１年")
        '国际IBM，1911年'
    """
    return simplified_in_place(text).translate(HALF)


def source_of(
    passage: Tokens, question: Tokens, lexicon: Lexicon | None = None
) -> EncodedSource:
    """Return `[CLS]passage[SEP]question[SEP]` of token ids, with the other inputs."""
    token_ids = np.array([CLS_ID, *passage, SEP_ID, *question, SEP_ID], "int32")
    pair = np.array(passage), np.array(question)
    around_passage = 1, len(token_ids) - 1 - len(passage)
    asks = np.zeros(len(token_ids), "int32")
    asks[len(passage) + 2 : -1] = 1
    blank = np.zeros_like(asks)
    words = lexicon.read(token_ids) if lexicon else Words(blank, blank)
    return EncodedSource(
        token_ids=token_ids,
        overlap=np.pad(overlaps(*pair), around_passage),
        nearness=np.pad(nearness(*pair), around_passage),
        words=words.levels,
        meaning=words.rows,
        asks=asks,
    )


def overlaps(passage: np.ndarray, question: np.ndarray) -> np.ndarray:
    """Return the length of the longest shared n-gram at each token of the passage.

        passage    鲁 迅 原 名 周 树 人
        question               周 树 人 的 笔 名
        overlap    0  0  0  1  3  3  3

    Args:
        passage: (n,) token ids.
        question: (m,) token ids.

    Returns:
        (n,) int32 from 0 to `LONGEST_OVERLAP`; a longer n-gram counts as that long.
    """
    equal = passage[:, None] == question  # (n, m)
    found = np.zeros(len(passage), "int32")
    run = equal  # [i, j]: the n-grams of `length` at i and at j are equal
    for length in range(1, LONGEST_OVERLAP + 1):
        if not run.size:
            break
        starts = np.flatnonzero(run.any(axis=1))
        for place in range(length):
            found[starts + place] = length
        run = run[:-1, :-1] & equal[length:, length:]
    return found


def nearness(passage: np.ndarray, question: np.ndarray) -> np.ndarray:
    """Return which share of the question is near each token of the passage, in levels.

    Near means within `NEAR` tokens on either side.

    Args:
        passage: (n,) token ids.
        question: (m,) token ids.

    Returns:
        (n,) int32 from 0, no token of the question, to `NEAREST`, all of them.
    """
    equal = passage[:, None] == question  # (n, m)
    until = np.cumsum(np.pad(equal, ((NEAR + 1, NEAR), (0, 0))), axis=0)
    near = until[2 * NEAR + 1 :] > until[: len(passage)]  # (n, m)
    return np.ceil(NEAREST * near.mean(axis=1)).astype("int32")


def padded(sources: Sequence[EncodedSource], length: int = 0) -> dict[str, np.ndarray]:
    """Return each field of `sources` as one array (R, S), padded with zeros.

    S is `length`; by default it is the length of the longest source.
    """
    return {
        name: padded_rows([getattr(source, name) for source in sources], length)
        for name in EncodedSource._fields
    }
