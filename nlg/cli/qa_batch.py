"""Answer a file of questions line by line: `nlg qa --input FILE --output FILE`.

    input lines -> requests, or what is wrong with a line -> answers -> JSON lines

The answers so far are in OUTPUT.part, which becomes OUTPUT when all are there. A run
that was killed goes on after the last whole line of OUTPUT.part.

A command imports this file when it runs.
"""

import json
import os
import pathlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import click

from nlg.cli.options import progress, write_lines, writing
from nlg.cli.qa_passages import passage_of
from nlg.errors import DataError, NlgError
from nlg.files import load_text, parse_json
from nlg.qa.answer import Answer, QARequest
from nlg.qa.options import AnswerOptions
from nlg.qa.reader import Reader

FIELDS = (("id", (str, int)), ("question", str), ("passages", list))


class InputLine(NamedTuple):
    """A line of --input: a request, or what is wrong with the line."""

    number: int  # of the line, from 1
    id: Any
    request: QARequest | None = None
    problem: str = ""


def answer_file(
    reader: Reader,
    options: AnswerOptions,
    source: pathlib.Path,
    output: pathlib.Path | None,
) -> int:
    """Write a JSON line for each line of a file; return how many have no answer.

    A line with an error does not stop the others.

    Args:
        reader: our model.
        options: how to answer.
        source: JSON lines of id, question and passages; - is standard input.
        output: where the answers go; None is standard output.
    """
    lines = read_lines(load_text(source))
    done = _begun(output, lines) if output else []
    rest = lines[len(done) :]
    failed = sum("error" in one for one in done)

    def rows() -> Iterator[str]:
        nonlocal failed
        for facts in progress(_answers(reader, options, rest), "answering", len(rest)):
            failed += "error" in facts
            yield json.dumps(facts, ensure_ascii=False)

    if output:
        _append(rows(), output)
    else:
        write_lines(rows(), None)
    if failed:
        click.echo(f"{failed:,} of {len(lines):,} could not be answered", err=True)
    return failed


def read_lines(text: str) -> list[InputLine]:
    """Return the lines of a file of questions without the blank ones.

    An id that was there before is a problem of the later line.
    """
    seen: dict[str, int] = {}
    lines = []
    for number, text_line in enumerate(text.split("\n"), 1):
        if not text_line.strip():
            continue
        line = _read_line(number, text_line)
        before = seen.setdefault(str(line.id), number)
        if not line.problem and before < number:
            again = f"id {line.id} again, after line {before}"
            line = InputLine(number, line.id, problem=again)
        lines.append(line)
    return lines


def _read_line(number: int, text: str) -> InputLine:
    try:
        fields = parse_json(text)
    except json.JSONDecodeError as error:
        return InputLine(number, None, problem=f"not JSON: {error.msg}")
    if not isinstance(fields, dict):
        return InputLine(number, None, problem="not a JSON object")
    name = fields.get("id")
    try:
        return InputLine(number, name, _request_of(fields))
    except DataError as error:
        return InputLine(number, name, problem=str(error))


def _request_of(fields: dict[str, Any]) -> QARequest:
    for key, kind in FIELDS:
        if not isinstance(fields.get(key), kind):
            raise DataError(f"no {key}, or not of the right kind")
    passages = enumerate(fields["passages"], 1)
    return QARequest(
        passage_of(fields["question"], "question"),
        [passage_of(value, f"passage {n}") for n, value in passages],
    )


def _answers(
    reader: Reader, options: AnswerOptions, lines: Sequence[InputLine]
) -> Iterator[dict[str, Any]]:
    """Yield the JSON object of each line, in order."""
    requests = (line.request for line in lines if line.request)
    answers = reader.answer_all(requests, options)
    for line in lines:
        answer = next(answers) if line.request else DataError(line.problem)
        yield _facts(line, answer)


def _facts(line: InputLine, answer: Answer | NlgError) -> dict[str, Any]:
    if isinstance(answer, Answer):
        return {"id": line.id, **answer.to_dict(brief=True)}
    return {"id": line.id, "answer": "", "error": str(answer), "line": line.number}


def _part_of(output: pathlib.Path) -> pathlib.Path:
    return output.with_name(output.name + ".part")


def _begun(output: pathlib.Path, lines: list[InputLine]) -> list[dict[str, Any]]:
    """Return the answers of a killed run, and cut a last line that is not whole.

    Raises:
        DataError: that run answered other questions.
    """
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
    """Add `rows` to OUTPUT.part as they come, then rename it to OUTPUT."""
    part = _part_of(output)
    with writing(output):
        with part.open("a", encoding="utf-8") as file:
            for row in rows:
                file.write(f"{row}\n")
                file.flush()
            os.fsync(file.fileno())
        os.replace(part, output)
