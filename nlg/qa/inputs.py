"""A passage and a question as the model reads them: tokens, and what the two share.

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

from nlg.text import packing
from nlg.text.lexicon import Lexicon, Words
from nlg.text.normalize import simplified_in_place
from nlg.text.vocab import CLS_ID, SEP_ID

Tokens = Sequence[int] | np.ndarray

LONGEST_OVERLAP = 4  # tokens
NEAR = 16  # tokens on each side
NEAREST = 6  # all of the question's tokens are near
LEXICON = "words.npz"  # in the folder of a run or of a checkpoint
WIDE = "０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ"
HALF = {ord(c): ord(c) - 0xFEE0 for c in WIDE + WIDE[10:].swapcase()}


class EncodedSource(NamedTuple):
    """What stands before an answer; all (S,) int32."""

    token_ids: np.ndarray
    overlap: np.ndarray  # 0 but at tokens of the passage, see `overlaps`
    nearness: np.ndarray  # the same, see `nearness`
    words: np.ndarray  # 0 without a lexicon, see `nlg.text.lexicon`
    meaning: np.ndarray  # row of the word's vector, from 1; 0 without one
    asks: np.ndarray  # 1 at tokens of the question


def as_read(text: str) -> str:
    """Return `text` simplified, its letters and digits half-width, as long as before.

    So places in it are places in `text`. Marks stay: the model knows them full-width.

    Example:
        >>> as_read("國際ＩＢＭ，１９１１年")
        '国际IBM，1911年'
    """
    return simplified_in_place(text).translate(HALF)


def source_of(
    passage: Tokens, question: Tokens, lexicon: Lexicon | None = None
) -> EncodedSource:
    """Return `[CLS]passage[SEP]question[SEP]` of token ids."""
    token_ids = np.array([CLS_ID, *passage, SEP_ID, *question, SEP_ID], "int32")
    pair = np.array(passage), np.array(question)
    room = 1, len(token_ids) - 1 - len(passage)
    asks = np.zeros(len(token_ids), "int32")
    asks[len(passage) + 2 : -1] = 1
    blank = np.zeros_like(asks)
    words = lexicon.read(token_ids) if lexicon else Words(blank, blank)
    return EncodedSource(
        token_ids=token_ids,
        overlap=np.pad(overlaps(*pair), room),
        nearness=np.pad(nearness(*pair), room),
        words=words.levels,
        meaning=words.rows,
        asks=asks,
    )


def overlaps(passage: np.ndarray, question: np.ndarray) -> np.ndarray:
    """Return how long an n-gram around each token of the passage the question has too.

        passage    鲁 迅 原 名 周 树 人
        question               周 树 人 的 笔 名
        overlap    0  0  0  1  3  3  3

    Args:
        passage: (n,) token ids.
        question: (m,).

    Returns:
        (n,), from 0 to `LONGEST_OVERLAP`, which longer n-grams count as too.
    """
    equal = passage[:, None] == question  # (n, m)
    found = np.zeros(len(passage), "int32")
    run = equal  # [i, j]: n-grams of `length` from i and from j are the same
    for length in range(1, LONGEST_OVERLAP + 1):
        if not run.size:
            break
        starts = np.flatnonzero(run.any(axis=1))
        for place in range(length):
            found[starts + place] = length
        run = run[:-1, :-1] & equal[length:, length:]
    return found


def nearness(passage: np.ndarray, question: np.ndarray) -> np.ndarray:
    """Return how much of the question each token of the passage has within `NEAR`.

    Args:
        passage: (n,) token ids.
        question: (m,).

    Returns:
        (n,) int32, from 0, no token of the question, to `NEAREST`, all of them.
    """
    equal = passage[:, None] == question  # (n, m)
    until = np.cumsum(np.pad(equal, ((NEAR + 1, NEAR), (0, 0))), axis=0)
    near = until[2 * NEAR + 1 :] > until[: len(passage)]  # (n, m)
    return np.ceil(NEAREST * near.mean(axis=1)).astype("int32")


def padded(sources: Sequence[EncodedSource]) -> dict[str, np.ndarray]:
    """Return the fields of `sources` as arrays (R, S), zeros where one is shorter."""
    fields = zip(*sources, strict=True)
    return dict(zip(EncodedSource._fields, map(packing.padded, fields), strict=True))
