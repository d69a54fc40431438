"""A line of a couplet as people type it, and as the model reads it.

typed     海闊憑魚躍 天高任鳥飛！
source    海阔凭鱼跃，天高任鸟飞        simplified, marks that the model knows
answer    …………… ……………！            every mark again, as it was typed
"""

from typing import NamedTuple

from nlg.couplet.rules import FREE, Task
from nlg.errors import OptionError
from nlg.text.couplets import is_mark
from nlg.text.normalize import simplified_in_place

LONGEST = 64  # characters of a line
PAUSES = {"、": "、", "?": "？", "？": "？"}  # what the model knows; others are "，"


class GivenLine(NamedTuple):
    """A given line."""

    typed: str  # the part from its first letter to its last; marks as they were typed
    before: str  # the marks before that part
    after: str
    source: str  # `typed`, in simplified characters and marks that the model knows
    fixed: str  # as long: what must stand in the answer, or FREE


class LineRequest(NamedTuple):
    """What one run of the graph is to write for one line."""

    line: GivenLine
    task: Task
    mode: int
    seed: tuple[int, ...] = ()  # of what is drawn; the line is mixed in


def read_line(text: str, keep: str = "") -> GivenLine:
    """Return `text` as the model reads it.

    Args:
        text: a line as people type it; white space around it is dropped.
        keep: see `ReplyOptions`; as long as `text`, or as its part from the first
            letter to the last.

    Raises:
        OptionError: there is no letter in it, it is too long, or `keep` does not fit.

    Example:
        >>> line = read_line(" 海闊憑魚， ")
        >>> line.typed, line.after, line.source, line.fixed
        ('海闊憑魚', '，', '海阔凭鱼', '____')
    """
    text = text.strip()
    letters = [place for place, c in enumerate(text) if not is_mark(c)]
    if not letters:
        raise OptionError(
            f"{text[:20] or 'an empty line'}: nothing to answer; type a line of Chinese"
        )
    start, end = letters[0], letters[-1] + 1
    if end - start > LONGEST:
        raise OptionError(
            f"{text[:20]}…: {end - start} characters, at most {LONGEST} can be "
            "answered; cut the line"
        )
    typed = text[start:end]
    fixed = _fixed(keep, text, start, end)
    return GivenLine(typed, text[:start], text[end:], as_known(typed), fixed)


def _fixed(keep: str, text: str, start: int, end: int) -> str:
    """Return the characters that must stand at each place of text[start:end]."""
    keep = as_known(keep.strip().replace("＿", FREE), marks=False)
    if not keep:
        return FREE * (end - start)
    if len(keep) == len(text):
        return keep[start:end]
    if len(keep) == end - start:
        return keep
    raise OptionError(
        f"what to keep, {keep[:70]}, has {len(keep)} characters, the line {text[:70]} "
        f"has {len(text)}; write {FREE} for each place that is free"
    )


def as_known(text: str, marks: bool = True) -> str:
    """Return `text` in simplified characters and, with `marks`, known marks.

    As long as before: what has no simplified form of one character stays.
    """
    simplified = simplified_in_place(text)
    if not marks:
        return simplified
    return "".join(PAUSES.get(c, "，") if is_mark(c) else c for c in simplified)
