"""How far a training is, on stderr; of several processes the first tells it.

    training: 1,280 of 20,000 steps, 3:20:11 left, loss 3.142  tokens_per_second 3,370

On a terminal a bar shows it, elsewhere a plain line every `nlg.progress_bar.SECONDS`.
"""

import contextlib
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


def taking(label: str) -> contextlib.AbstractContextManager[None]:
    """Tell how long something has taken, in the first process alone."""
    return plain.taking(label, hidden=not is_first())


def progress_bar(steps: int, begun: int) -> contextlib.AbstractContextManager[Show]:
    """Give a function that shows the step reached and its scores.

    The time still needed is reckoned from the steps after `begun`: those before it,
    which a resumed run had done, took no time.
    """
    if plain.is_watched():
        return _bar(steps, begun)
    return contextlib.nullcontext(_lines(steps, begun))


@contextlib.contextmanager
def _bar(steps: int, begun: int) -> Iterator[Show]:
    started = time.monotonic()
    with click.progressbar(
        length=steps,
        label="training",
        hidden=not is_first(),
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


def _lines(steps: int, begun: int) -> Show:
    """Return a function that writes a plain line now and then."""
    started = told = time.monotonic()

    def show(step: int, scores: dict[str, float]) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < plain.SECONDS or not is_first():
            return
        told = now
        left = time_left(now - started, step - begun, steps - step)
        where = f"{step:,} of {steps:,} steps, {left} left"
        click.echo(f"training: {where}, {in_words(scores)}", err=True)

    return show


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
    return plain.in_time(seconds / max(1, done) * left)


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
