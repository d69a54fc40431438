"""`nlg eval`: measure texts and models."""

import json
import pathlib
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import (
    DEVICE,
    JSON,
    OUTPUT,
    Number,
    Word,
    checkpoint_option,
    default_checkpoint,
    progress,
    write_lines,
)
from nlg.cli.poem import DEFAULT_FORM, FORM_NAMES, write_options

if TYPE_CHECKING:
    from nlg.metrics.trigrams import CharacterTrigrams


@click.group("eval")
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
@click.option("--form", type=Word(FORM_NAMES), default=DEFAULT_FORM, show_default=True)
@click.option("--temperature", type=Number(0, 10), help="As in nlg poem.")
@click.option("--candidates", type=click.IntRange(1), help="As in nlg poem.")
@click.option("--free", is_flag=True, help="Let the model write without rules.")
@click.option(
    "--judge",
    type=click.Path(path_type=pathlib.Path, exists=True, dir_okay=False),
    help="A text that no poem here comes from: adds log_prob, the mean log-probability "
    "of a character under a trigram model of it.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@JSON
@OUTPUT
@checkpoint_option("poem/vae")
@DEVICE
def eval_poem(files: tuple[str, ...], **options: Any) -> None:
    """Report form, rhyme, tones, variety and originality of poems, side by side.

    \b
    nlg eval poem mine.txt --judge novel.txt
    nlg eval poem theirs.jsonl - --samples 0 --json < mine.txt

    A column for each FILE (what `nlg data poem` reads; - is standard input), one for
    poems that the model writes, and one for human poems that it was not trained on,
    measured when the checkpoint was made, as what its latent holds of them was.
    """
    from nlg.metrics.poems import poem_report, signature
    from nlg.poem.evaluate import table
    from nlg.poem.generate import Poet

    judge = _judge(options["judge"])
    folder = default_checkpoint(options["checkpoint"], "poem/vae")
    poet = Poet.from_checkpoint(folder, options["device"])
    poems = {name: _poems_of(name) for name in dict.fromkeys(files)}
    form, count = options["form"], options["samples"]
    if count:
        written = poet.write(form, count, options["seed"], write_options(options))
        lines = [poem.lines for poem in progress(written, "writing samples", count)]
        poems[f"nlg {form}"] = lines
    columns = {name: poem_report(p, poet.known, judge) for name, p in poems.items()}
    made = poet.checkpoint.metrics
    columns[f"human {form}"] = made["human"].get(form, {})
    if options["as_json"]:
        report = {"poems": columns, "latent": made["latent"], "signature": signature()}
        text = json.dumps(report, ensure_ascii=False)
    else:
        text = f"{table(columns)}\n\n{table({'latent': made['latent']})}\n{signature()}"
    write_lines([text], options["output"])


def _judge(path: pathlib.Path | None) -> "CharacterTrigrams | None":
    """Return a language model of the text at `path`."""
    if path is None:
        return None
    from nlg.errors import DataError
    from nlg.files import UNREADABLE, text_of
    from nlg.metrics.trigrams import CharacterTrigrams
    from nlg.text.normalize import to_simplified, verses

    try:
        lines = verses(to_simplified(text_of(path)))
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if not lines:
        raise DataError(f"{path}: no Chinese text in it")
    return CharacterTrigrams(lines)


def _poems_of(name: str) -> list[tuple[str, ...]]:
    """Return the poems of a file or folder, of any shape; say what is unreadable."""
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
