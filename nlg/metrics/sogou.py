"""Decide which answers are right as the scorer of the SogouQA competition does.

Scores agree to the last digit, so its habits are kept: it lowers the capitals of ASCII
only, deletes the white space of ASCII only, and takes "3.5%" and "35" for one answer.
The other metrics of `nlg eval qa` use the same `normalised` and `overlap`.
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
    """The characters that two texts share, as multisets."""

    f1: float = 0.0
    precision: float = 0.0  # shared characters / characters of the answer
    recall: float = 0.0  # shared characters / characters of the reference


def normalised(text: str) -> str:
    """Return `text` half-width and in lower case, without marks and blanks.

    Example:
        >>> normalised("《Ａ Brief·History》，3.5%")
        'abriefhistory35'
    """
    lower = text.translate(TO_HALF).translate(TO_LOWER)
    return BLANK.sub("", lower.translate(TO_SPACE))


def is_right(answer: str, references: Sequence[str]) -> bool:
    """Return whether the scorer counts `answer` as right.

    Args:
        answer: of the system; an empty one is wrong.
        references: the canonical answer, then its variants. The parts of an answer may
            stand in any order against the canonical one only.

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
    """Return the overlap of `answer` with the reference that gives the highest F1.

    Example:
        >>> best_overlap("北京市", ["南京", "北京"]).f1
        0.8
    """
    found = (overlap(answer, variant) for variant in references)
    return max(found, key=lambda shared: shared.f1, default=Overlap())


def overlap(answer: str, reference: str) -> Overlap:
    """Return the overlap of `answer` and `reference`, both normalised."""
    ours, theirs = normalised(answer), normalised(reference)
    counts = collections.Counter(ours) & collections.Counter(theirs)
    shared = counts.total()
    if not shared:
        return Overlap()
    precision, recall = shared / len(ours), shared / len(theirs)
    return Overlap(2 * precision * recall / (precision + recall), precision, recall)


def _parts(text: str) -> set[str]:
    """Return the parts between marks and blanks; two marks in a row have "" between."""
    return set(map(normalised, text.translate(TO_SPACE).split(" ")))
