"""`nlg eval couplet`: score second lines."""

import json
import pathlib
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.couplet import BLOCK_ROWS, RULES, couplet_work
from nlg.cli.given_rows import WORKERS, answers_of
from nlg.cli.options import DEVICE, JSON, OUTPUT, checkpoint_option, write_lines

if TYPE_CHECKING:
    from nlg.batch.work import Work
    from nlg.couplet.responder import Couplets
    from nlg.text.couplets import Couplet


@click.command("couplet")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--predictions",
    multiple=True,
    metavar="FILE",
    help="Second lines that a system wrote, one for each couplet and in their order: "
    "text, or JSON lines with second_line; may be repeated.",
)
@click.option("--no-model", is_flag=True, help="Leave our own model out.")
@click.option(
    "--without",
    multiple=True,
    type=click.Choice(RULES),
    help="As in nlg couplet, for our own model.",
)
@WORKERS
@JSON
@OUTPUT
@checkpoint_option("couplet")
@DEVICE
def eval_couplet(
    files: tuple[str, ...],
    predictions: tuple[str, ...],
    no_model: bool,
    without: tuple[str, ...],
    workers: int,
    as_json: bool,
    output: pathlib.Path | None,
    checkpoint: pathlib.Path | None,
    device: str,
) -> None:
    """Report BLEU and the rules that second lines keep, side by side.

    \b
    nlg eval couplet 对联.tsv
    nlg eval couplet 对联.tsv.gz --predictions 甲.txt --predictions 乙.jsonl --json
    nlg eval couplet 对联.tsv --without tones --without ends

    FILE holds couplets, 上联 TAB 下联 a line; - is standard input. One column has the
    human second lines of FILE, one those of our model, and one those of each
    --predictions.
    """
    from nlg.couplet.dataset import load_couplets
    from nlg.couplet.evaluate import human_report, load_second_lines, system_report
    from nlg.couplet.responder import Couplets, ReplyOptions
    from nlg.metrics.couplets import bleu_signature, signature
    from nlg.metrics.table import table

    names = dict.fromkeys(files)
    couplets = [pair for name in names for pair in load_couplets(pathlib.Path(name))]
    columns = {"human": human_report(couplets)}
    if not no_model:
        model = Couplets.from_checkpoint(checkpoint, device)
        rules = tuple(rule for rule in RULES if rule not in without)
        work = couplet_work(ReplyOptions(rules=rules), checkpoint, device)
        columns["nlg"] = _answered(couplets, model, work, workers)
    for name in dict.fromkeys(predictions):
        lines = load_second_lines(pathlib.Path(name), len(couplets))
        columns[name] = system_report(couplets, lines)
    signatures = {"couplets": signature()}
    if len(columns) > 1:
        signatures["bleu"] = bleu_signature()
    if as_json:
        report = {"couplets": columns, "signatures": signatures}
        text = json.dumps(report, ensure_ascii=False)
    else:
        text = "\n".join([table(columns), "", *signatures.values()])
    write_lines([text], output)


def _answered(
    couplets: "list[Couplet]", model: "Couplets", work: "Work", workers: int
) -> dict[str, Any]:
    """Return the report of our own model; what it cannot answer is an empty answer."""
    from nlg.couplet.evaluate import perplexity, system_report

    rows = [{"text": first_line} for first_line, _ in couplets]
    answers = answers_of(rows, work, BLOCK_ROWS, "couplet", workers)
    lines = [one["second_line"] for one in answers]
    return system_report(couplets, lines) | {"perplexity": perplexity(couplets, model)}
