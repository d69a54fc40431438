"""`nlg data`: raw text in, training data out."""

import pathlib
from typing import TYPE_CHECKING

import click

from nlg.cli.options import Number, Word, progress
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
    type=Word(FORM_NAMES),
    help="Keep this form; may be repeated.  [default: all four]",
)
@click.option(
    "--dev-share",
    type=Number(0, 1, max_open=True),
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
    """Collect regulated poems from files and folders; - is standard input.

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
    if not poems:
        _tell(report)
        raise DataError("no regulated poem in the input: nothing to train on")
    train, dev = dataset.split(poems, dev_share, seed)
    _write(train, dev, output)
    _tell(report)
    click.echo(
        f"wrote {len(train):,} poems to {output}, {len(dev):,} kept back for dev",
        err=True,
    )


def _collect(
    inputs: tuple[str, ...], forms: tuple[str, ...], report: "Report", strict: bool
) -> list["Poem"]:
    """Read every file behind a progress bar; each poem once over all of them."""
    from nlg.poem import dataset

    files = dataset.find_files(inputs)
    records = (record for path in files for record in dataset.read(path))
    counted = progress(records, "reading")
    return list(dataset.clean(counted, forms, report, strict))


def _write(train: list["Poem"], dev: list["Poem"], output: pathlib.Path) -> None:
    """Write both parts; without a dev part, remove the one of an earlier run.

    Its poems may be in the new training part.
    """
    from nlg.errors import DataError
    from nlg.poem import dataset

    beside = dataset.dev_path(output)
    try:
        dataset.write(train, output)
        if dev:
            dataset.write(dev, beside)
        elif beside.is_file():
            beside.unlink()
            click.echo(f"removed the old {beside}: nothing kept back for dev", err=True)
    except OSError as error:
        raise DataError(f"{output} cannot be written: {error.strerror}") from None


def _tell(report: "Report") -> None:
    """Report on stderr what was kept, and what was dropped why."""
    for problem in report.problems[:20]:
        click.echo(f"skipped: {problem}", err=True)
    if len(report.problems) > 20:
        click.echo(f"skipped: {len(report.problems) - 20} more", err=True)
    kept = ", ".join(f"{form} {n:,}" for form, n in report.kept.most_common()) or "none"
    click.echo(f"read {report.read:,} records; kept {kept}", err=True)
    for reason, count in report.dropped.most_common():
        click.echo(f"dropped {count:,}: {reason}", err=True)
