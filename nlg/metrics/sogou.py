"""When an answer is the right one, by the rules of the SogouQA competition's scorer.

To the last digit, so its habits are kept: only the capitals of ASCII are lowered, only
the white space of ASCII is deleted, and "3.5%" and "35" are one answer. `nlg eval qa`
makes its other scores with the same two functions, `normalised` and `overlap`.
"""

import collections
import re
import string
from collections.abc import Sequence
from typing import NamedTuple

MARKS = (
    string.punctuation + "\x7f"
    "、。·ˇˉ¨〃々—‖…‘’“”〔〕〈〉《》「」『』〖〗【】〓，．：；！？～＿￣（）＄￠￥¤"
    "№‰°′″§※☆★●◎◇◆□■△▲♀♂←↑→↓±×÷∈∑∠∨∩√∞∴∵∶≈≌≠≡≤≥≮≯⊙⊥⌒•﹑\u3000"
)
TO_SPACE = {ord(mark): " " for mark in MARKS}
TO_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
TO_HALF = {full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)} | {0x3000: " "}
BLANK = re.compile(r"\s+", re.ASCII)


class Overlap(NamedTuple):
    """How many characters two texts share, as multisets."""

    f1: float = 0.0
    precision: float = 0.0  # shared characters by those of the answer
    recall: float = 0.0  # … by those of the reference


def normalised(text: str) -> str:
    """Return `text` half-width and in lower case, without marks and blanks.

    Example:
        >>> normalised("《Ａ Brief·History》，3.5%")
        'abriefhistory35'
    """
    lower = text.translate(TO_HALF).translate(TO_LOWER)
    return BLANK.sub("", lower.translate(TO_SPACE))


def is_right(answer: str, references: Sequence[str]) -> bool:
    """Return whether the scorer calls `answer` right.

    Args:
        answer: of the system; an empty one is wrong.
        references: the canonical answer, then its variants. Only the canonical one may
            have its parts in another order.

    Example:
        >>> is_right("南非、巴西", ["巴西 南非", "巴西南非"])
        True
        >>> is_right("南非巴西", ["巴西 南非", "巴西南非"])
        False
    """
    answer = answer.strip(string.whitespace)
    if not answer or not references:
        return False
    bare = normalised(answer)
    if any(bare in (variant, normalised(variant)) for variant in references):
        return True
    return _parts(answer) == _parts(references[0])


def best_overlap(answer: str, references: Sequence[str]) -> Overlap:
    """Return how `answer` and the reference most like it share their characters.

    Example:
        >>> best_overlap("北京市", ["南京", "北京"]).f1
        0.8
    """
    found = (overlap(answer, variant) for variant in references)
    return max(found, key=lambda shared: shared.f1, default=Overlap())


def overlap(answer: str, reference: str) -> Overlap:
    """Return how many characters `answer` and `reference` share when normalised."""
    ours, theirs = normalised(answer), normalised(reference)
    counts = collections.Counter(ours) & collections.Counter(theirs)
    shared = counts.total()
    if not shared:
        return Overlap()
    precision, recall = shared / len(ours), shared / len(theirs)
    return Overlap(2 * precision * recall / (precision + recall), precision, recall)


def _parts(text: str) -> set[str]:
    """Return what marks and blanks part; "" is a part where two of them meet."""
    return set(map(normalised, text.translate(TO_SPACE).split(" ")))
