"""What several commands share: groups, options, input and output."""

import contextlib
import importlib
import math
import os
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import click

from nlg.errors import DataError

Item = TypeVar("Item")


class LazyGroup(click.Group):
    """A group that knows where its commands are, and imports those that are called."""

    places: ClassVar[Mapping[str, str]] = {}  # module:name by name of the command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in order."""
        return sorted({*self.commands, *self.places})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, imported now; None if there is none of that name."""
        if name in self.places:
            module, _, attribute = self.places[name].partition(":")
            return getattr(importlib.import_module(module), attribute)
        return super().get_command(ctx, name)


class Number(click.FloatRange):
    """A number in a range, which "nan" is not."""

    def convert(self, value: Any, *about: Any) -> float:
        """Return `value` as a finite number."""
        number = super().convert(value, *about)
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number.", *about)
        return number


class Word(click.Choice):
    """One of some Chinese words."""

    def convert(self, value: Any, *about: Any) -> Any:
        """Return the word that `value` is."""
        return super().convert(as_typed(value), *about)


def random_seed() -> int:
    """Return a seed for a user who gives none."""
    return int.from_bytes(os.urandom(4), "little") >> 1


SEED = click.option(
    "--seed",
    type=click.IntRange(0),
    default=random_seed,
    help="The same seed gives the same result; random by default.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
DEVICE = click.option(
    "--device",
    type=click.Choice(["cpu", "gpu"]),
    default="cpu",
    show_default=True,
    help="Where to compute; gpu is ONNX Runtime's CUDA provider (onnxruntime-gpu).",
)


def or_stdout(
    context: click.Context, parameter: click.Parameter, path: pathlib.Path | None
) -> pathlib.Path | None:
    """Return a path to write to; None, which is stdout, for -."""
    return None if path == pathlib.Path("-") else path


OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=pathlib.Path),
    callback=or_stdout,
    help="Write here instead of stdout; an old file is replaced when all is done.",
)


def checkpoint_option(name: str) -> Callable:
    """Return the option for another folder than the shipped `checkpoints/NAME`."""
    return click.option(
        "--checkpoint",
        type=click.Path(path_type=pathlib.Path),
        help=f"Model folder.  [default: the shipped {name}]",
    )


def as_typed(argument: str) -> str:
    """Return an argument as text; one that the locale could not decode is UTF-8."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return os.fsencode(argument).decode("utf-8", "replace")
    return argument


def read_text(argument: str) -> str:
    """Return `argument`, or standard input if it is `-`.

    Standard input may be UTF-8, or what the console is set to.

    Raises:
        DataError: it is neither.
    """
    if argument != "-":
        return as_typed(argument)
    content = sys.stdin.buffer.read()
    for encoding in ("utf-8-sig", sys.stdin.encoding):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DataError("standard input is no UTF-8 text; convert it with iconv -t utf-8")


def progress(
    items: Iterable[Item], label: str, length: int | None = None
) -> Iterator[Item]:
    """Yield `items` and show on stderr how many have passed; see `counted`."""
    from nlg.progress_bar import counted

    return counted(items, label, length)


@contextlib.contextmanager
def writing(output: pathlib.Path | str) -> Iterator[None]:
    """Turn what the system says of writing `output` inside into one clear line.

    Raises:
        DataError: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f"{output} cannot be written: {error.strerror}") from None


def write_lines(lines: Iterable[str], output: pathlib.Path | None) -> None:
    """Print `lines` as they come, or write them to `output` when all are there.

    Raises:
        DataError: `output` cannot be written.
    """
    if output is None:
        for line in lines:
            click.echo(line)
        return
    from nlg.files import replacing

    with (
        writing(output),
        replacing(output) as part,
        part.open("w", encoding="utf-8", errors="backslashreplace") as file,
    ):
        for line in lines:
            file.write(f"{line}\n")


SHOWN = 20  # problems that are printed


def show_problems(what: str, problems: Sequence[str]) -> None:
    """Print the first problems on stderr, and how many more there are."""
    for problem in problems[:SHOWN]:
        click.echo(f"{what}: {problem}", err=True)
    if len(problems) > SHOWN:
        click.echo(f"{what}: {len(problems) - SHOWN} more", err=True)
