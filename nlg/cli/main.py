"""The command line: groups, errors, streams. Commands are one file a family.

A command's file is imported when it is called, and nothing but click until it runs, so
that `--help` answers at once.
"""

import contextlib
import errno
import sys
from collections.abc import Iterator
from typing import Any, ClassVar

import click

import nlg
from nlg.cli.one_line import one_line
from nlg.cli.options import LazyGroup
from nlg.cli.program import missing_package
from nlg.errors import NlgError


class Suite(LazyGroup):
    """A group that prints an `NlgError` as one line and exits with its code."""

    places: ClassVar = {
        "average": "nlg.cli.average:average",
        "calibrate": "nlg.cli.calibrate:calibrate",
        "check": "nlg.cli.check:check",
        "classify": "nlg.cli.classify:classify",
        "couplet": "nlg.cli.couplet:couplet",
        "data": "nlg.cli.data:data",
        "eval": "nlg.cli.evaluate:evaluate",
        "import-bert": "nlg.cli.import_bert:import_bert",
        "poem": "nlg.cli.poem:poem",
        "pretrain": "nlg.cli.train:pretrain",
        "qa": "nlg.cli.qa:qa",
        "serve": "nlg.cli.serve:serve",
        "train": "nlg.cli.train:train",
        "write": "nlg.cli.write:write",
    }

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run from the shell; help and wrong usage are Chinese too."""
        use_streams_that_can_write_chinese()
        try:
            # `| head`, an interrupt and wrong usage end in here.
            return super().main(*args, **kwargs)
        except NlgError as error:
            line, code = str(error), error.exit_code
        except OSError as error:  # a full disk, no permission, a closed stream
            line, code = _why(error), NlgError.exit_code
        except MemoryError:
            line, code = "not enough memory; ask for less at once", NlgError.exit_code
        except ImportError as error:
            line, code = missing_package(error), NlgError.exit_code
            if not line:
                raise
        click.echo(f"Error: {one_line(line)}", err=True)
        sys.exit(code)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Return the context of the suite; wrong usage is one line."""
        with on_one_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; wrong usage of it is one line."""
        with on_one_line():
            return super().invoke(ctx)


@contextlib.contextmanager
def on_one_line() -> Iterator[None]:
    """Let wrong usage that is told of be told on one line."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:  # its message is the help
        raise
    except click.ClickException as error:
        error.message = one_line(error.message)  # type: ignore[misc]
        raise


def _why(error: OSError) -> str:
    if error.errno == errno.EBADF:
        return "standard input or standard output is closed, and this needs it"
    return str(error)


def use_streams_that_can_write_chinese() -> None:
    """Make no character of a result an error of the console.

    A console that knows Chinese (GBK, Big5) keeps its encoding, and shows what it lacks
    as \\uXXXX. One that does not (ASCII, Latin-1) is written UTF-8, which is what
    terminals with a bare C locale show.
    """
    for stream in (sys.stdout, sys.stderr):
        if not hasattr(stream, "reconfigure"):
            continue
        try:
            "春".encode(stream.encoding)
            stream.reconfigure(errors="backslashreplace")
        except UnicodeEncodeError:
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    """Print the version and what identifies each shipped model, and stop."""
    if not asked or ctx.resilient_parsing:
        return
    from nlg.runtime import checkpoints_folder
    from nlg.runtime.checkpoint import SHA256, digest

    click.echo(f"nlg {nlg.__version__}")
    root = checkpoints_folder()
    for listing in sorted(root.rglob(SHA256)):
        name = listing.parent.relative_to(root).as_posix()
        click.echo(f"checkpoints/{name}  sha256:{digest(listing)[:16]}")
    ctx.exit()


@click.group(cls=Suite, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Show the version and the checkpoints' hashes.",
)
def main() -> None:
    """Chinese text generation: poems, couplets, reading comprehension.

    \b
    Write a poem:            nlg poem --sample
    Answer a line:           nlg couplet 晚风摇树树还挺
    Write praise:            nlg write --class positive
    Three, always the same:  nlg poem --sample -n 3 --form 五绝 --seed 7
    Blend two poems:         nlg poem --interpolate 诗甲 诗乙 --steps 5

    Results go to stdout, progress and notes to stderr. Exit codes: 0 done, 1 failed,
    2 wrong usage.
    """
