"""Forms of poems: the lengths of their lines, and the mark after each.

A form need not be a rectangle. Its tones and rhymes are patterns of `nlg.text.prosody`.

Example:
    >>> form_of(["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"]).name
    '五绝'
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nlg.errors import OptionError

MARKS = "，。"  # after the first line of a couplet, after the second


class Form(NamedTuple):
    """Lines of characters, each with a mark after it."""

    name: str
    line_lengths: tuple[int, ...]  # characters, the mark not counted
    marks: str  # one for each line
    parallel: tuple[int, ...] = ()  # lines of parallel couplets, from 0

    @property
    def lines(self) -> int:
        """Return the number of lines."""
        return len(self.line_lengths)

    @property
    def columns(self) -> int:
        """Return the length of every line; only forms of equal lines have one."""
        (columns,) = set(self.line_lengths)
        return columns

    @property
    def places(self) -> int:
        """Return the number of characters."""
        return sum(self.line_lengths)

    @property
    def tokens(self) -> int:
        """Return the number of characters and marks."""
        return self.places + self.lines

    def split(self, text: str) -> tuple[str, ...]:
        """Return `places` characters as lines."""
        return _split(text, self.line_lengths)

    def split_marked(self, text: str) -> tuple[str, ...]:
        """Return the lines of `text`, which has a mark after each but the last.

        Text of fewer lines is the beginning of a poem.
        """
        lines = _split(text, (length + 1 for length in self.line_lengths))
        bare = zip(lines, self.line_lengths, strict=True)
        return tuple(line[:length] for line, length in bare if line)


def _regulated(name: str, lines: int, columns: int) -> Form:
    parallel = tuple(range(2, lines - 2))  # 律诗: the second and the third couplet
    return Form(name, (columns,) * lines, MARKS * (lines // 2), parallel)


FORMS = {
    form.name: form
    for form in (
        _regulated("五绝", 4, 5),
        _regulated("七绝", 4, 7),
        _regulated("五律", 8, 5),
        _regulated("七律", 8, 7),
    )
}
DEFAULT_FORM = "七绝"
BY_LENGTHS = {form.line_lengths: form for form in FORMS.values()}
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
    """Return the form whose lines are as long as `lines`, or None."""
    return BY_LENGTHS.get(tuple(map(len, lines)))


def verse(lines: Sequence[str], marks: str = MARKS) -> str:
    """Return the lines of a poem in one row, each with its mark; `marks` recur.

    Example:
        >>> verse(["白日依山尽", "黄河入海流"])
        '白日依山尽，黄河入海流。'
    """
    return "".join(map("".join, zip(lines, itertools.cycle(marks), strict=False)))


def cut_unmarked(lines: Sequence[str]) -> tuple[str, ...]:
    """Return `lines`; a single one as long as a whole poem is cut into its lines.

    Example:
        >>> cut_unmarked(["床前明月光疑是地上霜举头望明月低头思故乡"])
        ('床前明月光', '疑是地上霜', '举头望明月', '低头思故乡')
        >>> cut_unmarked(["床前明月光疑是地上霜"])
        ('床前明月光疑是地上霜',)
    """
    form = BY_PLACES.get(len(lines[0])) if len(lines) == 1 else None
    return form.split(lines[0]) if form else tuple(lines)


def _split(text: str, lengths: Iterable[int]) -> tuple[str, ...]:
    """Return the parts of `text` that have these lengths."""
    characters = iter(text)
    return tuple("".join(itertools.islice(characters, n)) for n in lengths)
