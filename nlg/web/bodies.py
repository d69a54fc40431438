"""What a client may send: the requests of the tasks, and how much of each.

A body is a task's own frozen request with what `Class.verb` takes beside it, so there
is one definition of every field, default and error. JSON is read strictly: no other
type is taken for the one that is asked for, and no unknown name is passed over.

No field names a file.
"""

import dataclasses
import functools
import math
from typing import Any, TypeVar

import pydantic
import pydantic_core

from nlg.config import check_bounds, hint
from nlg.couplet.responder import ReplyOptions
from nlg.errors import OptionError
from nlg.poem.request import PoemRequest, SampleRequest
from nlg.poem.vae.latents import LIMIT
from nlg.qa.options import AnswerOptions
from nlg.text.prosody import PINGSHUI
from nlg.write.reviewer import ReviewOptions

STRICT = pydantic.ConfigDict(strict=True, extra="forbid")
LONGEST_TEXT = 2000  # characters of any text but a passage
MOST_PASSAGES = 64
MOST_POEMS = 32  # of a request, drafts not counted
MOST_DRAFTS = 256  # poems written to choose from
MOST_LATENTS = 16
MOST_TEXTS = 16
MOST_WINDOWS = 128
SEED = (0, 2**63 - 1)

Body = TypeVar("Body")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SampleBody(SampleRequest):
    """Poems of the VAE: `Poet.write`."""

    __pydantic_config__ = STRICT
    map_folder: None = dataclasses.field(default=None, init=False)
    traditional: bool = False  # answer in traditional characters

    def __post_init__(self) -> None:
        """Refuse more than a request may ask for."""
        super().__post_init__()
        check_bounds(self, {"steps": (2, MOST_POEMS)})
        _check_poems(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class WriterBody(PoemRequest):
    """Poems on demand: `Composer.write`."""

    __pydantic_config__ = STRICT
    traditional: bool = False  # answer in traditional characters

    def __post_init__(self) -> None:
        """Refuse more than a request may ask for."""
        super().__post_init__()
        _check_poems(self)

    @property
    def by_line(self) -> bool:
        """Return whether it is one poem that can be written line by line."""
        one = self.count == self.candidates == 1 and len(self.latents or "_") == 1
        return one and not self.beam


@dataclasses.dataclass(frozen=True, kw_only=True)
class CoupletBody(ReplyOptions):
    """Answers to a line, or couplets about a theme: `Couplets.reply`, `compose`."""

    __pydantic_config__ = STRICT
    line: str = ""
    theme: tuple[str, ...] = ()  # one word, or two that face each other; no line then
    length: int = 7  # characters a line, with a theme
    traditional: bool = False  # answer in traditional characters

    def __post_init__(self) -> None:
        """Refuse a line and a theme, and neither."""
        super().__post_init__()
        check_bounds(self, {"length": (1, 64), "seed": SEED})
        _check_texts(self)
        if bool(self.line) == bool(self.theme):
            raise OptionError("give a line or a theme, one of them")
        if self.theme and (self.keep or self.reverse):
            raise OptionError("keep and reverse go with a line, not with a theme")


@dataclasses.dataclass(frozen=True, kw_only=True)
class QABody(AnswerOptions):
    """A question: `Reader.answer`."""

    __pydantic_config__ = STRICT
    question: str
    passages: tuple[str, ...]
    explain: bool = False  # add what the answer rests on

    def __post_init__(self) -> None:
        """Refuse more than a request may ask for."""
        super().__post_init__()
        check_bounds(self, {"windows": (1, MOST_WINDOWS)})
        _check_texts(self)
        if len(self.passages) > MOST_PASSAGES:
            raise OptionError(
                f"{len(self.passages):,} passages; send at most {MOST_PASSAGES}"
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class WriteBody(ReviewOptions):
    """Text of a class: `Reviewer.write`."""

    __pydantic_config__ = STRICT
    class_name: str = ""
    begin: str = ""
    count: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse more than a request may ask for."""
        super().__post_init__()
        bounds = {"count": (1, MOST_TEXTS), "seed": SEED, "max_length": (0, math.inf)}
        check_bounds(self, bounds)
        _check_texts(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PoemCheckBody:
    """A poem to look at: `check_poem`."""

    __pydantic_config__ = STRICT
    text: str
    book: str = PINGSHUI
    strict_tones: bool = False
    odd_ends: bool = False

    def __post_init__(self) -> None:
        """Refuse more than a request may ask for."""
        _check_texts(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CoupletCheckBody:
    """A couplet to look at: `check_couplet`."""

    __pydantic_config__ = STRICT
    first_line: str
    second_line: str
    book: str = PINGSHUI
    allow_particles: bool = False

    def __post_init__(self) -> None:
        """Refuse more than a request may ask for."""
        _check_texts(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassifyBody:
    """A text to label: `Classifier.label`."""

    __pydantic_config__ = STRICT
    text: str

    def __post_init__(self) -> None:
        """Refuse a text that is empty or too long."""
        _check_texts(self)
        if not self.text.strip():
            raise OptionError("the text is empty")


# Fields that only the writer has; a body with one of them is the writer's.
ON_DEMAND = {f.name for f in dataclasses.fields(WriterBody)} - {
    f.name for f in dataclasses.fields(SampleBody)
}


def read_poem_body(raw: bytes) -> SampleBody | WriterBody:
    """Return what JSON asks of the VAE, or of the writer where it names its fields."""
    try:
        names = pydantic_core.from_json(raw)
    except ValueError as error:
        raise OptionError(f"the body is no JSON: {error}") from None
    on_demand = isinstance(names, dict) and bool(ON_DEMAND & names.keys())
    return read_body(WriterBody, raw) if on_demand else read_body(SampleBody, raw)


def read_body(kind: type[Body], raw: bytes) -> Body:
    """Return the body of a request.

    Raises:
        OptionError: no JSON, or not what `kind` asks for; one line says what.
    """
    try:
        return adapter(kind).validate_json(raw)  # type: ignore[arg-type]
    except pydantic.ValidationError as error:
        raise OptionError(_first_of(error, kind)) from None


@functools.cache
def adapter(kind: Any) -> pydantic.TypeAdapter:
    """Return what reads bodies of a kind, and tells their schema."""
    return pydantic.TypeAdapter(kind)


def _first_of(error: pydantic.ValidationError, kind: type) -> str:
    """Return the first of the errors as one line."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))[:60]
    if first["type"] == "json_invalid":
        return f"the body is no JSON: {first['msg'].removeprefix('Invalid JSON: ')}"
    if first["type"] == "unexpected_keyword_argument":
        names = [field.name for field in dataclasses.fields(kind) if field.init]
        names += sorted(ON_DEMAND) if kind is SampleBody else []
        return f"{where}: no such field; {hint(where, names)}"
    if first["type"] == "missing":
        return f"{where} is missing"
    message = first["msg"].removeprefix("Input should be ")
    return f"{where or 'the body'}: should be {message}"


def _check_poems(body: SampleBody | WriterBody) -> None:
    """Refuse more poems, or longer texts, than a request may ask for."""
    bounds = {"count": (1, MOST_POEMS), "candidates": (1, MOST_DRAFTS), "seed": SEED}
    check_bounds(body, bounds)
    if body.count * body.candidates > MOST_DRAFTS:
        raise OptionError(
            f"{body.count} poems of {body.candidates} candidates; at most "
            f"{MOST_DRAFTS} are written for a request"
        )
    _check_texts(body)
    latents = body.latents or ()
    if len(latents) > MOST_LATENTS or (body.latents is not None and not latents):
        raise OptionError(f"{len(latents)} latents; send 1 to {MOST_LATENTS}")
    if any(not -LIMIT <= number <= LIMIT for row in latents for number in row):
        raise OptionError(f"a latent has a number that is not within ±{LIMIT}")


def _check_texts(body: Any) -> None:
    """Refuse a text that is longer than those that the tasks are for."""
    for field in dataclasses.fields(body):
        value = getattr(body, field.name)
        texts = value if isinstance(value, tuple) else (value,)
        for text in () if field.name == "passages" else texts:
            if isinstance(text, str) and len(text) > LONGEST_TEXT:
                raise OptionError(
                    f"{field.name} has {len(text):,} characters; send at most "
                    f"{LONGEST_TEXT:,}"
                )
