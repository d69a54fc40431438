"""The four regulated forms: how many lines, how many characters a line.

Example:
    >>> form_of(["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"]).name
    '五绝'
"""

from collections.abc import Sequence
from typing import NamedTuple

from nlg.errors import OptionError


class Form(NamedTuple):
    """A page of `lines` by `columns` characters."""

    name: str
    lines: int
    columns: int

    @property
    def places(self) -> int:
        """Return the number of characters on the page."""
        return self.lines * self.columns


MARKS = "，。"  # after the first line of a couplet, after the second
FORMS = {
    form.name: form
    for form in (
        Form("五绝", 4, 5),
        Form("七绝", 4, 7),
        Form("五律", 8, 5),
        Form("七律", 8, 7),
    )
}
BY_SHAPE = {(form.lines, form.columns): form for form in FORMS.values()}
BY_PLACES = {form.places: form for form in FORMS.values()}


def form_named(name: str) -> Form:
    """Return the form called `name`.

    Raises:
        OptionError: there is none.
    """
    if name not in FORMS:
        raise OptionError(f"no form {name!r}; there are {', '.join(FORMS)}")
    return FORMS[name]


def form_of(lines: Sequence[str]) -> Form | None:
    """Return the form that `lines` have the shape of, or None."""
    lengths = {len(line) for line in lines}
    if len(lengths) != 1:
        return None
    return BY_SHAPE.get((len(lines), lengths.pop()))


def verse(lines: Sequence[str]) -> str:
    """Return the lines of a poem with their marks, in one row.

    Example:
        >>> verse(["白日依山尽", "黄河入海流"])
        '白日依山尽，黄河入海流。'
    """
    return "".join(f"{line}{MARKS[n % 2]}" for n, line in enumerate(lines))


def cut(text: str, columns: int) -> tuple[str, ...]:
    """Cut `text` into lines of `columns` characters."""
    return tuple(text[i : i + columns] for i in range(0, len(text), columns))


def cut_unmarked(lines: Sequence[str]) -> tuple[str, ...]:
    """Return `lines`, but one as long as a whole poem, typed without marks, cut.

    Example:
        >>> cut_unmarked(["床前明月光疑是地上霜举头望明月低头思故乡"])
        ('床前明月光', '疑是地上霜', '举头望明月', '低头思故乡')
        >>> cut_unmarked(["床前明月光疑是地上霜"])
        ('床前明月光疑是地上霜',)
    """
    form = BY_PLACES.get(len(lines[0])) if len(lines) == 1 else None
    return cut(lines[0], form.columns) if form else tuple(lines)
