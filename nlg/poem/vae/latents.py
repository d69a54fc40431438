"""Read latents from a file."""

import json
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nlg.errors import DataError
from nlg.files import load_text, parse_json
from nlg.text.forms import FORMS

Latents = tuple[tuple[float, ...], ...]  # (B, Z)
Place = tuple[int, int]  # seed of a poem, and its number from 1 among those of the seed
LIMIT = 1000  # of a number; latents are standard normal, so 5 is far out


class LatentFile(NamedTuple):
    """What a file of latents holds."""

    form: str  # "" if none is named
    latents: Latents
    places: tuple[Place, ...] | None  # of the poems; None unless each line tells it


def read_latents(name: str) -> LatentFile:
    """Return what a file of latents holds; `-` is stdin.

    The file is one JSON list of numbers, a list of such lists, such a list a line, or
    JSON lines as `nlg poem --json` prints them.

    Raises:
        DataError: not JSON, no usable numbers, two lengths, or two forms.
    """
    values = _parse(name, load_text(pathlib.Path(name)))
    forms = [str(v["form"]) for v in values if isinstance(v, dict) and v.get("form")]
    found = list(dict.fromkeys(forms))
    if len(found) > 1 or not FORMS.keys() >= set(found):
        raise DataError(
            f"{name}: one of {', '.join(FORMS)} at a time; found {', '.join(found)}"
        )
    rows: list[Any] = [
        value.get("latent") if isinstance(value, dict) else value for value in values
    ]
    units = len(rows[0]) if isinstance(rows[0], list) else 0
    for number, row in enumerate(rows, 1):
        if not _is_latent(row, units):
            size = f"{units} " if number > 1 else ""
            raise DataError(
                f"{name}: latent {number} is no list of {size}numbers between -{LIMIT} "
                f"and {LIMIT}; take one that `nlg poem --json` printed"
            )
    places = [_place(value) for value in values]
    told = tuple(place for place in places if place)
    return LatentFile(
        "".join(found),
        tuple(tuple(row) for row in rows),
        told if len(told) == len(places) else None,
    )


def as_array(latents: Sequence[Sequence[float]], units: int) -> np.ndarray:
    """Return `latents` (B, Z) as float32, for a model of `units`.

    Raises:
        DataError: they have another length.
    """
    array = np.asarray(latents, "float32")
    if array.ndim != 2 or array.shape[1] != units:
        raise DataError(
            f"latents of {len(latents[0])} numbers, the model's have {units}; take "
            "those that `nlg poem --json` printed"
        )
    return array


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


def _place(value: Any) -> Place | None:
    """Return what a printed poem was drawn by, if `value` tells it."""
    if not isinstance(value, dict):
        return None
    seed, number = value.get("seed"), value.get("number")
    if type(seed) is not int or type(number) is not int:
        return None
    return (seed, number) if seed >= 0 and number >= 1 else None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_latent(row: Any, units: int) -> bool:
    return (
        isinstance(row, list)
        and len(row) == units > 0
        and all(_is_number(x) and -LIMIT <= x <= LIMIT for x in row)  # no NaN either
    )
