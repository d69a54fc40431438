"""What a request asks of a poem: its form, its source, and its fixed characters.

    form       五绝 七绝 五律 七律; by default the one that the other parts fit
    source     words of a theme, or a title
    fixed      characters at places: 藏头, 藏尾, a diagonal, the first line, any others

This file knows no network.
"""

import re
from collections.abc import Iterator, Sequence

from nlg.errors import OptionError
from nlg.poem.request import (
    COMMA,
    LONGEST_THEME,
    LONGEST_TITLE,
    LONGEST_WORD,
    SOURCE_WORDS,
    PoemRequest,
)
from nlg.text.forms import FORMS, Form, form_named
from nlg.text.normalize import HAN, is_han, to_simplified
from nlg.text.words import keywords

FREE = "_"  # any character
# Of forms that fit as well: few lines first, then long ones; so 七绝 is the default.
BY_SIZE = sorted(FORMS.values(), key=lambda form: (form.lines, -form.places))
GAPS = re.compile(r"[\s、，,；;/|]+")

Place = tuple[int, int]  # line and column, from 0
Fixed = dict[Place, str]


def form_wanted(request: PoemRequest) -> Form:
    """Return the form that is asked for, else one that all parts of the request fit.

    Raises:
        OptionError: a part does not fit.

    Example:
        >>> form_wanted(PoemRequest(acrostic="春夏秋冬", first_line="春眠不觉晓")).name
        '五绝'
    """
    keep = _places(request.keep)
    if request.keep and not keep.strip(FREE):
        raise OptionError("there is nothing to keep: every place is free")
    parts = {
        "what to keep": len(keep),
        "the first line": len(_written("first line", request.first_line)),
        "the acrostic": len(_written("acrostic", request.acrostic)),
    }

    def misfits(form: Form) -> list[bool]:
        """Compare with `form`; a part that is not given misfits every form alike."""
        pairs = zip(parts.values(), _sizes(form), strict=True)
        return [has != takes for has, takes in pairs]

    form = form_named(request.form) if request.form else min(BY_SIZE, key=misfits)
    for (name, has), takes in zip(parts.items(), _sizes(form), strict=True):
        if has not in (0, takes):
            raise OptionError(
                f"{name} has {has} characters, with {form.name} it takes {takes}"
            )
    return form


def fixed_of(request: PoemRequest, form: Form) -> Fixed:
    """Return the fixed characters by their places.

    Example:
        >>> fixed_of(PoemRequest(acrostic="春夏秋冬"), form_named("五绝"))[1, 0]
        '夏'

    Raises:
        OptionError: two characters are fixed at one place; both are named.
    """
    parts = {
        "the acrostic": _acrostic(request, form),
        "the first line": _first_line(request),
        "what to keep": _kept(request, form),
    }
    fixed: Fixed = {}
    said: dict[Place, str] = {}
    for name, part in parts.items():
        for place, character in part:
            if fixed.setdefault(place, character) != character:
                line, column = place[0] + 1, place[1] + 1
                raise OptionError(
                    f"line {line}, character {column}: {said[place]} has "
                    f"{fixed[place]}, {name} has {character}; change one"
                )
            said.setdefault(place, name)
    return fixed


def drawn(fixed: Fixed, form: Form) -> str:
    """Return the lines that have a fixed character.

    Example:
        >>> drawn({(0, 0): "春", (2, 4): "月"}, form_named("五绝"))
        '春____ ____月'
    """
    rows = [
        "".join(fixed.get((line, column), FREE) for column in range(length))
        for line, length in enumerate(form.line_lengths)
    ]
    return " ".join(row for row in rows if row.strip(FREE))


def source_of(request: PoemRequest) -> str:
    """Return what the writer reads: a title, or words of the theme.

    Up to `SOURCE_WORDS` short words are taken as they are; of longer text jieba picks.

    Example:
        >>> source_of(PoemRequest(theme="明月 故人"))
        '明月、故人'

    Raises:
        OptionError: the theme is too long, or has no Chinese word.
    """
    if request.title:
        return _known("title", to_simplified(request.title.strip()))[:LONGEST_TITLE]
    if not request.theme:
        return ""
    theme = request.theme.strip()
    if len(theme) > LONGEST_THEME:
        raise OptionError(
            f"the theme has {len(theme):,} characters, at most {LONGEST_THEME} are "
            "read; give the words that matter"
        )
    theme = _known("theme", to_simplified(theme))
    words = [word for word in GAPS.split(theme) if word]
    short = all(is_han(word) and len(word) <= LONGEST_WORD for word in words)
    if not short or len(words) > SOURCE_WORDS:
        words = [word for word in keywords(theme, SOURCE_WORDS * 2) if is_han(word)]
    if not words:
        raise OptionError(f"the theme {theme[:20]} has no word to write about")
    return COMMA.join(words[:SOURCE_WORDS])


def said_of(source: str, lines: Sequence[str]) -> int:
    """Return how many words of a source `lines` have.

    A whole word counts two, one of its characters one.

    Example:
        >>> said_of("明月、故人", ["举头望明月", "人在天涯"])
        3
    """
    text = " ".join(lines)
    return sum(
        (word in text) + any(character in text for character in word)
        for word in source.split(COMMA)
        if word
    )


def _known(name: str, text: str) -> str:
    """Return `text`, or refuse what has no ideograph."""
    if not HAN.search(text):
        raise OptionError(f"the {name} {text[:20]!r} has no Chinese character")
    return text


def _acrostic(request: PoemRequest, form: Form) -> Iterator[tuple[Place, str]]:
    """Yield the places and characters of the acrostic.

    A diagonal begins again at the first place after the end of a line.
    """
    acrostic = _written("acrostic", request.acrostic)
    for line, character in enumerate(acrostic):
        length = form.line_lengths[line]
        column = {"head": 0, "tail": length - 1, "diagonal": line % length}
        yield (line, column[request.acrostic_at]), character


def _first_line(request: PoemRequest) -> Iterator[tuple[Place, str]]:
    for column, character in enumerate(_written("first line", request.first_line)):
        yield (0, column), character


def _kept(request: PoemRequest, form: Form) -> Iterator[tuple[Place, str]]:
    for line, text in enumerate(form.split(_places(request.keep))):
        for column, character in enumerate(text):
            if character != FREE:
                yield (line, column), character


def _sizes(form: Form) -> tuple[int, int, int]:
    """Return the characters of a poem, of its first line, and of an acrostic."""
    return form.places, form.line_lengths[0], form.lines


def _written(name: str, text: str) -> str:
    """Return the characters of `text` without the marks at its end."""
    text = to_simplified(text.strip().rstrip("，。！？,.!?"))
    strange = [character for character in text if not is_han(character)]
    if strange:
        raise OptionError(
            f"the {name} {text[:20]}: {strange[0]!r} is no Chinese character"
        )
    return text


def _places(text: str) -> str:
    """Return the places of what to keep: ideographs and `FREE`, without marks."""
    text = to_simplified(text.replace("＿", FREE))
    bare = "".join(c for c in text if is_han(c) or c == FREE)
    strange = [c for c in text if c.isalnum() and not is_han(c)]
    if strange:
        raise OptionError(
            f"what to keep: {strange[0]!r} is no Chinese character; write {FREE} "
            "where any may stand"
        )
    return bare
