"""Why an answer, as rows of text: what `nlg qa --explain` prints below it.

    杜甫，字子美，号【少陵】野老。

    in passage   号 21%  甫 14%  杜 9%
    in question  谁 12%  号 8%
    written      少 95%  陵 99%  end 97%

On a terminal with colours every character stands on a shade of its saliency instead,
the whole window that was read, the answer underlined.

A command imports this file when it runs.
"""

import math
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

import click

from nlg.text.width import width

if TYPE_CHECKING:
    from nlg.qa.answer import Answer, QARequest
    from nlg.qa.explain import Explanation, Weighted

BESIDE = 60  # characters of a passage on each side of an answer
SALIENT = 10  # pieces that are named
LEAST = 0.005  # weight of a piece that is named: it would be 0%
SHADES = (230, 229, 222, 215, 209)  # of 256 colours: pale yellow to orange
BLACK = 16


def explained(
    request: "QARequest",
    answer: "Answer",
    found: "Explanation | None",
    columns: int | None,
) -> Iterator[str]:
    """Yield what is below an answer.

    Args:
        request: question and passages.
        answer: the answer.
        found: what it rests on, if that is known.
        columns: of a terminal that shows colours; None: plain text.
    """
    if found and columns:
        yield from _shaded(request, answer, found, columns)
    elif answer.start >= 0:
        yield ""
        yield _marked(request.passages[answer.passage], answer)
    if found:
        yield ""
        yield from _named(found)
    yield ""
    yield from _voted(request.passages, answer)


def columns_of(stream: TextIO) -> int | None:
    """Return the width of a terminal; None if `stream` is none, or shows no colours.

    NO_COLOR is a wish for plain text (no-color.org).
    """
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return None
    return shutil.get_terminal_size().columns


def _marked(passage: str, answer: "Answer") -> str:
    """Return the answer and what is around it, in one line."""
    before, after = passage[: answer.start], passage[answer.end :]
    left, right = "…" * (len(before) > BESIDE), "…" * (len(after) > BESIDE)
    marked = f"{before[-BESIDE:]}【{answer.text}】{after[:BESIDE]}"
    return f"{left}{marked}{right}".replace("\n", " ")


def _shaded(
    request: "QARequest", answer: "Answer", found: "Explanation", columns: int
) -> Iterator[str]:
    """Yield the question and the window that was read, on their shades."""
    from nlg.qa.explain import weighted

    most = max(piece.weight for piece in found.question + found.passage)
    passage = request.passages[answer.passage]
    place = range(answer.start, answer.end)
    for drawn in (
        [_styled(mark, most) for mark in weighted(request.question, found.question)],
        [_styled(mark, most, place) for mark in weighted(passage, found.passage)],
    ):
        yield ""
        yield from _wrapped(drawn, columns)
    yield ""
    swatches = "".join(click.style("  ", bg=shade) for shade in SHADES)
    yield f"saliency  less {swatches} more"


def _styled(mark: "Weighted", most: float, answer: Collection[int] = ()) -> str:
    """Return a character on the shade of its saliency, underlined in the answer."""
    depth = math.sqrt(mark.weight / (most or 1.0))  # a root, or little would be seen
    level = int(depth * (len(SHADES) + 1))  # the lowest has no shade
    is_answer = mark.place in answer or None  # None: no code, where False would be one
    return click.style(
        _printable(mark.character),
        fg=BLACK if level else None,
        bg=SHADES[min(level, len(SHADES)) - 1] if level else None,
        bold=is_answer,
        underline=is_answer,
    )


def _wrapped(drawn: Iterable[str], columns: int) -> Iterator[str]:
    """Yield styled characters in rows no wider than a terminal."""
    row, left = "", columns
    for character in drawn:
        taken = width(click.unstyle(character))
        if taken > left:
            yield row
            row, left = "", columns
        row, left = row + character, left - taken
    yield row


def _named(found: "Explanation") -> Iterator[str]:
    """Yield the heaviest pieces, and the tokens of the answer."""
    heads = {"in passage": found.passage, "in question": found.question}
    pieces = [(head, piece) for head, those in heads.items() for piece in those]
    pieces.sort(key=lambda one: -one[1].weight)
    for head in heads:
        named = [
            f"{_printable(piece.text)} {piece.weight:.0%}"
            for its_head, piece in pieces[:SALIENT]
            if its_head == head and piece.weight >= LEAST
        ]
        if named:
            yield f"{head:11}  {'  '.join(named)}"
    tokens = (f"{one.text or 'end'} {one.probability:.0%}" for one in found.written)
    yield f"{'written':11}  {'  '.join(tokens)}"


def _voted(passages: Sequence[str], answer: "Answer") -> Iterator[str]:
    """Yield a row for each passage."""
    yield "passage   vote  no answer"
    for number, (passage, vote) in enumerate(
        zip(passages, answer.votes, strict=True), 1
    ):
        silent = "not read" if vote.no_answer is None else f"{vote.no_answer:.0%}"
        opening = " ".join(passage.split())[:24]
        yield f"{number:7}  {vote.share:5.0%}  {silent:>9}  {opening}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
