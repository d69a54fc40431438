"""`nlg qa`: answer questions from passages."""

import dataclasses
import json
import pathlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import (
    DEVICE,
    JSON,
    checkpoint_option,
    read_text,
    write_lines,
)
from nlg.cli.qa_options import (
    ANSWER_TYPE,
    BATCH_SIZE,
    BEAM,
    BLOCK_ROWS,
    MODE,
    SILENCE,
    STYLE,
    THRESHOLD,
    TOP_K,
    ReaderOptions,
)
from nlg.cli.rows_options import RowsOptions, answer_rows, rows_options

if TYPE_CHECKING:
    from nlg.qa.answer import Answer, Candidate, QARequest
    from nlg.qa.explain import Explanation
    from nlg.qa.reader import Reader

FILE = click.Path(path_type=pathlib.Path, dir_okay=False, allow_dash=True)
SHOWN = 20  # characters of a text in a note


@dataclasses.dataclass(frozen=True, kw_only=True)
class QACommand(ReaderOptions):
    """The options of `nlg qa`, by the names of its parameters."""

    question: str | None
    passages: tuple[str, ...]
    passage_file: pathlib.Path | None
    explain: bool
    html: pathlib.Path | None
    rows: RowsOptions
    as_json: bool

    def __post_init__(self):
        """Refuse options that exclude each other, or that need another."""
        if self.rows.source is not None:
            if self.question or self.passages or self.passage_file:
                raise click.UsageError("--input has questions and passages of its own")
            if self.explain or self.html:
                raise click.UsageError("--explain and --html are for one question")
            return
        if self.question is None:
            raise click.UsageError("give --question and a --passage, or --input")
        if self.batch_size:
            raise click.UsageError("--batch-size is for the questions of --input")
        if not self.passages and not self.passage_file:
            raise click.UsageError(
                "give a --passage, or --passages FILE, to answer from"
            )
        if [*self.passages, str(self.passage_file), self.question].count("-") > 1:
            raise click.UsageError("standard input, -, can be read once only")

    def request(self) -> "QARequest":
        """Read the question and its passages."""
        from nlg.cli.qa_passages import passages_of
        from nlg.qa.answer import QARequest

        question = read_text(self.question or "").strip()
        return QARequest(question, list(passages_of(self.passages, self.passage_file)))


@click.command("qa")
@click.option("--question", "-q", help="What is asked; - is standard input.")
@click.option(
    "--passage",
    "-p",
    "passages",
    multiple=True,
    help="A text that may answer it, @FILE, or - for standard input; may be repeated.",
)
@click.option(
    "--passages",
    "passage_file",
    type=FILE,
    help="A passage a line; JSON lines of texts, or objects with a passage or text.",
)
@MODE
@TOP_K
@BEAM
@THRESHOLD
@SILENCE
@ANSWER_TYPE
@STYLE
@click.option(
    "--explain",
    is_flag=True,
    help="Show the answer in its passage, what it rests on, and how passages vote.",
)
@click.option(
    "--html",
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    help="Write what --explain shows as a page for a browser.",
)
@rows_options("Questions with their passages.")
@BATCH_SIZE
@JSON
@checkpoint_option("qa")
@DEVICE
@click.pass_context
def qa(ctx: click.Context, **options: Any) -> None:
    """Answer a question from passages, or say that they have no answer.

    \b
    nlg qa -q 谁号少陵野老？ -p 杜甫，字子美，号少陵野老。 -p 李白，号青莲居士。
    nlg qa -q 长城有多长？ -p @长城.txt --top-k 3 --explain --html 长城.html
    cat 新闻.txt | nlg qa -q 会议在哪里召开？ -p - --threshold 0.5 --json
    nlg qa --input questions.jsonl --output answers.jsonl

    The reader reads each passage by itself. Those that may have an answer vote on every
    character of it. A long passage is read in windows of 256 characters, and of all
    windows the 32 most promising ones. Where no passage has an answer, an empty line is
    printed. Counted from 0, text[start:end] of the passage is the answer.

    A line of --input may fail (see "error" in its answer); the others are answered, and
    the exit code is 1.
    """
    command = QACommand(**options)
    if command.rows.source is not None:
        work = command.work(command.rows.id_field)
        block_rows = command.batch_size or BLOCK_ROWS
        ctx.exit(answer_rows(command.rows, work, block_rows, "qa"))
    request = command.request()
    reader = command.open_reader()
    _note_cut_off(reader, request.question)
    answer = reader.answer(*request, command.answering())
    if not answer.text:
        click.echo(_why_none(answer), err=True)
    explanation = _explanation(reader, request, answer, command)
    write_lines(_rows(request, answer, explanation, command), command.rows.output)
    if command.html:
        from nlg.cli.qa_page import page

        write_lines([page(request, answer, explanation)], command.html)


def _note_cut_off(reader: "Reader", question: str) -> None:
    """Say on stderr which part of a question is not read."""
    cut = reader.preparer.cut_off(question)
    if cut:
        shown = cut[:SHOWN] + "…" * (len(cut) > SHOWN)
        click.echo(f"note: too long a question; not read: {shown}", err=True)


def _explanation(
    reader: "Reader", request: "QARequest", answer: "Answer", command: QACommand
) -> "Explanation | None":
    """Return what an answer rests on; None if nobody asks or the graph is missing."""
    from nlg.errors import CheckpointError
    from nlg.qa.explain import explain

    if not command.explain and not command.html:
        return None
    try:
        return explain(reader, request, answer, command.answering())
    except CheckpointError as error:  # the answer is there all the same
        click.echo(f"note: {error}", err=True)
        return None


def _rows(
    request: "QARequest",
    answer: "Answer",
    explanation: "Explanation | None",
    command: QACommand,
) -> Iterator[str]:
    """Yield the lines to print."""
    if command.as_json:
        facts = answer.to_dict()
        if command.explain:
            facts["saliency"] = explanation and explanation.to_dict()
        yield json.dumps(facts, ensure_ascii=False)
        return
    answers: list[Answer | Candidate] = [answer]
    if answer.text:
        answers += answer.runners_up
    for one in answers:
        with_place = one.text and (command.top_k > 1 or command.explain)
        yield f"{one.text}{_place(one) if with_place else ''}"
    if command.explain:
        from nlg.cli.qa_drawing import columns_of, explained

        columns = None if command.rows.output else columns_of(sys.stdout)
        yield from explained(request, answer, explanation, columns)


def _place(candidate: "Answer | Candidate") -> str:
    place = f"passage {candidate.passage + 1}"
    if candidate.start >= 0:
        place += f"[{candidate.start}:{candidate.end}]"
    return f"  {candidate.confidence:.0%}  {place}"


def _why_none(answer: "Answer") -> str:
    if answer.runners_up:
        best = answer.runners_up[0]
        return f"note: no answer; {best.text} has a confidence of {best.confidence:.0%}"
    none = [vote.no_answer for vote in answer.votes if vote.no_answer is not None]
    least = f" (the best: {min(none):.0%} that it has none)" if none else ""
    return (
        f"note: no passage is likely enough to have an answer{least}; --silence raises "
        "the limit"
    )
