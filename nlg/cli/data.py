"""`nlg data`: raw text in, training data out."""

import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import click

from nlg.cli.options import LazyGroup, Number, Word, progress, show_problems, writing
from nlg.text.forms import FORMS

if TYPE_CHECKING:
    from nlg.text.collect import Found, Report

Record = TypeVar("Record", bound="Found")

COLLECTING = [  # options of every kind of data, in the order of the help
    click.argument("inputs", nargs=-1, required=True, metavar="INPUT..."),
    click.option(
        "-o",
        "--output",
        required=True,
        type=click.Path(path_type=pathlib.Path),
        help="The training part; gzipped if it ends in .gz. - is stdout, with "
        "nothing kept back for dev.",
    ),
    click.option(
        "--dev-share",
        type=Number(0, 1, max_open=True),
        default=0.01,
        show_default=True,
        help="Share kept back for dev, beside OUTPUT: NAME.dev.… for NAME.….",
    ),
    click.option("--seed", type=click.IntRange(0), default=1, show_default=True),
    click.option("--strict", is_flag=True, help="Stop at the first unreadable record."),
]


def collecting(command: Callable) -> Callable:
    """Add the common options to a command; `write_parts` takes the middle three."""
    for option in reversed(COLLECTING):
        command = option(command)
    return command


class DataGroup(LazyGroup):
    """The commands below, and those that make a reader's data."""

    places: ClassVar = {
        "cloze": "nlg.cli.qa_data:cloze_data",
        "qa": "nlg.cli.qa_data:qa_data",
        "vectors": "nlg.cli.qa_data:vector_data",
    }


@click.group(cls=DataGroup)
def data() -> None:
    """Read, clean and split training data."""


@data.command("poem")
@collecting
@click.option(
    "--form",
    "forms",
    multiple=True,
    type=Word(FORMS),
    help="Keep this form; may be repeated.  [default: all four]",
)
def poem_data(
    inputs: tuple[str, ...], forms: tuple[str, ...], strict: bool, **parts: Any
) -> None:
    """Collect regulated poems from files and folders; - is standard input.

    \b
    nlg data poem 全唐诗/ -o poems.jsonl.gz
    zcat mine.txt.gz | nlg data poem - -o mine.jsonl --form 七绝 --dev-share 0

    Reads JSON arrays with paragraphs (chinese-poetry), JSON lines (FSPC, PQED, CCPC),
    CSV with a column 内容, and plain text with one poem a line or one a block; gzipped
    or not. Traditional characters become simplified ones, marks and notes are dropped,
    several poems in one record are parted, 词 left out, and a poem found twice is kept
    once. JSON lines are written.
    """
    from nlg.poem import dataset
    from nlg.text.collect import Report, split

    report = Report()
    records = records_of(dataset.find_files(inputs), dataset.read)
    poems = list(dataset.clean(records, forms or FORMS, report, strict, part=True))
    show_report(report, poems, "regulated poem")
    write_parts(poems, "poems", split, dataset.write, **parts)


@data.command("couplet")
@collecting
@click.option(
    "--max-length",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    help="Characters that a line may have, marks included.",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="FILE",
    help="Drop couplets that share a line with FILE, such as a test set; may be "
    "repeated.",
)
def couplet_data(
    inputs: tuple[str, ...],
    max_length: int,
    exclude: tuple[str, ...],
    strict: bool,
    **parts: Any,
) -> None:
    """Collect couplets from files and folders; - is standard input.

    \b
    nlg data couplet couplet/train/ -o couplets.tsv.gz --exclude couplet/test/
    echo 書山有路勤為徑；學海無涯苦作舟 | nlg data couplet - -o mine.tsv --dev-share 0

    Reads 上联 TAB 下联 (；or —— will do for the TAB), JSON with first_line and
    second_line, in.txt with out.txt beside it (couplet-dataset), and poems in JSON, for
    the two couplets in the middle of 律诗; gzipped or not.
    Traditional characters become simplified ones, spaces and marks at the end are
    dropped, marks inside become ， 、 or ？. What is not two lines of one length with
    marks at the same places is dropped, a couplet found twice is kept once. Lines of
    上联 TAB 下联 are written; no line of the dev part stands in the training part.
    """
    from nlg.couplet import dataset
    from nlg.text.collect import Report

    report = Report()
    excluded = dataset.lines_in(dataset.find_files(exclude))
    records = records_of(dataset.find_files(inputs), dataset.read)
    couplets = list(dataset.clean(records, report, strict, max_length, excluded))
    show_report(report, couplets, "couplet")
    write_parts(couplets, "couplets", dataset.split, dataset.write, **parts)


def records_of(
    files: Iterable[pathlib.Path], read: Callable[[pathlib.Path], Iterable[Record]]
) -> Iterator[Record]:
    """Yield the records of every file behind a progress bar."""
    return progress((record for path in files for record in read(path)), "reading")


def show_report(report: "Report", kept: list, what: str) -> None:
    """Report on stderr what was kept, changed, and dropped why.

    Raises:
        DataError: nothing was kept.
    """
    from nlg.errors import DataError

    show_problems("skipped", report.problems)
    counts = ", ".join(f"{kind} {n:,}" for kind, n in report.kept.most_common())
    click.echo(f"read {report.read:,} records; kept {counts or 'none'}", err=True)
    for reason, count in report.dropped.most_common():
        click.echo(f"dropped {count:,}: {reason}", err=True)
    for change, count in report.changed.most_common():
        click.echo(f"changed {count:,}: {change}", err=True)
    if not kept:
        raise DataError(f"no {what} in the input: nothing to train on")


def write_parts(
    kept: list,
    what: str,
    split: Callable[[list, float, int], tuple[list, list]],
    write: Callable[[list, pathlib.Path], None],
    *,
    output: pathlib.Path,
    dev_share: float,
    seed: int,
) -> None:
    """Write a training and a dev part.

    Without a dev part, remove that of an earlier run: its records may be in the new
    training part.
    """
    from nlg.text.collect import STDOUT, dev_path

    has_dev = output != STDOUT
    train, dev = split(kept, dev_share if has_dev else 0.0, seed)
    beside = dev_path(output)
    with writing(output):
        write(train, output)
        if dev:
            write(dev, beside)
        elif has_dev and beside.is_file():
            beside.unlink()
            click.echo(f"removed the old {beside}: nothing kept back for dev", err=True)
    click.echo(
        f"wrote {len(train):,} {what} to {output}, {len(dev):,} kept back for dev",
        err=True,
    )
    if has_dev and not dev:
        note = "note: nlg train asks for --dev; a larger --dev-share keeps some back"
        click.echo(note, err=True)
