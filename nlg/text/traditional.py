"""Which traditional character a simplified one stands for in verse, by its context.

    余忆童稚时   ^余忆   余 (I)          三十余年   by default 餘 (more)
    北斗七星高   北斗    斗 (dipper)     斗鸡走马   斗鸡   鬥 (fight)
    泪眼未干春   tone    乾 (dry, 平)    霜皮老干   tone   幹 (trunk, 仄)

OpenCC converts first, by its phrases. Where it had no phrase, the words and the
defaults of `traditional.txt` beside this file decide; its words go before OpenCC's.
"""

import functools
import pathlib
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from nlg.text.normalize import converter
from nlg.text.readings import OPPOSITE, line_tones
from nlg.text.rhymes import OBLIQUE

DRIED, TRUNK = "乾", "幹"  # 干 in level tone, and in oblique tone
BEGINS = "^"  # before a word that stands where a line begins
LINE = re.compile(r"[^\s\W]+")  # what stands between marks


class Readings(NamedTuple):
    """A simplified character that stands for several."""

    default: str
    words: Sequence[
        tuple[str, str]
    ]  # words that it stands in, and the form it has there


def to_traditional(text: str) -> str:
    """Return a verse in traditional characters: 国破山河在 -> 國破山河在."""
    convert = converter("s2t").convert
    converted = convert(text)
    if len(converted) != len(text):  # no place of one is a place of the other
        return converted
    return settled(text, converted, convert)


def settled(text: str, converted: str, alone: Callable[[str], str]) -> str:
    """Return `converted` with the characters that the context of `text` asks for.

    Args:
        text: in simplified characters.
        converted: by OpenCC, of the same length.
        alone: OpenCC's conversion; what it makes of a character without context.

    Example:
        >>> settled("余忆，三十余年", "餘憶，三十餘年", {"余": "餘"}.__getitem__)
        '余憶，三十餘年'
    """
    made = list(converted)
    for line in LINE.finditer(text):
        for place, character in enumerate(line.group(), line.start()):
            readings = _table().get(character)
            if readings is not None:
                found = _in_words(readings, line.group(), place - line.start())
                if not found and made[place] == alone(character):
                    found = _by_default(readings, line.group(), place - line.start())
                made[place] = found or made[place]
    return "".join(made)


def _in_words(readings: Readings, line: str, place: int) -> str:
    """Return the form by the longest word around `place`, the first of two; or ""."""
    best, found = (0, 0), ""
    for word, form in readings.words:
        bare = word.removeprefix(BEGINS)
        for offset in (n for n, x in enumerate(bare) if x == line[place]):
            start = place - offset
            begins = start == 0 or bare == word
            if start >= 0 and begins and line.startswith(bare, start):
                best, found = max((best, found), ((len(bare), offset), form))
    return found


def _by_default(readings: Readings, line: str, place: int) -> str:
    """Return the default; of 干, the one in the tone that an even place should have."""
    if readings.default == DRIED and _wants_oblique(line, place):
        return TRUNK
    return readings.default


def _wants_oblique(line: str, place: int) -> bool:
    """Return whether the other even places of a line want 仄 at this one.

    Places 2, 4 and 6 of a line of regulated verse alternate.
    """
    marks = line_tones(line)
    wanted = {
        mark if (other - place) % 4 == 0 else OPPOSITE[mark]
        for other, mark in enumerate(marks[:-1])
        if other % 2 == 1 and other != place and mark in OPPOSITE
    }
    return place % 2 == 1 and place < len(line) - 1 and wanted == {OBLIQUE}


@functools.cache
def _table() -> dict[str, Readings]:
    path = pathlib.Path(__file__).with_name("traditional.txt")
    found = {}
    for line in path.read_text("utf-8").splitlines():
        character, *parts = line.split("\t")
        if parts:
            forms = (part.partition("=") for part in parts[1:])
            words = [(x, form) for form, _, several in forms for x in several.split()]
            found[character] = Readings(parts[0], words)
    return found
