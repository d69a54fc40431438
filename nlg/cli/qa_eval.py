"""`nlg eval qa`: score answers to questions."""

import json
import pathlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import DEVICE, JSON, checkpoint_option, progress, write_lines
from nlg.cli.qa import ANSWER_TYPE, BEAM, MODE, SILENCE, THRESHOLD, open_reader

if TYPE_CHECKING:
    from nlg.qa.dataset import Question
    from nlg.qa.evaluate import Prediction, Said
    from nlg.qa.generate import AnswerOptions, Reader

METRIC_NAMES = ("sogou", "webqa", "squad")
LAYOUTS = ("auto", "webqa", "sogou", "squad", "dureader", "jsonl")
OURS = [  # options that say how our model answers
    *("checkpoint", "device", "mode", "beam", "threshold", "silence"),
    *("answer_type", "per_passage", "workers", "output"),
]
TOLD = 20  # problems that are printed
LAYOUT = click.option(
    "--format",
    "layout",
    type=click.Choice(LAYOUTS),
    default="auto",
    show_default=True,
    help="What the data are laid out as; auto tells by what stands in them.",
)


def _no_stdout(
    context: click.Context, parameter: click.Parameter, path: pathlib.Path | None
) -> pathlib.Path | None:
    if path == pathlib.Path("-"):
        raise click.BadParameter("stdout has the scores; name a file")
    return path


@click.command("qa")
@click.option("--data", required=True, metavar="FILE", help="Questions and answers.")
@LAYOUT
@click.option(
    "--predictions",
    multiple=True,
    metavar="FILE",
    help="Answers of a system, in place of our model's: JSON lines with id, answer (or "
    "answers, of which the first counts) and perhaps confidence, id TAB answer, or a "
    "JSON object of answers by id; may be repeated.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    type=click.Choice(METRIC_NAMES),
    help="Score by this convention; may be repeated.  [default: all three]",
)
@click.option(
    "--by",
    type=click.Choice(["source", "type"]),
    default="source",
    show_default=True,
    help="A column for each source, or for each type of answer that is asked for.",
)
@click.option(
    "--as-submitted",
    is_flag=True,
    help="Count the lines submitted, as SogouQA's own scorer does: questions left out "
    "do not lower the score, one answered twice counts twice.",
)
@click.option("--strict", is_flag=True, help="Stop at the first unreadable question.")
@JSON
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    callback=_no_stdout,
    help="Write our model's answers here, as JSON lines that --predictions reads.",
)
@click.option(
    "--per-passage",
    is_flag=True,
    help="Beside the vote, score what our model answers from the surest passage alone, "
    "and from the place in the list that turns out best.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    help="Threads that answer, each of them other questions.  [default: all cores]",
)
@MODE
@BEAM
@THRESHOLD
@SILENCE
@ANSWER_TYPE
@checkpoint_option("qa")
@DEVICE
@click.pass_context
def eval_qa(
    ctx: click.Context,
    data: str,
    predictions: tuple[str, ...],
    metrics: tuple[str, ...],
    as_submitted: bool,
    **options: Any,
) -> None:
    """Score our model's answers to the questions of a file, or those of any system.

    \b
    nlg eval qa --data 问题.json --output 答案.jsonl
    nlg eval qa --data WebQA.json --metric webqa --per-passage
    nlg eval qa --data 问题.json --predictions 答案.jsonl
    nlg eval qa --data cmrc2018_dev.json --predictions theirs.json --metric squad
    nlg eval qa --data gold.tsv --predictions submit.tsv --metric sogou --as-submitted

    Data are WebQA.json or SogouQA.json, SQuAD, CMRC 2018 or DuReader JSON, JSON lines
    (source, passage, question, answer), or id TAB answer TAB variants. The passages of
    a question vote on the answer of our model. A question without a prediction scores
    0; an id twice or of no question is an error. Told too is which share of the
    answerable questions was answered and of the others was not, and where answers have
    a confidence, the area under the risk-coverage curve and the expected calibration
    error (right is what the first --metric says).
    """
    from nlg.metrics.qa import signature
    from nlg.metrics.table import table
    from nlg.qa import evaluate

    _refuse_mixtures(ctx, data, predictions)
    questions = _questions(data, options["layout"], options["strict"])
    metrics = tuple(dict.fromkeys(metrics)) or METRIC_NAMES
    systems = {
        name: evaluate.load_predictions(pathlib.Path(name), questions, as_submitted)
        for name in predictions
    } or _ours(questions, metrics[0], options)
    scores = {
        name: evaluate.columns(
            evaluate.pair(questions, said, as_submitted), metrics, options["by"]
        )
        for name, said in systems.items()
    }
    signatures = [signature(metric, as_submitted) for metric in metrics]
    if options["as_json"]:
        told = {"systems": scores, "signatures": signatures}
        lines = [json.dumps(told, ensure_ascii=False)]
    else:
        blocks = [f"{name}\n{table(found)}\n" for name, found in scores.items()]
        lines = [*blocks, *signatures]
    write_lines(lines, None)


def _refuse_mixtures(
    ctx: click.Context, data: str, predictions: tuple[str, ...]
) -> None:
    """Stop at options that exclude each other."""
    if (data, *predictions).count("-") > 1:
        raise click.UsageError("standard input is one file, not two")
    default = click.core.ParameterSource.DEFAULT
    told = [name for name in OURS if ctx.get_parameter_source(name) != default]
    if predictions and told:
        option = told[0].replace("_", "-")
        raise click.UsageError(
            f"--{option} is for our own model, which --predictions takes the place of"
        )


def _ours(
    questions: "list[Question]", metric: str, options: dict[str, Any]
) -> "dict[str, list[Prediction]]":
    """Return what our model answers, by the name of each way to answer."""
    from nlg.qa.evaluate import answer_alone, predictions_of

    reader, asked_for = open_reader(options, many=True)
    said = _answered(reader, questions, asked_for, options["output"])
    systems = {"nlg": predictions_of(questions, said)}
    if options["per_passage"]:
        passages = sum(len(question.passages) for question in questions)
        alone = answer_alone(
            reader,
            questions,
            asked_for,
            metric,
            lambda answers: progress(answers, "answering alone", passages),
        )
        systems["nlg, surest passage"] = alone.surest
        systems[f"nlg, passage {alone.place + 1}"] = alone.best
    return systems


def _answered(
    reader: "Reader",
    questions: "list[Question]",
    asked_for: "AnswerOptions",
    output: pathlib.Path | None,
) -> "list[Said]":
    """Return what our model answers, written to `output` as it comes."""
    from nlg.errors import DataError
    from nlg.qa.evaluate import answer_line, answer_questions
    from nlg.qa.generate import Answer

    said: list[Said] = []
    found = answer_questions(reader, questions, asked_for)

    def lines() -> Iterator[str]:
        shown = progress(found, "answering", len(questions))
        for question, answer in zip(questions, shown, strict=True):
            said.append(answer)
            if isinstance(answer, Answer):
                yield answer_line(question, answer)

    write_lines(lines(), output) if output else list(lines())
    problems = [
        f"id {question.id}: {answer}"
        for question, answer in zip(questions, said, strict=True)
        if not isinstance(answer, Answer)
    ]
    if len(problems) == len(questions):
        raise DataError(f"no question can be answered: {problems[0]}")
    _tell("not answered", problems)
    return said


def _questions(name: str, layout: str, strict: bool) -> "list[Question]":
    """Read questions; say which are unreadable."""
    from nlg.qa.dataset import load_questions
    from nlg.text.collect import Report

    report = Report()
    questions = load_questions(pathlib.Path(name), layout, report, strict)
    _tell("skipped", report.problems)
    return questions


def _tell(what: str, problems: Sequence[str]) -> None:
    """Print the first problems on stderr, and how many more there are."""
    for problem in problems[:TOLD]:
        click.echo(f"{what}: {problem}", err=True)
    if len(problems) > TOLD:
        click.echo(f"{what}: {len(problems) - TOLD} more", err=True)
