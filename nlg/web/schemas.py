"""What a client gets, as OpenAPI tells it: the result types of the tasks.

Results are NamedTuples whose `to_dict` gives their fields by name. So do the models
that are made of them here; nothing is validated by them, they are what is promised.
"""

import types
import typing
from collections.abc import Sequence
from typing import Any

import pydantic

from nlg.classify.classifier import Labelled
from nlg.couplet.check import CheckedCouplet
from nlg.couplet.results import Reply
from nlg.poem.check import Examination
from nlg.poem.vae.clusters import Cluster
from nlg.poem.vae.poet import WrittenPoem
from nlg.poem.writer.composer import ComposedPoem
from nlg.qa.answer import Answer
from nlg.qa.explain import Explanation
from nlg.text.prosody import Verdict, Violation
from nlg.write.reviewer import WrittenText

Model = type[pydantic.BaseModel]


def as_model(kind: Any, drop: Sequence[str] = (), **more: Any) -> Model:
    """Return a pydantic model of a NamedTuple: its fields by name.

    A field with a default is one that JSON may lack.

    Args:
        kind: a NamedTuple.
        drop: fields that `to_dict` leaves out.
        **more: types of the fields that it adds.
    """
    defaults = kind._field_defaults
    fields: dict[str, Any] = {
        name: (_as_json(hint), defaults.get(name, ...))
        for name, hint in typing.get_type_hints(kind).items()
        if name not in drop
    }
    fields |= {name: (hint, ...) for name, hint in more.items()}
    return pydantic.create_model(kind.__name__, **fields)


def _as_json(hint: Any) -> Any:
    """Return a type with models in place of NamedTuples, however deep."""
    if isinstance(hint, type) and hasattr(hint, "_fields"):
        return _models.setdefault(hint, as_model(hint))
    arguments = typing.get_args(hint)
    if not arguments:
        return hint
    inside = tuple(_as_json(one) for one in arguments)
    origin = typing.get_origin(hint)
    if origin is types.UnionType:
        return typing.Union[inside]  # noqa: UP007 (of a tuple)
    if origin is tuple and inside[-1] is Ellipsis:
        return list[inside[0]]  # type: ignore[valid-type]
    return origin[inside]


_models: dict[Any, Model] = {}


def _listed(name: str, item: Any) -> Model:
    """Return a model of an object with one list."""
    return pydantic.create_model(name.title(), **{name: (list[item], ...)})


class Failure(pydantic.BaseModel):
    """Why there is no answer, in one line."""

    error: str


MAP = pydantic.create_model(
    "Map",
    __base__=_listed("clusters", as_model(Cluster, ["number"], cluster=int)),
    points=(list[tuple[float, float, int]], ...),  # across, up, number of the cluster
)
_violations = _as_json(tuple[Violation, ...])
_verdict = {
    name: _as_json(hint) for name, hint in typing.get_type_hints(Verdict).items()
}
WRITTEN, COMPOSED = _as_json(WrittenPoem), _as_json(ComposedPoem)
POEMS = _listed("poems", WRITTEN | COMPOSED)
REPLIES = _listed("replies", _as_json(Reply))
TEXTS = _listed("texts", as_model(WrittenText, ["class_name"], **{"class": str}))
ANSWER = pydantic.create_model(
    "QAAnswer",
    __base__=as_model(Answer, ["text"], answer=str),
    explanation=(_as_json(Explanation) | None, None),
)
LABELLED = _as_json(Labelled)
CHECKED_COUPLET = as_model(CheckedCouplet, clean=bool)
EXAMINED = as_model(
    Examination,
    ["verdict"],
    **_verdict | {"violations": _violations, "departures": _violations, "clean": bool},
)
