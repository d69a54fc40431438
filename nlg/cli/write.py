"""`nlg write`: text of a class, such as reviews that praise."""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import (
    DEVICE,
    JSON,
    OUTPUT,
    SEED,
    Number,
    checkpoint_option,
    default_checkpoint,
    progress,
    random_seed,
    read_text,
    write_lines,
)

if TYPE_CHECKING:
    from nlg.write.text_writer import TextWriter, WrittenText


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
    help="How many texts.",
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
@JSON
@SEED
@OUTPUT
@checkpoint_option("write")
@DEVICE
def write(**options: Any) -> None:
    """Write text of a class: reviews that praise or complain.

    \b
    nlg write --class positive
    nlg write --class negative --begin 房间 -n 5 --seed 7 --json

    The classes are those of the texts that the model was trained on; nlg train write
    trains one on yours. One text a line. The same seed gives the same text, whatever
    -n.
    """
    class_name, begin = _asked(options, "class_name"), _asked(options, "begin")
    writer, how = _writer(options)
    seed = random_seed() if options["seed"] is None else options["seed"]
    texts = writer.write(class_name, begin, options["count"], seed, how)
    if options["output"]:  # elsewhere the texts themselves show how far it is
        texts = progress(texts, "writing", options["count"])
    about = {"class": class_name, "seed": seed}
    write_lines(_printed(texts, about, options["as_json"]), options["output"])


def _asked(options: dict[str, Any], name: str) -> str:
    """Return the text of an option on one line; "" where it is not given."""
    text = " ".join(read_text(options[name] or "").split())
    if options[name] is not None and not text:
        raise click.UsageError(f"--{name.removesuffix('_name')} is empty")
    return text


def _writer(options: dict[str, Any]) -> "tuple[TextWriter, Any]":
    """Return the writer, and how to write; refuse bad options before loading."""
    from nlg.write.text_writer import TextWriter, WriteOptions

    if options["guidance"] is not None and not options["class_name"]:
        raise click.UsageError("--guidance goes with --class")
    names = ("temperature", "top_p", "max_length", "guidance")
    given = {name: options[name] for name in names if options[name] is not None}
    how = WriteOptions(**given)
    folder = default_checkpoint(options["checkpoint"], "write")
    return TextWriter.from_checkpoint(folder, options["device"]), how


def _printed(
    texts: "Iterable[WrittenText]", about: dict[str, Any], as_json: bool
) -> Iterator[str]:
    """Yield the line of each text."""
    for written in texts:
        facts = written._asdict() | about
        yield json.dumps(facts, ensure_ascii=False) if as_json else written.text
