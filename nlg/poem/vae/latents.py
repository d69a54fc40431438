"""Read latents that a person kept in a file."""

import json
import pathlib
from typing import Any

import numpy as np

from nlg.errors import DataError
from nlg.files import UNREADABLE, parse_json, text_of
from nlg.text.forms import FORMS

LIMIT = 1000  # of a number; a latent is standard normal, so 5 is far out


def read_latents(name: str, units: int) -> tuple[str, np.ndarray]:
    """Return the form ("" if none is named) and latents (B, Z) of a file; `-` is stdin.

    The file is one JSON list of `units` numbers, a list of such lists, such a list a
    line, or JSON lines as `nlg poem --json` prints them.

    Raises:
        DataError: not JSON, the wrong length, no usable numbers, or two forms.
    """
    values = _parse(name, _read(name))
    forms = [str(v["form"]) for v in values if isinstance(v, dict) and v.get("form")]
    found = list(dict.fromkeys(forms))
    if len(found) > 1 or not FORMS.keys() >= set(found):
        raise DataError(
            f"{name}: one of {', '.join(FORMS)} at a time; found {', '.join(found)}"
        )
    rows = [
        value.get("latent") if isinstance(value, dict) else value for value in values
    ]
    for number, row in enumerate(rows, 1):
        if not _is_latent(row, units):
            length = len(row) if isinstance(row, list) else "no"
            raise DataError(
                f"{name}: latent {number} is no list of {units} numbers between "
                f"-{LIMIT} and {LIMIT} (it has {length}); take one that "
                "`nlg poem --json` printed"
            )
    return "".join(found), np.array(rows, "float32")


def _read(name: str) -> str:
    try:
        return text_of(pathlib.Path(name))
    except UNREADABLE as error:
        raise DataError(f"{name} cannot be read: {error}") from None


def _parse(name: str, text: str) -> list[Any]:
    """Return the values of a JSON array, or of JSON lines."""
    try:
        whole = parse_json(text)
        values = whole if _is_list_of_values(whole) else [whole]
    except json.JSONDecodeError as error:
        values = _parse_lines(name, text, error)
    if not values:
        raise DataError(f"{name} is empty; it should hold a list of numbers")
    return values


def _parse_lines(name: str, text: str, whole: json.JSONDecodeError) -> list[Any]:
    """Return the value of each line; `whole` says why they are not one value."""
    values: list[Any] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            values.append(parse_json(line))
        except json.JSONDecodeError as error:
            where, reason = (number, error) if values else (whole.lineno, whole)
            raise DataError(f"{name}:{where}: not JSON: {reason.msg}") from None
    return values


def _is_list_of_values(whole: Any) -> bool:
    """Return whether `whole` is a list of latents, and not one latent."""
    return isinstance(whole, list) and not any(map(_is_number, whole))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_latent(row: Any, units: int) -> bool:
    return (
        isinstance(row, list)
        and len(row) == units
        and all(_is_number(x) and -LIMIT <= x <= LIMIT for x in row)  # no NaN either
    )
