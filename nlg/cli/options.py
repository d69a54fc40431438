"""What several commands share: options, input and output."""

import pathlib
import sys
from collections.abc import Callable, Iterable

import click

from nlg.errors import DataError

SEED = click.option(
    "--seed",
    type=click.IntRange(0),
    help="The same seed gives the same result; random by default.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
DEVICE = click.option(
    "--device",
    type=click.Choice(["cpu", "gpu"]),
    default="cpu",
    show_default=True,
    help="Where to compute; gpu needs onnxruntime-gpu.",
)
OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=pathlib.Path),
    help="Write here instead of stdout; an old file is replaced when all is done.",
)


def checkpoint_option(name: str) -> Callable:
    help = ("Write here; an old file is replaced only when all is done.",)
    return click.option(
        "--checkpoint",
        type=click.Path(path_type=pathlib.Path),
        help=f"Model folder.  [default: the shipped {name}]",
    )


def default_checkpoint(folder: pathlib.Path | None, name: str) -> pathlib.Path:
    """Return `folder`, or the shipped checkpoint `name`."""
    from nlg.runtime import checkpoints_folder

    return folder or checkpoints_folder() / name


def read_text(argument: str) -> str:
    """Return `argument`, or standard input if it is `-`."""
    return sys.stdin.read() if argument == "-" else argument


def random_seed() -> int:
    """Return a seed for who did not ask for one."""
    import secrets

    return secrets.randbelow(2**31)


def write_lines(lines: Iterable[str], output: pathlib.Path | None) -> None:
    """Print `lines` as they come, or write them to `output` when all are there.

    Raises:
        DataError: `output` cannot be written.
    """
    if output is None:
        for line in lines:
            click.echo(line)
        return
    from nlg.files import write_whole

    try:
        write_whole(output, "".join(f"{line}\n" for line in lines).encode())
    except OSError as error:
        raise DataError(f"{output} cannot be written: {error.strerror}") from None
