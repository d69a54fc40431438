"""Verdicts on couplets as rows of text: what a person gets to read.

    上联  晚风摇树树还挺
          仄平多仄仄平仄
                  ＾
    下联  晨露润花枝更红
          平仄仄多平多平
                  ＾

A command imports this file when it runs.
"""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from nlg.text.width import padded

if TYPE_CHECKING:
    from nlg.couplet.check import CheckedCouplet
    from nlg.text.couplets import Parallelism, Violation

ROW = 36  # characters in a row of the screen
FAULT, NO_FAULT = "＾", "　"  # both as wide as a character

COUPLET_FAULTS = {
    "字数不等": "上联 has {first_length} characters and marks, 下联 {second_length}",
    "标点不对": "place {second_place}: {first} in 上联, {second} in 下联",
    "同位重字": "place {second_place}: {second} stands in both lines",
    "异位重字": "place {second_place}: {second} stands in 上联 too, at {first_place}",
    "叠字不对": "place {second_place}: {first} {first_echo}, {second} {second_echo}",
    "句脚失对": "{first} and {second} end the lines in the same tone, {tone}",
    "下联仄收": "{second} ends 下联 in an oblique tone",
    "平仄失对": "place {second_place}: {first} and {second} are both {tone}",
}


def couplet_rows(found: "CheckedCouplet") -> Iterator[str]:
    """Yield both lines with their tones, what is wrong, and the words, if looked at."""
    first_places = {violation.first_place for violation in found.violations}
    second_places = {violation.second_place for violation in found.violations}
    yield from line_rows("上联", found.first_line, found.tones[0], first_places)
    yield from line_rows("下联", found.second_line, found.tones[1], second_places)
    yield ""
    for violation in found.violations:
        yield f"{violation.kind}  {_couplet_fault(violation, found)}"
    if len(found.first_line) != len(found.second_line):
        yield "note  marks, repeats and inner tones of such lines are not compared"
    yield conclusion(len(found.violations))
    if found.parallelism:
        yield from _parallel_rows(found.parallelism)


def line_rows(
    head: str, line: str, tones: str, faults: Collection[int]
) -> Iterator[str]:
    """Yield a line, its tones, and a mark under each of `faults`, places from 1."""
    marks = (
        FAULT if place in faults else NO_FAULT for place in range(1, len(line) + 1)
    )
    below = "".join(marks)
    for start in range(0, len(line), ROW):
        rows = [text[start : start + ROW] for text in (line, tones, below)]
        yield row(head if start == 0 else "", rows[0])
        yield row("", rows[1])
        if FAULT in rows[2]:
            yield row("", rows[2])


def row(head: str, text: str) -> str:
    cells = "".join(padded(character, 2) for character in text)
    return (padded(head, 6) + cells).rstrip()


def _couplet_fault(violation: "Violation", found: "CheckedCouplet") -> str:
    """Return what is wrong, in words."""
    first_at, second_at = violation.first_place - 1, violation.second_place - 1
    return COUPLET_FAULTS[violation.kind].format(
        **violation._asdict(),
        first=found.first_line[first_at : first_at + 1],
        second=found.second_line[second_at : second_at + 1],
        first_length=len(found.first_line),
        second_length=len(found.second_line),
        first_echo=_echo(found.first_line, first_at),
        second_echo=_echo(found.second_line, second_at),
        tone=found.tones[1][second_at : second_at + 1],
    )


def _echo(line: str, at: int) -> str:
    """Return whether the character at `at` has been there before."""
    before = line.find(line[at : at + 1])
    return f"repeats place {before + 1}" if before < at else "is new"


def conclusion(faults: int) -> str:
    if not faults:
        return "合律  no rule is broken"
    return f"不合律  {faults} fault{'s' * (faults > 1)}"


def _parallel_rows(words: "Parallelism") -> Iterator[str]:
    """Yield the words that face each other, and how many do."""
    shown = []
    for pair in words.pairs:
        kind = "" if pair.alike else f"≠{pair.second_class}"
        shown.append(f"{pair.first_word}/{pair.second_word} {pair.first_class}{kind}")
    yield f"对仗  {'  '.join(shown) or 'no words begin and end at the same places'}"
    yield (
        f"      {words.boundaries:.0%} of the word boundaries coincide, "
        f"{words.alike:.0%} of the characters are in words of one class"
    )
