"""`nlg eval qa`: score answers to questions."""

import dataclasses
import json
import pathlib
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.given_rows import WORKERS, answers_of
from nlg.cli.options import (
    DEVICE,
    JSON,
    checkpoint_option,
    progress,
    show_problems,
    write_lines,
)
from nlg.cli.qa_options import (
    ANSWER_TYPE,
    BEAM,
    BLOCK_ROWS,
    LAYOUT,
    MODE,
    SILENCE,
    STYLE,
    THRESHOLD,
    ReaderOptions,
)
from nlg.metrics.qa import METRICS, signature

if TYPE_CHECKING:
    from nlg.qa.data.read import Question
    from nlg.qa.predictions import Prediction


def _no_stdout(
    context: click.Context, parameter: click.Parameter, path: pathlib.Path | None
) -> pathlib.Path | None:
    if path == pathlib.Path("-"):
        raise click.BadParameter("stdout has the scores; name a file")
    return path


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvalQACommand(ReaderOptions):
    """The options of `nlg eval qa`, by the names of its parameters."""

    data: str
    layout: str
    predictions: tuple[str, ...]
    metrics: tuple[str, ...]
    by: str
    as_submitted: bool
    strict: bool
    as_json: bool
    output: pathlib.Path | None
    per_passage: bool
    workers: int

    def __post_init__(self):
        """Refuse standard input twice."""
        if (self.data, *self.predictions).count("-") > 1:
            raise click.UsageError("standard input is one file, not two")

    def chosen_metrics(self) -> tuple[str, ...]:
        """Return the metrics asked for, each once; all by default."""
        return tuple(dict.fromkeys(self.metrics)) or tuple(METRICS)


OURS = [  # parameters that apply to our own model only
    *("checkpoint", "device", "mode", "beam", "threshold", "silence"),
    *("answer_type", "style", "per_passage", "workers", "output"),
]


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
    type=click.Choice(list(METRICS)),
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
    help="Score our model's answers from single passages too: from the surest passage, "
    "and from the place in the list that turns out best.",
)
@WORKERS
@MODE
@BEAM
@THRESHOLD
@SILENCE
@ANSWER_TYPE
@STYLE
@checkpoint_option("qa")
@DEVICE
@click.pass_context
def eval_qa(ctx: click.Context, **options: Any) -> None:
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
    0; an id that comes twice, or that is no question's, is an error. The report also
    has the share of the answerable questions that were answered and of the others that
    were not. Where answers have a confidence, it has the area under the risk-coverage
    curve and the expected calibration error; the first --metric decides what is right.
    """
    from nlg.metrics.table import table
    from nlg.qa.evaluate import columns, pair

    command = EvalQACommand(**options)
    _refuse_mixtures(ctx, command)
    questions = _questions(command)
    metrics, as_submitted = command.chosen_metrics(), command.as_submitted
    scores = {
        name: columns(pair(questions, said, as_submitted), metrics, command.by)
        for name, said in _predictions(command, questions).items()
    }
    signatures = [signature(metric, as_submitted) for metric in metrics]
    if command.as_json:
        report = {"systems": scores, "signatures": signatures}
        lines = [json.dumps(report, ensure_ascii=False)]
    else:
        blocks = [f"{name}\n{table(found)}\n" for name, found in scores.items()]
        lines = [*blocks, *signatures]
    write_lines(lines, None)


def _refuse_mixtures(ctx: click.Context, command: EvalQACommand) -> None:
    """Refuse options of our own model beside --predictions."""
    default = click.core.ParameterSource.DEFAULT
    given = [name for name in OURS if ctx.get_parameter_source(name) != default]
    if command.predictions and given:
        option = given[0].replace("_", "-")
        raise click.UsageError(
            f"--{option} is for our own model, which --predictions takes the place of"
        )


def _predictions(
    command: EvalQACommand, questions: "list[Question]"
) -> "dict[str, list[Prediction]]":
    """Return the answers to score, by the name of each system."""
    from nlg.qa.predictions import load_predictions

    if not command.predictions:
        return _ours(command, questions)
    return {
        name: load_predictions(pathlib.Path(name), questions, command.as_submitted)
        for name in command.predictions
    }


def _ours(
    command: EvalQACommand, questions: "list[Question]"
) -> "dict[str, list[Prediction]]":
    """Return the answers of our model, by the name of each way to answer."""
    from nlg.qa.evaluate import answer_by_passage
    from nlg.runtime.graph import available_cores

    systems = {"nlg": _answered(questions, command)}
    if command.per_passage:
        passages = sum(len(question.passages) for question in questions)
        single = answer_by_passage(
            command.open_reader(available_cores()),
            questions,
            command.answering(),
            command.chosen_metrics()[0],
            lambda answers: progress(answers, "answering alone", passages),
        )
        systems["nlg, surest passage"] = single.surest
        systems[f"nlg, passage {single.place + 1}"] = single.best
    return systems


def _answered(
    questions: "list[Question]", command: EvalQACommand
) -> "list[Prediction]":
    """Return the answers of our model; --output gets them too."""
    from nlg.errors import DataError
    from nlg.qa.predictions import Prediction

    rows = [
        {
            "id": question.id,
            "question": question.question,
            "passages": [passage.text for passage in question.passages],
        }
        for question in questions
    ]
    how = command.work(), BLOCK_ROWS, "qa", command.workers, command.output
    answers = answers_of(rows, *how)
    problems = [f"id {one['id']}: {one['error']}" for one in answers if "error" in one]
    if len(problems) == len(questions):
        raise DataError(f"no question can be answered: {problems[0]}")
    show_problems("not answered", problems)
    return [
        Prediction(one["id"], one["answer"], one["confidence"])
        for one in answers
        if "error" not in one
    ]


def _questions(command: EvalQACommand) -> "list[Question]":
    """Read the questions; print which are unreadable."""
    from nlg.qa.data.read import load_questions
    from nlg.text.collect import Report

    report, path = Report(), pathlib.Path(command.data)
    questions = load_questions(path, command.layout, report, command.strict)
    show_problems("skipped", report.problems)
    return questions
