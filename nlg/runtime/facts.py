"""A checkpoint's config.json, which a stranger may have made.

It is checked once, when the folder is opened, so that what reads it later finds numbers
that are sizes, and objects where it looks for objects. This file does not know what the
keys mean to a task.
"""

import json
import math
import pathlib
import re
from collections.abc import Iterable
from typing import Any

from nlg.errors import CheckpointError
from nlg.files import parse_json

# Of whatever model: how many of something there are. 0 is none.
SIZES = re.compile(
    "slots|(latent_|vector_)?units|max_(lines|columns|positions|passage|question|answer)"
    "|max_tokens|(encoder_|decoder_)blocks|(vocab|hidden|feed_forward|embedding)_size"
    "|condition_size|layers|heads|segments|length|convolutions|vectors"
)
KINDS = {
    "model": (dict, "no object"),
    "backbone": (dict, "no object"),
    "classes": (list, "no list"),
    "lower_case": (bool, "not true or false"),
}
OF_A_MODEL = {"poem-map": "model"}  # a task whose config names a model by its digest
LARGEST = 2**20  # size
LONGEST, DEEPEST = 2**20, 16  # bytes of a config.json, objects inside one another
WAY_OUT = "it is broken, or another nlg made it: copy the folder again"


def load_facts(path: pathlib.Path) -> dict[str, Any]:
    """Read a config.json.

    Raises:
        CheckpointError: it cannot be read, is no JSON object, has a size that is none,
            or something else where an object belongs.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
        if len(content) > LONGEST:
            raise ValueError(f"longer than {LONGEST:,} bytes")
        fields = parse_json(content.decode("utf-8"))
        if not isinstance(fields, dict):
            raise ValueError("no JSON object")
        _check_fields(fields)
        return fields
    except (OSError, ValueError, RecursionError) as error:
        said = error.msg if isinstance(error, json.JSONDecodeError) else error
        raise CheckpointError(f"{path} cannot be used: {said}; {WAY_OUT}") from None


def _check_fields(fields: dict[str, Any]) -> None:
    """Raise a ValueError for what no config of ours says."""
    free = OF_A_MODEL.get(str(fields.get("task")), "")
    for key, value in fields.items():
        _check(value, DEEPEST, "" if key == free else key)


def _check(value: Any, depth: int, key: str = "") -> None:
    """Raise a ValueError for a number or an object that no config of ours has."""
    if depth == 0:
        raise ValueError(f"more than {DEEPEST} objects in one another")
    kind, otherwise = KINDS.get(key, (object, ""))
    if not isinstance(value, kind):
        raise ValueError(f"{key} is {_shown(value)}, {otherwise}")
    if SIZES.fullmatch(key):
        _check_size(value, key)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{key} is {value}")
    for name, part in _parts(value):
        _check(part, depth - 1, name)


def _parts(value: Any) -> Iterable[tuple[str, Any]]:
    """Return what an object or a list holds, by name; what a list holds has none."""
    if isinstance(value, dict):
        return value.items()
    return [("", part) for part in value] if isinstance(value, list) else []


def _check_size(value: Any, key: str) -> None:
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise ValueError(f"{key} is {_shown(value)}, no size up to {LARGEST:,}")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 40 else f"{text[:40]}…"
