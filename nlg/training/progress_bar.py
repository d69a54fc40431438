"""How far a training is, on stderr; of several processes the first tells it."""

import contextlib
import datetime
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import click

from nlg import progress_bar as plain
from nlg.training.parallel import is_first

Item = TypeVar("Item")
Show = Callable[[int, dict[str, float]], None]


def counted(
    items: Iterable[Item], label: str, length: int | None = None
) -> Iterator[Item]:
    """Yield `items` and show how many have passed, in the first process alone."""
    return plain.counted(items, label, length, hidden=not is_first())


@contextlib.contextmanager
def progress_bar(steps: int, begun: int) -> Iterator[Show]:
    """Give a function that shows the step reached and its scores.

    The time still needed is reckoned from the steps after `begun`: those before it,
    which a resumed run had done, took no time.
    """
    started = time.monotonic()
    with click.progressbar(
        length=steps,
        label="training",
        hidden=_hidden(),
        show_eta=False,
        show_pos=True,
        item_show_func=lambda text: text or "",
        file=sys.stderr,
        width=20,
    ) as bar:
        bar.update(begun)

        def show(step: int, scores: dict[str, float]) -> None:
            left = time_left(time.monotonic() - started, step - begun, steps - step)
            bar.update(step - bar.pos, f"{left} left  {in_words(scores)}")

        yield show


def note(text: str) -> None:
    """Tell stderr something that whoever trains may want to change, once."""
    if is_first():
        click.echo(f"note: {text}", err=True)


def time_left(seconds: float, done: int, left: int) -> str:
    """Return how long `left` steps take if `done` took so many seconds.

    Example:
        >>> time_left(60.0, 10, 600)
        '1:00:00'
    """
    return str(datetime.timedelta(seconds=round(seconds / max(1, done) * left)))


def _hidden() -> bool:
    """Return whether nobody would see a bar, or another process shows it."""
    return not (plain.is_watched() and is_first())


def in_words(scores: dict[str, float]) -> str:
    """Return scores as text.

    Example:
        >>> in_words({"loss": 3.14159, "tokens_per_second": 12345.6})
        'loss 3.142  tokens_per_second 12,346'
    """
    return "  ".join(
        f"{name} {score:,.0f}" if score >= 1000 else f"{name} {score:.4g}"
        for name, score in scores.items()
    )
