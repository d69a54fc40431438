"""How many items have passed, on stderr: a bar on a terminal, elsewhere plain lines.

    answering: 1,280 of 100,000, 42.6 a second, 39 min left

A plain line is written every `SECONDS`, so a log of hours stays short. What has no
parts that could be counted tells how long it has taken (`taking`).
"""

import contextlib
import datetime
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

import click

SECONDS = 30  # between two plain lines
Item = TypeVar("Item")


def counted(
    items: Iterable[Item], label: str, length: int | None = None, hidden: bool = False
) -> Iterator[Item]:
    """Yield `items`, and show how many have passed, and of how many.

    Args:
        items: what passes.
        label: what is done to them.
        length: how many there are; by default their own length, if they have one.
        hidden: show nothing.
    """
    if not hidden and not is_watched():
        yield from _logged(items, label, length)
        return
    with click.progressbar(
        items,
        length,
        label,
        hidden,
        show_pos=True,
        file=sys.stderr,
    ) as bar:
        yield from bar


@contextlib.contextmanager
def meter(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many more of `length` items have passed."""
    if is_watched():
        with click.progressbar(
            length=length, label=label, show_pos=True, file=sys.stderr
        ) as bar:
            yield bar.update
    else:
        yield _Log(label, length).add


def _logged(items: Iterable[Item], label: str, length: int | None) -> Iterator[Item]:
    """Yield `items`, with a plain line on stderr now and then."""
    if length is None and isinstance(items, Sized):
        length = len(items)
    log = _Log(label, length)
    for item in items:
        log.add(0)
        yield item
        log.count += 1


class _Log:
    """Writes a plain line every `SECONDS`."""

    def __init__(self, label: str, length: int | None):
        self.label, self.length, self.count = label, length, 0
        self.start = self.told = time.monotonic()

    def add(self, count: int) -> None:
        """Count items; tell it if it is time."""
        self.count += count
        now = time.monotonic()
        if now - self.told >= SECONDS:
            self.told = now
            said = state(self.count, self.length, now - self.start)
            click.echo(f"{self.label}: {said}", err=True)


@contextlib.contextmanager
def taking(label: str, hidden: bool = False) -> Iterator[None]:
    """Write a plain line on stderr now and then for as long as something takes.

    making the checkpoint: 0:01:30 so far

    Args:
        label: what is done.
        hidden: show nothing.
    """
    done, began = threading.Event(), time.monotonic()

    def tell() -> None:
        while not done.wait(SECONDS):
            click.echo(f"{label}: {in_time(time.monotonic() - began)} so far", err=True)

    teller = threading.Thread(target=tell, daemon=True)
    if not hidden:
        teller.start()
    try:
        yield
    finally:
        done.set()
        if not hidden:
            teller.join()


def in_time(seconds: float) -> str:
    """Return seconds as hours, minutes and seconds.

    Example:
        >>> in_time(90.4)
        '0:01:30'
    """
    return str(datetime.timedelta(seconds=round(seconds)))


def state(count: int, length: int | None, seconds: float) -> str:
    """Return how many of `length` items have passed, how fast, and how long is left.

    Example:
        >>> state(1280, 100_000, 30.0)
        '1,280 of 100,000, 42.7 a second, 39 min left'
        >>> state(1280, None, 30.0)
        '1,280, 42.7 a second'
    """
    rate = count / max(seconds, 1e-9)
    shown = f"{count:,}" if length is None else f"{count:,} of {length:,}"
    shown = f"{shown}, {rate:,.1f} a second"
    if length is None or not count:
        return shown
    return f"{shown}, {(length - count) / rate / 60:,.0f} min left"


def is_watched() -> bool:
    """Return whether somebody may see a bar."""
    return sys.stderr.isatty()
