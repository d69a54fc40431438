"""`nlg eval qa`: score answers to questions."""

import json
import pathlib
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import JSON, OUTPUT, write_lines

if TYPE_CHECKING:
    from nlg.qa.dataset import Question

METRIC_NAMES = ("sogou", "webqa", "squad")
LAYOUTS = ("auto", "webqa", "sogou", "squad", "jsonl")
LAYOUT = click.option(
    "--format",
    "layout",
    type=click.Choice(LAYOUTS),
    default="auto",
    show_default=True,
    help="What the data are laid out as; auto tells by what stands in them.",
)


@click.command("qa")
@click.option("--data", required=True, metavar="FILE", help="Questions and answers.")
@LAYOUT
@click.option(
    "--predictions",
    multiple=True,
    required=True,
    metavar="FILE",
    help="Answers of a system: JSON lines with id, answer and perhaps confidence, id "
    "TAB answer, or a JSON object of answers by id; may be repeated.",
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
@OUTPUT
def eval_qa(
    data: str,
    predictions: tuple[str, ...],
    metrics: tuple[str, ...],
    as_submitted: bool,
    **options: Any,
) -> None:
    """Score the answers of systems to the questions of a file.

    \b
    nlg eval qa --data 问题.json --predictions 答案.jsonl
    nlg eval qa --data cmrc2018_dev.json --predictions theirs.json --metric squad
    nlg eval qa --data gold.tsv --predictions submit.tsv --metric sogou --as-submitted

    Data are WebQA.json or SogouQA.json, SQuAD or CMRC 2018 JSON, JSON lines (source,
    passage, question, answer), or id TAB answer TAB variants. A question without a
    prediction scores 0; an id twice or of no question is an error. Told too is which
    share of the answerable questions was answered and of the others was not, and where
    answers have a confidence, the area under the risk-coverage curve (right is what the
    first --metric says).
    """
    from nlg.metrics.qa import signature
    from nlg.metrics.table import table
    from nlg.qa import evaluate

    if (data, *predictions).count("-") > 1:
        raise click.UsageError("standard input is one file, not two")
    questions = _questions(data, options["layout"], options["strict"])
    systems = {
        name: evaluate.load_predictions(pathlib.Path(name), questions, as_submitted)
        for name in predictions
    }
    metrics = tuple(dict.fromkeys(metrics)) or METRIC_NAMES
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
    write_lines(lines, options["output"])


def _questions(name: str, layout: str, strict: bool) -> "list[Question]":
    """Read questions; say which are unreadable."""
    from nlg.qa.dataset import load_questions
    from nlg.text.collect import Report

    report = Report()
    questions = load_questions(pathlib.Path(name), layout, report, strict)
    for problem in report.problems[:20]:
        click.echo(f"skipped: {problem}", err=True)
    if len(report.problems) > 20:
        click.echo(f"skipped: {len(report.problems) - 20} more", err=True)
    return questions
