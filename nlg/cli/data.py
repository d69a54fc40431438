"""`nlg data`: raw text in, training data out."""

import pathlib
import sys
from typing import TYPE_CHECKING

import click

from nlg.cli.poem import FORM_NAMES

if TYPE_CHECKING:
    from nlg.poem.dataset import Poem, Report


@click.group()
def data() -> None:
    """Read, clean and split training data."""


@data.command("poem")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=pathlib.Path),
    help="JSON lines of the training part; gzipped if it ends in .gz.",
)
@click.option(
    "--form",
    "forms",
    multiple=True,
    type=click.Choice(FORM_NAMES),
    help="Keep this form; may be repeated.  [default: all four]",
)
@click.option(
    "--dev-share",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.01,
    show_default=True,
    help="Share of poems kept back for dev, beside OUTPUT as NAME.dev.jsonl.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--strict", is_flag=True, help="Stop at the first unreadable record.")
def poem_data(
    inputs: tuple[str, ...],
    output: pathlib.Path,
    forms: tuple[str, ...],
    dev_share: float,
    seed: int,
    strict: bool,
) -> None:
    r"""Collect regulated poems from files and folders; - is standard input.

    \b
    nlg data poem 全唐诗/ -o poems.jsonl.gz
    zcat mine.txt.gz | nlg data poem - -o mine.jsonl --form 七绝 --dev-share 0

    Reads JSON arrays with paragraphs (chinese-poetry), JSON lines, and plain text with
    one poem a line or one a block; gzipped or not. Traditional characters become
    simplified ones, marks are dropped, a poem found twice is kept once.
    """
    from nlg.errors import DataError
    from nlg.poem import dataset

    report = dataset.Report()
    poems = _collect(inputs, forms or FORM_NAMES, report, strict)
    train, dev = dataset.split(poems, dev_share, seed)
    try:
        dataset.write(train, output)
        if dev:
            dataset.write(dev, dataset.dev_path(output))
    except OSError as error:
        raise DataError(f"{output} cannot be written: {error.strerror}") from None
    _tell(report, output, len(train), len(dev))
    if not poems:
        raise DataError("no regulated poem in the input: nothing to train on")


def _collect(
    inputs: tuple[str, ...], forms: tuple[str, ...], report: "Report", strict: bool
) -> list["Poem"]:
    """Read every file behind a progress bar; each poem once over all of them."""
    from nlg.poem import dataset

    files = dataset.find_files(inputs)
    with click.progressbar(
        files, label="reading", file=sys.stderr, item_show_func=_name
    ) as bar:
        records = (record for path in bar for record in dataset.read(path))
        return list(dataset.clean(records, forms, report, strict))


def _name(path: pathlib.Path | None) -> str:
    return path.name if path else ""


def _tell(report: "Report", output: pathlib.Path, train: int, dev: int) -> None:
    """Report on stderr what was kept, and what was dropped why."""
    for problem in report.problems[:20]:
        click.echo(f"skipped: {problem}", err=True)
    if len(report.problems) > 20:
        click.echo(f"skipped: {len(report.problems) - 20} more", err=True)
    kept = ", ".join(f"{form} {n:,}" for form, n in report.kept.most_common()) or "none"
    click.echo(f"read {report.read:,} records; kept {kept}", err=True)
    for reason, count in report.dropped.most_common():
        click.echo(f"dropped {count:,}: {reason}", err=True)
    click.echo(
        f"wrote {train:,} poems to {output}, {dev:,} kept back for dev", err=True
    )
