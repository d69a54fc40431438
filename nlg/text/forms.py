"""The four regulated forms: how many lines, how many characters a line.

Example:
    >>> form_of(["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"]).name
    '五绝'
"""

from collections.abc import Sequence
from typing import NamedTuple


class Form(NamedTuple):
    """A page of `lines` by `columns` characters."""

    name: str
    lines: int
    columns: int

    @property
    def places(self) -> int:
        """Return the number of characters on the page."""
        return self.lines * self.columns


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


def form_of(lines: Sequence[str]) -> Form | None:
    """Return the form that `lines` have the shape of, or None."""
    lengths = {len(line) for line in lines}
    if len(lengths) != 1:
        return None
    return BY_SHAPE.get((len(lines), lengths.pop()))
