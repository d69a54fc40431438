"""The config.json of a checkpoint, as one frozen record that is read once.

    {"task": "qa", "format": 1, "nlg": "0.1.0",
     "lower_case": true, "max_passage": 256, "model": {…},   facts: what the model is
     "training": {"steps": 20000, "learning_rate": …},       how it was trained
     "source": {"data": ["qa.jsonl.gz"], "init": …}}         where it is from

A task reads its facts as a frozen dataclass of its own (`facts_as`). A checkpoint that
is older than the key "training" has its settings among the facts.
"""

import dataclasses
import pathlib
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from nlg.errors import CheckpointError
from nlg.runtime.facts import WAY_OUT, load_facts

FORMAT = 1
CONFIG = "config.json"
OWN = ("task", "format", "nlg", "training", "source")  # keys that are no facts

Facts = TypeVar("Facts")


@dataclasses.dataclass(frozen=True)
class CheckpointConfig:
    """What a checkpoint says of itself."""

    task: str  # what it is for, such as "qa"
    format: int
    facts: Mapping[str, Any]  # what the model is; by task
    nlg: str = ""  # the version that made it
    training: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # settings
    source: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_dict(cls, config: Mapping[str, Any]) -> "CheckpointConfig":
        """Return the config that `as_dict` made.

        Raises:
            KeyError: it has no task or no format.
        """
        facts = {key: value for key, value in config.items() if key not in OWN}
        own = {key: config[key] for key in OWN if key in config}
        return cls(
            **{"task": config["task"], "format": config["format"], **own}, facts=facts
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of config.json."""
        first = {"task": self.task, "format": self.format, "nlg": self.nlg}
        rest = {"training": dict(self.training), "source": dict(self.source)}
        return {**first, **self.facts, **{key: x for key, x in rest.items() if x}}

    def facts_as(self, kind: type[Facts]) -> Facts:
        """Return the facts that the dataclass `kind` names; others are passed over.

        Raises:
            CheckpointError: one is missing, or is none of a dataclass inside `kind`.
        """
        return _as_record(kind, self.facts, f"a checkpoint for {self.task}")


def read_config(folder: pathlib.Path) -> CheckpointConfig:
    """Read the config of a checkpoint.

    Raises:
        CheckpointError: there is none, or it is none.
    """
    config = load_facts(folder / CONFIG)
    try:
        return CheckpointConfig.from_dict(config)
    except KeyError as error:
        raise CheckpointError(
            f"{folder / CONFIG} cannot be used: no {error.args[0]} in it; {WAY_OUT}"
        ) from None


def _as_record(kind: Any, facts: Mapping[str, Any], where: str) -> Any:
    """Return `facts` as the dataclass `kind`, with dataclasses inside it."""
    types, values = typing.get_type_hints(kind), {}
    for field in dataclasses.fields(kind):
        if field.name in facts:
            values[field.name] = _as_value(types[field.name], facts[field.name], where)
        elif field.default is dataclasses.MISSING:
            raise CheckpointError(
                f"{where}: its {CONFIG} does not say {field.name}; copy it again, or "
                "install the nlg that made it"
            )
    return kind(**values)


def _as_value(kind: Any, value: Any, where: str) -> Any:
    """Return a value of JSON as one of a field: a dataclass, a tuple, or as it is."""
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise CheckpointError(f"{where}: its {CONFIG} has {value!r} for a record")
        return _as_record(kind, value, where)
    return tuple(value) if isinstance(value, list) else value
