"""Bring text as people type it to the characters the models know.

Width by Unicode's compatibility form, traditional to simplified by OpenCC, which
converts phrase by phrase, so 皇后 and 後來 keep their own characters. The way back is
`nlg.text.traditional`.
"""

import functools
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

# The ideographs of Unicode: the unified blocks, their extensions, and 〇.
HAN = re.compile(
    r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# What OpenCC makes 征 and 干 of and is neither: 徵 of the five notes, 乾 said twice.
KEPT = re.compile(
    "(?<=[宮宫商角流清變变])徵|徵(?=[羽音調调招角宮宫商])|乾(?=乾)|(?<=乾)乾"
)
NOT_HAN = re.compile(f"[^{HAN.pattern[1:-1]}]+")


@functools.cache
def converter(name: str) -> Any:
    """Return OpenCC's conversion `name`, such as t2s, loaded once."""
    import opencc

    return opencc.OpenCC(name)


def to_simplified(text: str) -> str:
    """Return `text` in simplified characters: 國破山河在 -> 国破山河在."""
    converted = converter("t2s").convert(text)
    for kept in KEPT.finditer(text) if len(converted) == len(text) else ():
        converted = converted[: kept.start()] + kept.group() + converted[kept.end() :]
    return converted


def simplified(lines: Sequence[str]) -> tuple[str, ...]:
    """Return `lines`, none of which holds a line end, in simplified characters."""
    return tuple(to_simplified("\n".join(lines)).split("\n"))


def simplified_in_place(text: str) -> str:
    """Return `text` in simplified characters, as long as before: places stay places.

    Where a phrase would change its length, each character is converted by itself, and
    stays as it is where that would give two.
    """
    found = to_simplified(text) if text else ""
    if len(found) == len(text):
        return found
    singly = ((character, to_simplified(character)) for character in text)
    return "".join(new if len(new) == 1 else old for old, new in singly)


def fold_width(text: str) -> str:
    """Return `text` with full-width letters, digits and marks made half-width."""
    return unicodedata.normalize("NFKC", text)


def is_han(text: str) -> bool:
    """Return whether every character of `text` is an ideograph; "" has none."""
    return bool(text) and all(HAN.match(character) for character in text)


def verses(text: str) -> list[str]:
    """Split `text` at everything that is not an ideograph, line ends included.

    Example:
        >>> verses("白日依山尽，黄河入海流。")
        ['白日依山尽', '黄河入海流']
    """
    return [verse for verse in NOT_HAN.split(text) if verse]
