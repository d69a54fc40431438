"""Read passages from arguments and files, for `nlg qa`; imported when it runs."""

import pathlib
from collections.abc import Iterable, Iterator

from nlg.batch.tasks import passage_of
from nlg.cli.options import as_typed, read_text
from nlg.errors import DataError
from nlg.files import load_text
from nlg.text.collect import json_values, name_of


def passages_of(
    arguments: Iterable[str], file: pathlib.Path | None = None
) -> Iterator[str]:
    """Yield the passages in the order in which they were given, each as it stands.

    The places in an answer count the spaces and line ends of the text too.

    Args:
        arguments: texts, @FILE, or - for standard input.
        file: more passages, one a line; see `of_file`.
    """
    for argument in arguments:
        if argument.startswith("@"):
            yield load_text(pathlib.Path(as_typed(argument[1:])))
        else:
            yield read_text(argument)
    if file:
        yield from of_file(file)


def of_file(path: pathlib.Path) -> Iterator[str]:
    """Yield the passages of a file, text or JSON lines; blank lines are skipped."""
    text = load_text(path)
    if text.lstrip()[:1] not in ("{", '"'):
        yield from (line.rstrip("\r") for line in text.split("\n") if line.strip())
        return
    for where, value, problem in json_values(name_of(path), text):
        if problem:
            raise DataError(f"{where}: {problem}")
        yield passage_of(value, where)
