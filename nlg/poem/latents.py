"""Read latents that a person kept in a file."""

import json
import pathlib
import sys
from typing import Any

import numpy as np

from nlg.errors import DataError
from nlg.text.forms import FORMS


def read_latents(name: str, units: int) -> tuple[str, np.ndarray]:
    """Return the form ("" if none is named) and latents (B, Z) of a file; `-` is stdin.

    The file is one JSON list of `units` numbers, a list of such lists, or JSON lines as
    `nlg poem --json` prints them.

    Raises:
        DataError: not JSON, the wrong length, no finite numbers, or two forms.
    """
    text = _read(name)
    values = _parse(name, text)
    if values and all(isinstance(value, (int, float)) for value in values):
        values = [values]
    forms = {v.get("form", "") for v in values if isinstance(v, dict)} - {""}
    if len(forms) > 1 or not forms <= FORMS.keys():
        raise DataError(f"{name}: one form at a time; found {', '.join(sorted(forms))}")
    rows = [
        value.get("latent") if isinstance(value, dict) else value for value in values
    ]
    for number, row in enumerate(rows, 1):
        if not _is_latent(row, units):
            length = len(row) if isinstance(row, list) else "no"
            raise DataError(
                f"{name}: latent {number} is no list of {units} finite numbers "
                f"(it has {length}); take one that `nlg poem --json` printed"
            )
    return (forms.pop() if forms else ""), np.array(rows, "float32")


def _read(name: str) -> str:
    try:
        return (
            sys.stdin.read() if name == "-" else pathlib.Path(name).read_text("utf-8")
        )
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{name} cannot be read: {error}") from None


def _parse(name: str, text: str) -> list[Any]:
    """Return the values of a JSON array, or of JSON lines."""
    try:
        if text.lstrip().startswith("["):
            return json.loads(text)
        values = [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise DataError(f"{name}:{error.lineno}: not JSON: {error.msg}") from None
    if not values:
        raise DataError(f"{name} is empty; it should hold a list of numbers")
    return values


def _is_latent(row: Any, units: int) -> bool:
    return (
        isinstance(row, list)
        and len(row) == units
        and all(isinstance(x, (int, float)) and np.isfinite(x) for x in row)
    )
