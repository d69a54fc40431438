"""How many items have passed, on stderr; silent where that is no terminal."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

import click

Item = TypeVar("Item")


def counted(
    items: Iterable[Item], label: str, length: int | None = None, hidden: bool = False
) -> Iterator[Item]:
    """Yield `items`, and show how many have passed, and of how many."""
    with click.progressbar(
        items,
        length,
        label,
        hidden or not is_watched(),
        show_pos=True,
        file=sys.stderr,
    ) as bar:
        yield from bar


def is_watched() -> bool:
    """Return whether somebody may see a bar."""
    return sys.stderr.isatty()
