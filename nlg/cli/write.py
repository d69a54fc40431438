"""`nlg write`: text of a class, such as reviews that praise."""

import dataclasses
import json
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import (
    DEVICE,
    JSON,
    SEED,
    Number,
    checkpoint_option,
    progress,
    read_text,
    write_lines,
)
from nlg.cli.rows_options import RowsOptions, answer_rows, rows_options

if TYPE_CHECKING:
    from nlg.write.reviewer import ReviewOptions, WrittenText

BLOCK_ROWS = 32  # rows that are answered, and kept on the disk, together


@dataclasses.dataclass(frozen=True)
class Request:
    """The arguments of the command; None where an option is not given."""

    class_name: str | None
    begin: str | None
    count: int
    seed: int
    temperature: float | None
    top_p: float | None
    max_length: int | None
    guidance: float | None
    as_json: bool
    rows: RowsOptions
    checkpoint: pathlib.Path | None
    device: str

    def __post_init__(self) -> None:
        """Refuse options that do not go together."""
        from_rows = self.rows.source is not None  # which may have classes
        if self.guidance is not None and self.class_name is None and not from_rows:
            raise click.UsageError("--guidance goes with --class")

    def review_options(self) -> "ReviewOptions":
        """Return how to write."""
        from nlg.write.reviewer import ReviewOptions

        given = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_length": self.max_length,
            "guidance": self.guidance,
        }
        changes: dict[str, Any] = {n: x for n, x in given.items() if x is not None}
        return ReviewOptions(**changes)


@click.command()
@click.option(
    "--class", "class_name", metavar="NAME", help="What it is to be; none by default."
)
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many texts; they differ.",
)
@click.option("--begin", metavar="TEXT", help="How it begins; - is stdin.")
@click.option(
    "--temperature",
    type=Number(0, 10),
    help="How freely it is drawn; 0 takes the most probable.  [default: 0.8]",
)
@click.option(
    "--top-p",
    type=Number(0, 1),
    help="Share of the probability that is drawn from.  [default: 0.9]",
)
@click.option(
    "--guidance",
    type=Number(0, 20),
    help="How far the class leads away from a text without; 1 as in training.  "
    "[default: 2]",
)
@click.option(
    "--max-length",
    type=click.IntRange(1),
    help="Tokens at most, mostly characters.  [default: as in training]",
)
@rows_options("Rows of class, begin, count, seed; or lines, each a beginning.")
@JSON
@SEED
@checkpoint_option("write")
@DEVICE
@click.pass_context
def write(ctx: click.Context, **options: Any) -> None:
    """Write text of a class: reviews that praise or complain.

    \b
    nlg write --class positive
    nlg write --class negative --begin 房间 -n 5 --seed 7 --json
    nlg write --input beginnings.jsonl --class positive --output texts.jsonl

    The classes are those of the texts that the model was trained on; nlg train write
    trains one on yours. One text a line. The same seed gives the same text, whatever
    -n. What a row of --input leaves out is as the options say.
    """
    request = Request(**options)
    class_name = _one_line("class", request.class_name)
    begin = _one_line("begin", request.begin)
    how = request.review_options()
    if request.rows.source is not None:
        ctx.exit(_write_rows(request, class_name, begin, how))
    from nlg.write.reviewer import Reviewer

    reviewer = Reviewer.from_checkpoint(request.checkpoint, request.device)
    texts = reviewer.write(class_name, begin, request.count, request.seed, how)
    texts = _all_of(request.count, texts)
    if request.rows.output:  # elsewhere the texts themselves show how far it is
        texts = progress(texts, "writing", request.count)
    lines = (
        json.dumps(one.to_dict(), ensure_ascii=False) if request.as_json else one.text
        for one in texts
    )
    write_lines(lines, request.rows.output)


def _write_rows(
    request: Request, class_name: str, begin: str, how: "ReviewOptions"
) -> int:
    """Write the texts that the rows of files ask for; return the exit code."""
    from nlg.batch.work import Work

    settings = {
        "checkpoint": request.checkpoint and str(request.checkpoint),
        "device": request.device,
        "asked": {
            "class_name": class_name,
            "begin": begin,
            "count": request.count,
            "seed": request.seed,
        },
        "options": dataclasses.asdict(how),
    }
    names = ("begin", "class", "text")
    work = Work("nlg.batch.writing:write", settings, request.rows.id_field, (), names)
    return answer_rows(request.rows, work, BLOCK_ROWS, "write")


def _all_of(count: int, texts: Iterator["WrittenText"]) -> Iterator["WrittenText"]:
    """Yield the texts, and say so if they are fewer than `count`."""
    written = 0
    for text in texts:
        yield text
        written += 1
    if written < count:
        note = f"note: only {written} of {count} differ; raise --temperature or --top-p"
        click.echo(note, err=True)


def _one_line(name: str, given: str | None) -> str:
    """Return the text of an option on one line; "" where it is not given."""
    text = " ".join(read_text(given or "").split())
    if given is not None and not text:
        raise click.UsageError(f"--{name} is empty")
    return text
