"""Draw an explanation as a page for a browser: `nlg qa --html`.

A command imports this file when it runs.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING

from nlg.cli.page import escaped, framed, table

if TYPE_CHECKING:
    from nlg.qa.answer import Answer, Candidate, QARequest, Vote
    from nlg.qa.explain import AnswerToken, Explanation, Piece

OPENING = 80  # characters of a passage in the table of passages
DARKEST = 0.8  # opacity of the shade of the most salient character
ANSWERS = ("confidence", "place", "answer")
VOTES = ("passage", "vote", "no answer", "text")
TOKENS = ("token", "probability", "copied")
LEGEND = (
    "The darker a character, the more the answer rests on it: gradient × input, as a "
    "share of that of all characters of question and passage. Point at one to see it."
)

STYLE = """\
:root { --shade: 240 128 32; --answer: #0b6bcb; }
@media (prefers-color-scheme: dark) {
  :root { --shade: 226 120 30; --answer: #6db3ff; }
}
h1, .passage { font-size: 1.25rem; line-height: 2; white-space: pre-wrap;
  overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
.answer { font-size: 1.6rem; overflow-wrap: anywhere; margin: 0; }
span { background: rgb(var(--shade) / var(--w)); }
mark { color: inherit; background: none; outline: 2px solid var(--answer);
  outline-offset: 1px; border-radius: 2px; }
.wide { overflow-x: auto; }"""


def page(request: "QARequest", answer: "Answer", found: "Explanation | None") -> str:
    """Return the page of an answer.

    Args:
        request: question and passages.
        answer: the answer.
        found: the explanation, if there is one.
    """
    pieces = found.question if found else ()
    question = _shaded(request.question, pieces, _heaviest(found))
    parts = [
        f"<h1>{''.join(question)}</h1>",
        *_answered(answer),
        *_passage(request, answer, found),
        *_table("Other answers", ANSWERS, map(_candidate, answer.runners_up)),
        *_table(
            "Passages", VOTES, map(_vote, count(1), request.passages, answer.votes)
        ),
        *_table("Token by token", TOKENS, map(_token, found.written if found else ())),
    ]
    return framed(request.question, STYLE, parts)


def _answered(answer: "Answer") -> Iterator[str]:
    """Yield the answer and its confidence; a withheld answer is in a table."""
    if answer.text:
        yield f'<p class="answer">{escaped(answer.text)}</p>'
        yield f'<p class="faint">confidence {answer.confidence:.1%}</p>'
    else:
        yield '<p class="answer faint">no answer</p>'


def _passage(
    request: "QARequest", answer: "Answer", found: "Explanation | None"
) -> Iterator[str]:
    """Yield the passage of the answer, shaded, with the answer outlined."""
    if answer.passage < 0:
        return
    pieces = found.passage if found else ()
    drawn = _shaded(request.passages[answer.passage], pieces, _heaviest(found))
    if answer.start >= 0:
        drawn[answer.start] = f"<mark>{drawn[answer.start]}"
        drawn[answer.end - 1] += "</mark>"
    yield f"<h2>Passage {answer.passage + 1}</h2>"
    yield f'<p class="passage">{"".join(drawn)}</p>'
    if found:
        yield f'<p class="faint">{LEGEND}</p>'


def _shaded(text: str, pieces: "Sequence[Piece]", most: float) -> list[str]:
    """Return the characters of `text`, those of `pieces` with their shades."""
    from nlg.qa.explain import weighted

    drawn = [escaped(character) for character in text]
    for character, place, weight in weighted(text, pieces):
        depth = DARKEST * math.sqrt(weight / most)  # the root shows small weights too
        shade = f'style="--w:{depth:.2f}" title="{weight:.2%}"'
        drawn[place] = f"<span {shade}>{escaped(character)}</span>"
    return drawn


def _heaviest(found: "Explanation | None") -> float:
    """Return the greatest weight, that of the darkest shade."""
    pieces = found.question + found.passage if found else ()
    return max((piece.weight for piece in pieces), default=0.0) or 1.0


def _table(
    title: str, heads: Iterable[str], rows: Iterable[Iterable[str]]
) -> Iterator[str]:
    """Yield a table with a title, or nothing if there are no rows."""
    cells = [[escaped(cell) for cell in row] for row in rows]
    if cells:
        yield f"<h2>{title}</h2>"
        yield '<div class="wide">'
        yield from table(heads, cells)
        yield "</div>"


def _candidate(candidate: "Candidate") -> tuple[str, ...]:
    place = f"passage {candidate.passage + 1}"
    if candidate.start >= 0:
        place += f"[{candidate.start}:{candidate.end}]"
    return f"{candidate.confidence:.1%}", place, candidate.text


def _vote(number: int, passage: str, vote: "Vote") -> tuple[str, ...]:
    no_answer = "not read" if vote.no_answer is None else f"{vote.no_answer:.1%}"
    opening = passage[:OPENING] + "…" * (len(passage) > OPENING)
    return str(number), f"{vote.share:.1%}", no_answer, opening


def _token(token: "AnswerToken") -> tuple[str, ...]:
    copied = "" if token.copied is None else f"{token.copied:.1%}"
    return token.text or "(end)", f"{token.probability:.1%}", copied
