"""`nlg qa`: answer questions from passages."""

import dataclasses
import json
import os
import pathlib
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from nlg.cli.options import (
    DEVICE,
    JSON,
    Number,
    as_typed,
    checkpoint_option,
    default_checkpoint,
    or_stdout,
    progress,
    read_text,
    write_lines,
    writing,
)

if TYPE_CHECKING:
    from nlg.errors import NlgError
    from nlg.qa.explain import Explanation
    from nlg.qa.reader import Answer, AnswerOptions, Asked, Reader

MODES = ("extractive", "generative")
ANSWER_TYPES = ("person", "place", "time", "number", "organisation", "other")
FILE = click.Path(path_type=pathlib.Path, dir_okay=False, allow_dash=True)
SHOWN = 20  # characters of a text in a note
MOST_AT_ONCE = 128  # questions, in one run of the graph


class BatchSize(click.IntRange):
    """A number of questions, or auto, which is 0."""

    def convert(self, value: Any, *about: Any) -> int:
        """Return `value` as a number."""
        return 0 if value == "auto" else super().convert(value, *about)


MODE = click.option(
    "--mode",
    type=click.Choice(MODES),
    default=MODES[0],
    show_default=True,
    help="extractive: an answer is a piece of a passage; generative: it may be any.",
)
BEAM = click.option(
    "--beam",
    type=click.IntRange(1, 8),
    default=4,
    show_default=True,
    help="Hypotheses that are kept at each step.",
)
THRESHOLD = click.option(
    "--threshold",
    type=Number(0, 1),
    default=0.0,
    show_default=True,
    help="Give no answer with a lower confidence.",
)
SILENCE = click.option(
    "--silence",
    type=Number(0, 1),
    help="A passage is silent from this probability on that it has no answer; 1 makes "
    "all of them answer.  [default: the checkpoint's, learned on dev]",
)
ANSWER_TYPE = click.option(
    "--answer-type",
    type=click.Choice(["auto", "none", *ANSWER_TYPES]),
    default="auto",
    show_default=True,
    help="What kind of thing is asked for; auto tells it from the question. Needs a "
    "model that was trained with answer types.",
)
BATCH_SIZE = click.option(
    "--batch-size",
    type=BatchSize(1, MOST_AT_ONCE),
    metavar="auto|N",
    default="auto",
    show_default=True,
    help="Questions of --input that go through the graph together; auto is as many as "
    "fit by their tokens.",
)


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
@click.option(
    "--top-k",
    type=click.IntRange(1, 8),
    default=1,
    show_default=True,
    help="Answers, the best first.",
)
@BEAM
@THRESHOLD
@SILENCE
@ANSWER_TYPE
@click.option(
    "--explain",
    is_flag=True,
    help="The place, what the answer rests on, and what each passage says.",
)
@click.option(
    "--html",
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    help="Write what --explain tells as a page for a browser.",
)
@click.option(
    "--input",
    "source",
    type=FILE,
    help="JSON lines of id, question and passages; - is standard input.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    callback=or_stdout,
    help="Write here instead of stdout. With --input, the answers so far are in "
    "OUTPUT.part; the same command goes on from there.",
)
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

    Every passage is read for itself, and those that may have an answer vote on every
    character of it. A long passage is read in windows of 256 characters, the 32 most
    promising of all. Where no passage has an answer, an empty line is printed. Counted
    from 0, text[start:end] of the passage is the answer.

    In a file a line may fail (see "error" in its answer); the others are answered, and
    the exit code is 1.
    """
    _refuse_mixtures(options)
    from nlg.qa.reader import Asked

    reader, asked_for = open_reader(options, many=bool(options["source"]))
    if options["source"]:
        ctx.exit(int(_answer_file(reader, asked_for, options) > 0))
    question = read_text(options["question"]).strip()
    passages = list(_passages(options))
    cut = reader.cut_off(question)
    if cut:
        shown = cut[:SHOWN] + "…" * (len(cut) > SHOWN)
        click.echo(f"note: too long a question; not read: {shown}", err=True)
    answer = reader.answer(question, passages, asked_for)
    if not answer.text:
        click.echo(_why_none(answer), err=True)
    asked = Asked(question, passages)
    found = _found(reader, asked, answer, asked_for, options)
    write_lines(_rows(asked, answer, found, options), options["output"])
    if options["html"]:
        _write_page(asked, answer, found, options["html"])


def _refuse_mixtures(options: dict[str, Any]) -> None:
    """Stop at options that exclude each other, or that lack another."""
    given = [options["question"], options["passages"], options["passage_file"]]
    if options["source"]:
        if any(given) or options["explain"] or options["html"]:
            raise click.UsageError(
                "--input has questions and passages; --explain is for one question, "
                "and so is --html"
            )
        return
    if options["question"] is None:
        raise click.UsageError("give --question and a --passage, or --input")
    if options["batch_size"]:
        raise click.UsageError("--batch-size is for the questions of --input")
    if not any(given[1:]):
        raise click.UsageError("give a --passage, or --passages FILE, to answer from")
    dashes = [*given[1], str(given[2]), given[0]].count("-")
    if dashes > 1:
        raise click.UsageError("standard input, -, can be read once only")


def open_reader(options: dict[str, Any], many: bool) -> "tuple[Reader, AnswerOptions]":
    """Return the reader that `options` name, for one question or many; and how."""
    from nlg.qa.reader import AnswerOptions, Reader
    from nlg.runtime.graph import available_cores

    told = {field.name for field in dataclasses.fields(AnswerOptions)}
    given = {name: options[name] for name in told & set(options)}
    asked_for = AnswerOptions(**given, no_answer_threshold=options["silence"])
    folder = default_checkpoint(options["checkpoint"], "qa")
    workers = (options.get("workers") or available_cores()) if many else 0
    return Reader.from_checkpoint(folder, options["device"], workers), asked_for


def _passages(options: dict[str, Any]) -> Iterator[str]:
    """Yield the passages in the order in which they were given."""
    for passage in options["passages"]:
        if passage.startswith("@"):
            yield _text_of(pathlib.Path(as_typed(passage[1:]))).strip()
        else:
            yield read_text(passage).strip()
    if options["passage_file"]:
        yield from _of_file(options["passage_file"])


def _of_file(path: pathlib.Path) -> Iterator[str]:
    """Yield the passages of a file, a line each; blank lines are none."""
    from nlg.errors import DataError
    from nlg.text.collect import json_values, name_of

    text = _text_of(path)
    if text.lstrip()[:1] not in ("{", '"'):
        yield from filter(None, map(str.strip, text.split("\n")))
        return
    for where, value, problem in json_values(name_of(path), text):
        if problem:
            raise DataError(f"{where}: {problem}")
        yield _passage(value, where)


def _passage(value: Any, where: str) -> str:
    """Return the text of a JSON value, or of an object that has one."""
    from nlg.errors import DataError
    from nlg.text.collect import HALF

    if isinstance(value, dict):
        value = value.get("passage", value.get("text"))
    if not isinstance(value, str) or HALF.search(value):
        raise DataError(f"{where}: no text, and no object with a passage or a text")
    return value


def _text_of(path: pathlib.Path) -> str:
    from nlg.errors import DataError
    from nlg.files import UNREADABLE, text_of

    try:
        return text_of(path)
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read: {error}") from None


def _found(
    reader: "Reader",
    asked: "Asked",
    answer: "Answer",
    asked_for: "AnswerOptions",
    options: dict[str, Any],
) -> "Explanation | None":
    """Return what an answer rests on, if that is asked for and can be told."""
    from nlg.errors import CheckpointError
    from nlg.qa.explain import explain

    if not options["explain"] and not options["html"]:
        return None
    try:
        return explain(reader, asked, answer, asked_for)
    except CheckpointError as error:  # the answer is there all the same
        click.echo(f"note: {error}", err=True)
        return None


def _write_page(
    asked: "Asked", answer: "Answer", found: "Explanation | None", path: pathlib.Path
) -> None:
    from nlg.cli.qa_page import page

    write_lines([page(asked, answer, found)], path)


def _rows(
    asked: "Asked",
    answer: "Answer",
    found: "Explanation | None",
    options: dict[str, Any],
) -> Iterator[str]:
    """Yield what to print."""
    if options["as_json"]:
        facts = _facts(answer)
        if options["explain"]:
            facts["saliency"] = _saliency(found)
        yield json.dumps(facts, ensure_ascii=False)
        return
    given: list[Any] = [answer, *answer.runners_up] if answer.text else [answer]
    for one in given:
        told = options["top_k"] > 1 or options["explain"]
        yield f"{one.text}{_where(one) if told and one.text else ''}"
    if options["explain"]:
        from nlg.cli.qa_drawing import columns_of, explained

        columns = None if options["output"] else columns_of(sys.stdout)
        yield from explained(asked, answer, found, columns)


def _saliency(found: "Explanation | None") -> dict[str, Any] | None:
    """Return what an answer rests on as a JSON object."""
    if found is None:
        return None
    parts = found._asdict().items()
    return {name: [one._asdict() for one in part] for name, part in parts}


def _facts(answer: "Answer") -> dict[str, Any]:
    """Return an answer as a JSON object."""
    facts = answer._asdict()
    facts = {"answer": facts.pop("text"), **facts}
    for name in ("votes", "runners_up"):
        facts[name] = [one._asdict() for one in facts[name]]
    return facts


def _where(candidate: Any) -> str:
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


class InputLine(NamedTuple):
    """A line of --input: a question, or what is wrong with it."""

    number: int
    id: Any
    asked: "Asked | None" = None
    problem: str = ""


def _answer_file(
    reader: "Reader", asked_for: "AnswerOptions", options: dict[str, Any]
) -> int:
    """Write a JSON line for each line of a file; return how many could not be answered.

    A line that cannot be answered does not stop the others.
    """
    lines = _lines(_text_of(options["source"]))
    done = _begun(options["output"], lines) if options["output"] else []
    failed = sum("error" in one for one in done)

    def rows() -> Iterator[str]:
        nonlocal failed
        left = lines[len(done) :]
        answers = reader.answer_all((x.asked for x in left if x.asked), asked_for)
        for line in progress(left, "answering", len(left)):
            facts = _batch_facts(line, next(answers) if line.asked else None)
            failed += "error" in facts
            yield json.dumps(facts, ensure_ascii=False)

    if options["output"]:
        _append(rows(), options["output"])
    else:
        write_lines(rows(), None)
    if failed:
        click.echo(f"{failed:,} of {len(lines):,} could not be answered", err=True)
    return failed


def _lines(text: str) -> list[InputLine]:
    """Return the lines of a file of questions, blank ones left out."""
    seen: dict[str, int] = {}
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            read = _line(number, line)
            if not read.problem and str(read.id) in seen:
                again = f"id {read.id} again, after line {seen[str(read.id)]}"
                read = InputLine(number, read.id, problem=again)
            seen.setdefault(str(read.id), number)
            found.append(read)
    return found


def _line(number: int, line: str) -> InputLine:
    """Return one line of a file of questions."""
    from nlg.errors import DataError
    from nlg.files import parse_json
    from nlg.qa.reader import Asked

    try:
        fields = parse_json(line)
    except json.JSONDecodeError as error:
        return InputLine(number, None, problem=f"not JSON: {error.msg}")
    if not isinstance(fields, dict):
        return InputLine(number, None, problem="not a JSON object")
    name = fields.get("id")
    for key, kind in (("id", (str, int)), ("question", str), ("passages", list)):
        if not isinstance(fields.get(key), kind):
            return InputLine(
                number, name, problem=f"no {key}, or not of the right kind"
            )
    try:
        question = _passage(fields["question"], "question")
        passages = [
            _passage(value, f"passage {n}")
            for n, value in enumerate(fields["passages"], 1)
        ]
    except DataError as error:
        return InputLine(number, name, problem=str(error))
    return InputLine(number, name, Asked(question, passages))


def _batch_facts(line: InputLine, answer: "Answer | NlgError | None") -> dict[str, Any]:
    """Return what is written for a line."""
    from nlg.qa.reader import Answer

    if isinstance(answer, Answer):
        facts = _facts(answer)
        names = ("answer", "confidence", "passage", "start", "end")
        return {"id": line.id, **{name: facts[name] for name in names}}
    problem = line.problem or str(answer)
    return {"id": line.id, "answer": "", "error": problem, "line": line.number}


def _part_of(output: pathlib.Path) -> pathlib.Path:
    return output.with_name(output.name + ".part")


def _begun(output: pathlib.Path, lines: list[InputLine]) -> list[dict[str, Any]]:
    """Return what an earlier run wrote before it was killed; drop half a last line.

    Raises:
        DataError: that run answered other questions.
    """
    from nlg.errors import DataError

    part = _part_of(output)
    if not part.exists():
        return []
    content = part.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    try:
        done = [json.loads(line) for line in whole.decode().split("\n")[:-1]]
        ids = [one["id"] for one in done]
    except (ValueError, TypeError, KeyError):
        ids = [None] * (len(lines) + 1)
    if ids != [line.id for line in lines][: len(ids)]:
        raise DataError(f"{part} has answers to other questions; move it away")
    os.truncate(part, len(whole))
    if done:
        click.echo(f"going on after {len(done):,} answers in {part}", err=True)
    return done


def _append(rows: Iterable[str], output: pathlib.Path) -> None:
    """Add `rows` to OUTPUT.part as they come; it becomes OUTPUT once all are there."""
    part = _part_of(output)
    with writing(output):
        with part.open("a", encoding="utf-8") as file:
            for row in rows:
                file.write(f"{row}\n")
                file.flush()
            os.fsync(file.fileno())
        os.replace(part, output)
