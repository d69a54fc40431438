"""What a batch does to each row, as a record that another process can open.

    Work("nlg.batch.tasks:couplet", {"checkpoint": "…", "n": 1})
        -> open_work -> Answerer: rows' fields -> answers

An answer is what `--json` prints for one request: an object, or several where a
request has several answers; or {"error": why there is none}. A row that cannot be
answered never stops the others.
"""

import hashlib
import importlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import nlg
from nlg.batch.formats import TEXT
from nlg.errors import NlgError

Fields = dict[str, Any]
Answer = list[dict[str, Any]]  # objects, each a line of the output
Answerer = Callable[[Sequence[Fields]], list[Answer]]
Request = TypeVar("Request")
ERROR = "error"  # the field of an answer that says why there is none


class Work(NamedTuple):
    """A task and how it is to be done; JSON can hold both."""

    opener: str  # "module:function", which takes the settings and returns an Answerer
    settings: dict[str, Any]
    id_field: str = "id"  # of the row, which the answer repeats
    blank: tuple[str, ...] = ()  # fields that are "" beside an error
    names: tuple[str, ...] = (TEXT,)  # fields that it reads, see `nlg.batch.formats`


def open_work(work: Work) -> Answerer:
    """Return what answers rows: models are opened here, once a process.

    Raises:
        NlgError: as the opener does.
    """
    module, _, name = work.opener.partition(":")
    return getattr(importlib.import_module(module), name)(**work.settings)


def fingerprint(work: Work, checkpoint: str = "") -> str:
    """Return what tells this work from any other: other settings, models or programs.

    Args:
        work: with all that changes an answer in its settings.
        checkpoint: the digest of its list of files; "" where there is no model.
    """
    parts = [nlg.__version__, work.opener, work.settings, checkpoint]
    text = json.dumps(parts, sort_keys=True)  # in ASCII: a path may be no UTF-8
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def answerer(
    parse: Callable[[Fields], Request],
    answer: Callable[[Sequence[Request]], Iterable[Answer | Fields | NlgError]],
) -> Answerer:
    """Return an Answerer of a task's own two functions.

    Args:
        parse: returns the request that a row's fields make; raises an NlgError.
        answer: answers requests, each whatever the others are; a single object is an
            answer too, and an NlgError says why there is none.
    """

    def run(rows: Sequence[Fields]) -> list[Answer]:
        answers: list[Answer] = [[] for _ in rows]
        requests: dict[int, Request] = {}
        for place, fields in enumerate(rows):
            try:
                requests[place] = parse(fields)
            except NlgError as error:
                answers[place] = [{ERROR: str(error)}]
        found = answer(list(requests.values())) if requests else []
        for place, one in zip(requests, found, strict=True):
            answers[place] = _as_answer(one)
        return answers

    return run


def _as_answer(found: Answer | Fields | NlgError) -> Answer:
    if isinstance(found, NlgError):
        return [{ERROR: str(found)}]
    return found if isinstance(found, list) else [found]


def failed(answer: Answer) -> bool:
    """Return whether an answer says why there is none."""
    return any(ERROR in one for one in answer)
