"""`nlg eval`: measure texts and models."""

import json
import pathlib
from typing import Any

import click

from nlg.cli.options import (
    DEVICE,
    JSON,
    OUTPUT,
    checkpoint_option,
    default_checkpoint,
    write_lines,
)
from nlg.cli.poem import FORM_NAMES


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
@click.option(
    "--form", type=click.Choice(FORM_NAMES), default="七绝", show_default=True
)
@click.option("--temperature", type=click.FloatRange(0, 10), default=0.3)
@click.option("--candidates", type=click.IntRange(1), default=8, show_default=True)
@click.option("--free", is_flag=True, help="Let the model write without rules.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@JSON
@OUTPUT
@checkpoint_option("poem/vae")
@DEVICE
def eval_poem(files: tuple[str, ...], **options: Any) -> None:
    r"""Report form, rhyme, tones, variety and originality of poems, side by side.

    \b
    nlg eval poem mine.txt
    nlg eval poem theirs.jsonl - --samples 0 --json < mine.txt

    A column for each FILE (what `nlg data poem` reads; - is standard input), one for
    poems that the model writes, and one for human poems that it was not trained on,
    measured when the checkpoint was made.
    """
    from nlg.poem.evaluate import report_poems, sample_report, table
    from nlg.poem.generate import Poet, WriteOptions

    folder = default_checkpoint(options["checkpoint"], "poem/vae")
    poet = Poet.from_checkpoint(folder, options["device"])
    columns = {name: report_poems(poet, _poems_of(name)) for name in files}
    if options["samples"]:
        write = WriteOptions(
            temperature=options["temperature"],
            candidates=options["candidates"],
            rules=not options["free"],
        )
        columns["model"] = sample_report(
            poet, options["form"], options["samples"], options["seed"], write
        )
    columns["human"] = poet.checkpoint.metrics["human"]
    as_json = json.dumps(columns, ensure_ascii=False)
    write_lines([as_json if options["as_json"] else table(columns)], options["output"])


def _poems_of(name: str) -> list[tuple[str, ...]]:
    """Return the poems of a file, of any shape; say which records are unreadable."""
    from nlg.errors import DataError
    from nlg.poem import dataset

    (path,) = dataset.find_files([name])
    poems = []
    for record in dataset.read(pathlib.Path(path)):
        if record.problem:
            click.echo(f"skipped: {record.where}: {record.problem}", err=True)
        elif record.lines:
            poems.append(dataset.simplified(record.lines))
    if not poems:
        raise DataError(f"{name}: no poem in it")
    return poems
