"""Settings as frozen dataclasses: changed by name, checked once, written as JSON."""

import dataclasses
import difflib
import fnmatch
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from nlg.errors import OptionError

Config = TypeVar("Config")
Value = TypeVar("Value")


def apply_settings(config: Config, settings: Sequence[str]) -> Config:
    """Return `config` with each "key=value" of `settings` in place.

    A value is read as JSON where it is JSON, else as text; it must be of the type that
    it replaces. A list of texts may be written with commas: frozen=*/bias,*/gamma.

    Raises:
        OptionError: no such key (the nearest is named), or a value of another type.
    """
    changes: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise OptionError(f"--set {setting}: write it as key=value")
        kind = _kind(config, key, f"--set {key}")
        value = _read(text, kind)
        changes[key] = _checked(value, kind, f"--set {key}={text}: it")
    return dataclasses.replace(config, **changes)  # type: ignore[type-var]


def apply_values(config: Config, values: Mapping[str, Any], source: str) -> Config:
    """Return `config` with `values` in place: of a JSON object, or keyword arguments.

    `source` says where they come from in the errors, which are those of
    `apply_settings`. A field whose default is None takes a value of any type.
    """
    changes = {
        key: _checked(value, _kind(config, key, f"{source}: {key}"), f"{source}: {key}")
        for key, value in values.items()
    }
    return dataclasses.replace(config, **changes)  # type: ignore[type-var]


def check_bounds(
    config: Any, bounds: Mapping[str, tuple[float, float]], where: str = ""
) -> None:
    """Refuse a number of `config` that is not within its bounds, which it may equal.

    None stands for a number that is not set, and passes.

    Args:
        config: a dataclass.
        bounds: the least and the greatest value of each setting, by name.
        where: words before the error, such as "line 3: ".

    Raises:
        OptionError: a number is out of bounds, or NaN.
    """
    for name, (least, most) in bounds.items():
        value = getattr(config, name)
        if value is not None and not least <= value <= most:  # nor is NaN
            raise OptionError(
                f"{where}{name} is {value}; it must be between {least:,} and {most:,}"
            )


def hint(name: str, names: Iterable[str]) -> str:
    """Return words that lead from a wrong `name` to a right one of `names`.

    Example:
        >>> hint("unit", ["units", "steps"])
        'did you mean units?'
    """
    names = list(names)
    near = difflib.get_close_matches(name, names, 1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the one of `names` that is most like `name`, however unlike it is."""
    return "".join(difflib.get_close_matches(name, names, 1, cutoff=0.0))


def values_of_sources(
    name: str, settings: Iterable[tuple[str, Value]], sources: Sequence[str]
) -> dict[str, Value]:
    """Return the value of each of `sources` that a pattern fits, the last that does.

    Args:
        name: of the settings, for the error.
        settings: patterns (`fnmatch`) and their values.
        sources: names of files or collections.

    Raises:
        OptionError: a pattern fits none; the nearest source is named.

    Example:
        >>> values_of_sources("shares", [("news*", 0.5)], ["news_2016.txt", "laws.txt"])
        {'news_2016.txt': 0.5}
    """
    found: dict[str, Value] = {}
    for pattern, value in settings:
        fits = fnmatch.filter(sources, pattern)
        if not fits:
            raise OptionError(
                f"{name}: {pattern} fits no source of the data; the nearest is "
                f"{nearest(pattern.strip('*'), sources)}"
            )
        found |= dict.fromkeys(fits, value)
    return found


def _kind(config: Any, key: str, where: str) -> type:
    """Return the type of the setting `key`."""
    names = [field.name for field in dataclasses.fields(config)]
    if key not in names:
        raise OptionError(f"{where}: no such setting; {hint(key, names)}")
    return type(getattr(config, key))


def _read(text: str, kind: type) -> Any:
    """Return what `text` means where a `kind` is asked for."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # no JSON, or a number of 4,300 digits
        value = text
    if kind is tuple and type(value) is not list:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text if kind is str and type(value) is not str else value


def _checked(value: Any, kind: type, where: str) -> Any:
    """Return `value` as a `kind`; JSON knows one sort of number and no tuples."""
    if kind is type(None):
        return value
    if kind is float and type(value) is int and abs(value) < 2**1000:
        return float(value)
    if kind is tuple:
        if isinstance(value, list | tuple) and all(type(x) is str for x in value):
            return tuple(value)
        raise OptionError(f"{where} must be a list of texts")
    if type(value) is not kind:
        raise OptionError(f"{where} must be of type {kind.__name__}")
    return value
