"""Settings as frozen dataclasses: changed by name, checked once, written as JSON."""

import dataclasses
import difflib
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from nlg.errors import OptionError

Config = TypeVar("Config")


def apply_settings(config: Config, settings: Sequence[str]) -> Config:
    """Return `config` with each "key=value" of `settings` in place.

    A value is read as JSON where it is JSON, else as text; it must be of the type that
    it replaces.

    Raises:
        OptionError: no such key (the nearest is named), or a value of another type.
    """
    changes: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise OptionError(f"--set {setting}: write it as key=value")
        changes[key] = _value(config, key, text)
    return dataclasses.replace(config, **changes)  # type: ignore[type-var]


def _value(config: Any, key: str, text: str) -> Any:
    names = [field.name for field in dataclasses.fields(config)]
    if key not in names:
        near = difflib.get_close_matches(key, names, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
        raise OptionError(f"--set {key}: no such setting; {hint}")
    kind = type(getattr(config, key))
    try:
        value = json.loads(text)
        if kind is float and type(value) is int:
            value = float(value)
    except (ValueError, OverflowError, RecursionError):  # no JSON, or a huge number
        value = text
    if type(value) is not kind:
        raise OptionError(f"--set {key}={text}: it must be of type {kind.__name__}")
    return value
