"""Draw an explanation as rows of text: what `nlg qa --explain` prints.

    杜甫，字子美，号【少陵】野老。

    in passage   号 21%  甫 14%  杜 9%
    in question  谁 12%  号 8%
    written      少 95%  陵 99%  end 97%

On a terminal with colours, question and window are printed whole, with each character
on the shade of its saliency and the answer underlined.

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

BESIDE = 60  # characters of the passage on each side of the answer
SALIENT = 10  # pieces that are printed
LEAST = 0.005  # weight of a piece that is printed; a lower one would be 0%
SHADES = (230, 229, 222, 215, 209)  # of 256 colours: pale yellow to orange
BLACK = 16


def explained(
    request: "QARequest",
    answer: "Answer",
    found: "Explanation | None",
    columns: int | None,
) -> Iterator[str]:
    """Yield the rows below an answer.

    Args:
        request: question and passages.
        answer: the answer.
        found: the explanation, if there is one.
        columns: width of a terminal that shows colours; None: plain text.
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
    """Return the width of a terminal, or None if `stream` takes plain text.

    NO_COLOR asks for plain text (no-color.org).
    """
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return None
    return shutil.get_terminal_size().columns


def _marked(passage: str, answer: "Answer") -> str:
    """Return the answer and the text around it, in one line."""
    before, after = passage[: answer.start], passage[answer.end :]
    left, right = "…" * (len(before) > BESIDE), "…" * (len(after) > BESIDE)
    marked = f"{before[-BESIDE:]}【{answer.text}】{after[:BESIDE]}"
    return f"{left}{marked}{right}".replace("\n", " ")


def _shaded(
    request: "QARequest", answer: "Answer", found: "Explanation", columns: int
) -> Iterator[str]:
    """Yield the question and the window, on the shades of their saliency."""
    from nlg.qa.explain import weighted

    most = max(piece.weight for piece in found.question + found.passage)
    passage = request.passages[answer.passage]
    place = range(answer.start, answer.end)
    for drawn in (
        [_styled(one, most) for one in weighted(request.question, found.question)],
        [_styled(one, most, place) for one in weighted(passage, found.passage)],
    ):
        yield ""
        yield from _wrapped(drawn, columns)
    yield ""
    swatches = "".join(click.style("  ", bg=shade) for shade in SHADES)
    yield f"saliency  less {swatches} more"


def _styled(one: "Weighted", most: float, answer: Collection[int] = ()) -> str:
    """Return a character on the shade of its saliency, underlined in the answer."""
    depth = math.sqrt(one.weight / (most or 1.0))  # the root shows small weights too
    level = int(depth * (len(SHADES) + 1))  # level 0 has no shade
    is_answer = one.place in answer or None  # click writes a code for False, not None
    return click.style(
        _printable(one.character),
        fg=BLACK if level else None,
        bg=SHADES[min(level, len(SHADES)) - 1] if level else None,
        bold=is_answer,
        underline=is_answer,
    )


def _wrapped(drawn: Iterable[str], columns: int) -> Iterator[str]:
    """Yield rows of styled characters, at most `columns` wide."""
    row, left = "", columns
    for character in drawn:
        taken = width(click.unstyle(character))
        if taken > left:
            yield row
            row, left = "", columns
        row, left = row + character, left - taken
    yield row


def _named(found: "Explanation") -> Iterator[str]:
    """Yield the pieces with most weight, and the tokens of the answer."""
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
        no_answer = "not read" if vote.no_answer is None else f"{vote.no_answer:.0%}"
        opening = " ".join(passage.split())[:24]
        yield f"{number:7}  {vote.share:5.0%}  {no_answer:>9}  {opening}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
