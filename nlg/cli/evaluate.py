"""`nlg eval`: measure texts and models."""

import json
import pathlib
from typing import TYPE_CHECKING, Any, ClassVar

import click

from nlg.cli.couplet import BLOCK_ROWS, RULES, couplet_work
from nlg.cli.given_rows import WORKERS, answers_of
from nlg.cli.lazy import LazyGroup
from nlg.cli.options import (
    DEVICE,
    JSON,
    OUTPUT,
    Number,
    Word,
    checkpoint_option,
    progress,
    write_lines,
)
from nlg.text.forms import DEFAULT_FORM, FORMS

if TYPE_CHECKING:
    from nlg.batch.work import Work
    from nlg.couplet.dataset import Couplet
    from nlg.couplet.responder import Couplets
    from nlg.metrics.trigrams import CharacterTrigrams


class EvalGroup(LazyGroup):
    """The commands below, and that of readers."""

    places: ClassVar = {"qa": "nlg.cli.qa_eval:eval_qa"}


@click.group("eval", cls=EvalGroup)
def evaluate() -> None:
    """Measure texts and models."""


@evaluate.command("poem")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option(
    "--samples",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    help="How many poems the model writes for its own column; 0 for none.",
)
@click.option("--form", type=Word(FORMS), default=DEFAULT_FORM, show_default=True)
@click.option("--temperature", type=Number(0, 10), help="As in nlg poem.")
@click.option("--candidates", type=click.IntRange(1), help="As in nlg poem.")
@click.option("--free", is_flag=True, help="Let the model write without rules.")
@click.option(
    "--judge",
    type=click.Path(path_type=pathlib.Path, exists=True, dir_okay=False),
    help="A text that none of the poems come from: adds log_prob, the mean "
    "log-probability of a character under a trigram model of that text.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@JSON
@OUTPUT
@checkpoint_option("poem/vae")
@DEVICE
def eval_poem(
    files: tuple[str, ...],
    samples: int,
    form: str,
    temperature: float | None,
    candidates: int | None,
    free: bool,
    judge: pathlib.Path | None,
    seed: int,
    as_json: bool,
    output: pathlib.Path | None,
    checkpoint: pathlib.Path | None,
    device: str,
) -> None:
    """Report form, rhyme, tones, variety and originality of poems, side by side.

    \b
    nlg eval poem mine.txt --judge novel.txt
    nlg eval poem theirs.jsonl - --samples 0 --json < mine.txt

    A column for each FILE (what `nlg data poem` reads; - is standard input), one for
    poems that the model writes, and one for human poems that it was not trained on,
    measured when the checkpoint was made. So was the table of the latent: how much of a
    human poem it keeps.
    """
    from nlg.metrics.poems import poem_report, signature
    from nlg.metrics.table import table
    from nlg.poem.vae.poet import Poet
    from nlg.poem.vae.request import SampleRequest

    trigrams = _trigrams_of(judge) if judge else None
    poet = Poet.from_checkpoint(checkpoint, device)
    poems = {name: _poems_of(name) for name in dict.fromkeys(files)}
    if samples:
        settings = {"temperature": temperature, "candidates": candidates}
        given = {name: x for name, x in settings.items() if x is not None}
        request = SampleRequest(form, samples, seed, rules=not free)
        written = poet.write(request, **given)
        lines = [poem.lines for poem in progress(written, "writing samples", samples)]
        poems[f"nlg {form}"] = lines
    columns = {
        name: poem_report(p, poet.training_lines, trigrams) for name, p in poems.items()
    }
    made = poet.checkpoint.metrics
    columns[f"human {form}"] = made["human"].get(form, {})
    if as_json:
        report = {"poems": columns, "latent": made["latent"], "signature": signature()}
        text = json.dumps(report, ensure_ascii=False)
    else:
        text = f"{table(columns)}\n\n{table({'latent': made['latent']})}\n{signature()}"
    write_lines([text], output)


def _trigrams_of(path: pathlib.Path) -> "CharacterTrigrams":
    """Return a language model of the text at `path`."""
    from nlg.errors import DataError
    from nlg.files import load_text
    from nlg.metrics.trigrams import CharacterTrigrams
    from nlg.text.normalize import to_simplified, verses

    lines = verses(to_simplified(load_text(path)))
    if not lines:
        raise DataError(f"{path}: no Chinese text in it")
    return CharacterTrigrams(lines)


def _poems_of(name: str) -> list[tuple[str, ...]]:
    """Return the poems of a file or folder; print which are unreadable on stderr."""
    from nlg.errors import DataError
    from nlg.poem import dataset

    poems = []
    files = dataset.find_files([name])
    for record in (record for path in files for record in dataset.read(path)):
        if record.problem:
            click.echo(f"skipped: {record.where}: {record.problem}", err=True)
        elif record.lines:
            poems.append(dataset.simplified(record.lines))
    if not poems:
        raise DataError(f"{name}: no poem in it")
    return poems


@evaluate.command("couplet")
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
