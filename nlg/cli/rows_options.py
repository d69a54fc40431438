"""The options of every command that answers the rows of files, and what they do.

@rows_options("JSON lines of id, question and passages.")
def command(rows: RowsOptions, …) -> None:
ctx.exit(answer_rows(rows, work, block_rows=32, shipped="qa"))
"""

import contextlib
import dataclasses
import functools
import itertools
import pathlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import writing

if TYPE_CHECKING:
    from nlg.batch.formats import Wanted
    from nlg.batch.ray_engine import Cluster
    from nlg.batch.rows import Row
    from nlg.batch.run import Batch, Outcome
    from nlg.batch.work import Work

LOCAL, RAY = "local", "ray"
HEAD = 1000  # rows that settle what a file is
CHUNK_BLOCKS = 2  # blocks of a part, on a cluster


class Workers(click.ParamType):
    """A number of workers, or the least and the most of them: 4 or 2:8."""

    name = "N|MIN:MAX"

    def convert(self, value: Any, *about: Any) -> tuple[int, int]:
        """Return the least and the most."""
        if isinstance(value, tuple):
            return value
        least, _, most = value.partition(":")
        try:
            found = int(least), int(most or least)
        except ValueError:
            found = 0, 0
        if not 1 <= found[0] <= found[1]:
            self.fail(f"{value!r} is no number of workers; write 4, or 2:8.", *about)
        return found


@dataclasses.dataclass(frozen=True, kw_only=True)
class RowsOptions:
    """The values of the options below."""

    source: str | None
    place: str  # of the output; "" is stdout
    text_field: str
    id_field: str
    engine: str
    workers: tuple[int, int]
    address: str
    cpus_per_worker: float
    num_gpus: float

    def __post_init__(self) -> None:
        """Refuse options that go with another engine, or with --input alone."""
        if self.engine == LOCAL and (self.address or self.num_gpus):
            raise click.UsageError("--address and --num-gpus go with --engine ray")
        if self.engine == LOCAL and self.workers[0] != self.workers[1]:
            raise click.UsageError("--workers MIN:MAX goes with --engine ray")
        if self.engine == RAY and not (self.source and self.place):
            raise click.UsageError("--engine ray goes with --input and --output")
        if self.engine == LOCAL and ("://" in self.place or self.place.endswith("/")):
            raise click.UsageError(
                f"--output {self.place}: a folder or a URL goes with --engine ray"
            )

    @property
    def output(self) -> pathlib.Path | None:
        """Return the file to write; None is stdout."""
        return pathlib.Path(self.place) if self.place else None

    def cluster(self) -> "Cluster":
        """Return which machines answer."""
        from nlg.batch.ray_engine import Cluster

        return Cluster(self.address, self.workers, self.cpus_per_worker, self.num_gpus)


def rows_options(what: str) -> Callable[[Callable], Callable]:
    """Return a decorator that adds the options, and hands them on as `rows`.

    Args:
        what: the files that --input takes.
    """
    options = (
        click.option(
            "--input",
            "source",
            metavar="FILES",
            help=f"{what} A file, a folder, a pattern or a URL such as s3://…; text or "
            "JSON lines, CSV, TSV or Parquet, packed or not; - is standard input.",
        ),
        click.option(
            "-o",
            "--output",
            "place",
            metavar="FILE",
            default="",
            callback=lambda context, parameter, place: "" if place == "-" else place,
            help="Write here instead of stdout, when all is done; rows of --input in "
            "the format of the suffix: JSON lines, .csv, .tsv, .parquet, packed with "
            ".gz or .zst. With --engine ray also FOLDER/, or a URL.",
        ),
        click.option(
            "--text-field", default="", help="The field of --input that is the text."
        ),
        click.option(
            "--id-field",
            default="id",
            show_default=True,
            help="The field of --input that an answer repeats as its id.",
        ),
        click.option(
            "--engine",
            type=click.Choice((LOCAL, RAY)),
            default=LOCAL,
            show_default=True,
            help="Answer --input on this machine, or on a cluster by Ray.",
        ),
        click.option(
            "--workers",
            type=Workers(),
            default="1",
            show_default=True,
            help="Processes that answer --input, each with the model open.",
        ),
        click.option(
            "--address", default="", help="Of a Ray cluster: host:port, or auto."
        ),
        click.option(
            "--cpus-per-worker",
            type=click.FloatRange(0, min_open=True),
            default=1,
            show_default=True,
            help="Cores of a worker, with --engine ray.",
        ),
        click.option(
            "--num-gpus",
            type=click.FloatRange(0),
            default=0,
            help="GPUs of a worker, with --engine ray.",
        ),
    )
    names = [field.name for field in dataclasses.fields(RowsOptions)]

    def decorate(command: Callable) -> Callable:
        @functools.wraps(command)
        def collected(*args: Any, **kwargs: Any) -> Any:
            values = {name: kwargs.pop(name) for name in names}
            return command(*args, rows=RowsOptions(**values), **kwargs)

        for option in reversed(options):
            collected = option(collected)
        return collected

    return decorate


def answer_rows(
    rows: RowsOptions,
    work: "Work",
    block_rows: int,
    shipped: str = "",
    settle: "Callable[[list[Row]], dict[str, Any]] | None" = None,
) -> int:
    """Answer the rows of --input into --output; return the exit code.

    Args:
        rows: where they are, where answers go, and who computes them.
        work: what is done to each.
        block_rows: see `nlg.batch.run.Batch`.
        shipped: name of the checkpoint that the work opens if its settings name none;
            "" where it needs no model, or no model is shipped.
        settle: returns more settings, which the first rows tell.
    """
    from nlg.batch.formats import Wanted
    from nlg.batch.rows import find_inputs, read_rows
    from nlg.batch.run import Batch
    from nlg.batch.work import fingerprint

    files = find_inputs([rows.source or "-"])
    wanted = Wanted(work.names, rows.text_field)
    found = read_rows(files, wanted)
    if settle:
        head = list(itertools.islice(found, HEAD))
        found = itertools.chain(head, found)
        work = work._replace(settings=work.settings | settle(head))
    known = fingerprint(work, digest_of(work, shipped))
    batch = Batch(work, known, block_rows, rows.workers[0])
    with writing(rows.place) if rows.place else contextlib.nullcontext():
        outcome = _answer(rows, batch, files, wanted, found)
    for note in outcome.notes:
        click.echo(f"note: {note}", err=True)
    if outcome.kept:
        click.echo(f"{outcome.kept:,} answers of an earlier run were kept", err=True)
    if outcome.errors:
        told = f"Error: {outcome.errors:,} of {outcome.rows:,} lines have an error"
        click.echo(told, err=True)
    return int(outcome.errors > 0)


def _answer(
    rows: RowsOptions,
    batch: "Batch",
    files: list[str],
    wanted: "Wanted",
    found: "Iterable[Row]",
) -> "Outcome":
    from nlg.batch.run import run, run_on_cluster

    if rows.engine == RAY:
        how = rows.cluster(), CHUNK_BLOCKS * batch.block_rows, wanted
        return run_on_cluster(files, batch, rows.place, *how)

    def watch(found: "Iterable[Row]") -> "Iterable[Row]":
        from nlg.progress_bar import counted

        # On a terminal the answers themselves show how far it is.
        return (
            counted(found, "answering", _length(files, wanted))
            if rows.output
            else found
        )

    return run(found, batch, rows.output, watch)


def _length(files: list[str], wanted: "Wanted") -> int | None:
    """Return the number of rows, where a pass over the files is quick."""
    from nlg.batch.remote import is_remote
    from nlg.batch.rows import places_of

    if any(name == "-" or is_remote(name) for name in files):
        return None
    return sum(1 for name in files for _ in places_of(name, wanted))


def digest_of(work: "Work", shipped: str) -> str:
    """Return what tells the checkpoint of a work from others; "" if it is not there."""
    from nlg.runtime import checkpoints_folder
    from nlg.runtime.checkpoint import SHA256, digest

    own = work.settings.get("checkpoint")
    if not (own or shipped):
        return ""
    folder = own or checkpoints_folder() / shipped
    listing = pathlib.Path(folder) / SHA256
    return digest(listing) if listing.is_file() else ""
