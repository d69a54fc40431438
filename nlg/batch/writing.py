"""Tasks that write, as work on rows: see `nlg.batch.tasks`.

    write   {"class": …, "begin": …, "count": 1, "seed": 7}; a line of text begins it
    poem    {"theme": …, "form": …, "title": …, "seed": 7}, by the names of
            `PoemRequest`, style being its period; a line of text is a theme

What a row leaves out is as the options of the command have it. Other fields are the
row's own. Texts of one row are answers of their own, in their order.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from nlg.batch.formats import TEXT
from nlg.batch.tasks import path_of, text_of
from nlg.batch.work import Answer, Answerer, Fields, answerer
from nlg.config import apply_values, check_bounds
from nlg.errors import DataError, NlgError

Request = TypeVar("Request")


@dataclasses.dataclass(frozen=True)
class TextRequest:
    """Texts of a class."""

    class_name: str = ""
    begin: str = ""
    count: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be counted."""
        check_bounds(self, {"count": (1, 10_000), "seed": (0, 2**63)})


def write(
    checkpoint: str | None, device: str, asked: dict[str, Any], options: dict[str, Any]
) -> Answerer:
    """Open the writer of texts.

    Args:
        checkpoint: a folder; None is the shipped one.
        device: "cpu" or "gpu".
        asked: fields of `TextRequest` that rows leave out.
        options: fields of `nlg.write.reviewer.ReviewOptions`.
    """
    from nlg.write.reviewer import Reviewer, ReviewOptions

    reviewer = Reviewer.from_checkpoint(path_of(checkpoint), device)
    how = ReviewOptions(**options)
    names = {"class": "class_name", TEXT: "begin"}

    def answer(request: TextRequest) -> Answer:
        given = dataclasses.asdict(request)
        return [text.to_dict() for text in reviewer.write(options=how, **given)]

    return _one_by_one(TextRequest(**asked), names, answer)


def poem(
    checkpoint: str | None, device: str, asked: dict[str, Any], traditional: bool
) -> Answerer:
    """Open the writer of poems.

    Args:
        checkpoint: a folder; None is the shipped one.
        device: "cpu" or "gpu".
        asked: fields of `nlg.poem.request.PoemRequest` that rows leave out.
        traditional: print traditional characters.
    """
    from nlg.poem.request import PoemRequest
    from nlg.poem.writer.composer import Composer

    composer = Composer.from_checkpoint(path_of(checkpoint), device)

    def answer(request: PoemRequest) -> Answer:
        poems = composer.write(request)
        return [(x.traditional() if traditional else x).to_dict() for x in poems]

    names = {"style": "period", TEXT: "theme"}
    return _one_by_one(PoemRequest(**asked), names, answer)


def _one_by_one(
    default: Request, names: Mapping[str, str], answer: Callable[[Request], Answer]
) -> Answerer:
    """Return what answers rows that change fields of `default`, by `names` or its own.

    Requests of different lengths share no run of a graph, so each is answered alone.
    """

    def parse(fields: Fields) -> Request:
        return changed(default, fields, names)

    def answers(requests: Sequence[Request]) -> Iterable[Answer | NlgError]:
        for request in requests:
            try:
                yield answer(request)
            except NlgError as error:
                yield error

    return answerer(parse, answers)


def changed(default: Any, fields: Fields, names: Mapping[str, str]) -> Any:
    """Return a request with those of `fields` that it has; numbers may be texts.

    Args:
        default: a dataclass.
        fields: of a row; what is "" or None is left as it is.
        names: its fields by what rows call them, beside their own names.

    Raises:
        DataError: no such field at all.
        OptionError: one of another type, or out of bounds.
    """
    own = {field.name for field in dataclasses.fields(default)}
    asked = {names.get(name, name): name for name in fields}
    values = {
        field: _value(fields, name, getattr(default, field))
        for field, name in asked.items()
        if field in own and fields[name] not in ("", None)
    }
    if not values:
        renamed = {field for name, field in names.items() if name != TEXT}
        known = ", ".join(sorted({*names, *own} - renamed - {TEXT}))
        raise DataError(f"it asks for nothing; there are {known}")
    return apply_values(default, values, "the row")


def _value(fields: Fields, name: str, default: Any) -> Any:
    """Return a value of a row; a text where a number is wanted is read as JSON."""
    value = fields[name]
    if not isinstance(value, str):
        return value
    if isinstance(default, str):
        return text_of(fields, name)
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
