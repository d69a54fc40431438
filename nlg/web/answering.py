"""What the thread of a queue does with the bodies that wait in it.

Each function takes the models and the calls of one batch, whose bodies are of one kind.
It gives every call the results that the task's own class finds for its body. They share
runs of the graph where the task has a verb for many, and get what they would alone.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from nlg.couplet.responder import Couplets, ReplyOptions
from nlg.couplet.theme import compose
from nlg.errors import NlgError
from nlg.qa.answer import QARequest
from nlg.qa.explain import explain
from nlg.qa.options import AnswerOptions
from nlg.text.traditional import to_traditional
from nlg.web.batching import Call
from nlg.web.bodies import CoupletBody, QABody, SampleBody, WriterBody
from nlg.web.models import Models
from nlg.write.reviewer import ReviewOptions

Calls = Sequence[Call]
Fields = dict[str, Any]
LINES, POEM, TEXT = "lines", "poem", "text"  # names of events of a stream
Event = tuple[str, Fields]


def answer_samples(models: Models, calls: Calls) -> None:
    """Write poems of the VAE, random ones together."""
    poet = models.get("poet")
    if calls[0].body.source:
        return _each(calls, lambda body: _poem_events(poet.write(body), body))
    found = poet.sample_all([call.body for call in calls])
    for call, poems in zip(calls, found, strict=True):
        for event in _poem_events(poems, call.body):
            _give(call, event)


def kind_of_poem(body: SampleBody) -> SampleBody:
    """Return what random poems share that are written together."""
    return dataclasses.replace(body, seed=0, count=1, traditional=False)


def answer_writer(models: Models, calls: Calls) -> None:
    """Write poems on demand, one that may be shown line by line by its lines."""
    composer = models.get("composer")

    def events(body: WriterBody) -> Iterator[Event]:
        if body.by_line:
            for poem in composer.stream(body):
                yield LINES, _in_script(poem.to_dict(), body)
        else:
            yield from _poem_events(composer.write(body), body)

    _each(calls, events)


def answer_couplets(models: Models, calls: Calls) -> None:
    """Answer lines together, themes one by one."""
    couplets, first = models.get("couplets"), calls[0].body
    if first.theme:
        return _each(calls, lambda body: _themed(couplets, body))
    lines = [call.body.line for call in calls]
    answers = couplets.reply_all(lines, _only(ReplyOptions, first))
    for call, found in zip(calls, answers, strict=True):
        if isinstance(found, NlgError):
            call.end(found)
        else:
            _give(call, _replies_as_dicts(found, call.body))


def kind_of_reply(body: CoupletBody) -> tuple[ReplyOptions, bool, int]:
    """Return what lines share that are answered together: options and length.

    Without a temperature nothing is drawn, and the seed says nothing.
    """
    options = _only(ReplyOptions, body)
    if not body.temperature:
        options = dataclasses.replace(options, seed=0)
    return options, bool(body.theme), len(body.line)


def answer_questions(models: Models, calls: Calls) -> None:
    """Answer questions together."""
    reader, options = models.get("reader"), kind_of_question(calls[0].body)
    asked = [QARequest(call.body.question, call.body.passages) for call in calls]
    answers = reader.answer_all(asked, options)
    for call, request, found in zip(calls, asked, answers, strict=True):
        if isinstance(found, NlgError):
            call.end(found)
            continue
        facts = found.to_dict()
        if call.body.explain:
            rests_on = explain(reader, request, found, options)
            facts["explanation"] = rests_on and rests_on.to_dict()
        _give(call, facts)


def kind_of_question(body: QABody) -> AnswerOptions:
    """Return what questions share that are answered together."""
    return _only(AnswerOptions, body)


def answer_reviews(models: Models, calls: Calls) -> None:
    """Write texts of a class."""
    reviewer = models.get("reviewer")

    def events(body: Any) -> Iterator[Event]:
        how = _only(ReviewOptions, body)
        asked = body.class_name, body.begin, body.count, body.seed
        for text in reviewer.write(*asked, how):
            yield TEXT, text.to_dict()

    _each(calls, events)


def answer_labels(models: Models, calls: Calls) -> None:
    """Label texts together."""
    labelled = models.get("classifier").label_all([call.body.text for call in calls])
    for call, found in zip(calls, labelled, strict=True):
        _give(call, found.to_dict())


def answer_jobs(_: Models, calls: Calls) -> None:
    """Call the bodies, which are functions without arguments."""
    _each(calls, lambda job: [job()])


def _each(calls: Calls, results_of: Callable[[Any], Iterable[Any]]) -> None:
    """Give each call the results of its body; its errors are its own."""
    for call in calls:
        try:
            for result in results_of(call.body):
                call.emit(result)
        except Exception as error:
            call.end(error)


def _give(call: Call, result: Any) -> None:
    """Give the only result of a call that others share a run with."""
    if not call.over:
        call.emit(result)


def _only(kind: type, body: Any) -> Any:
    """Return the fields of `body` that the dataclass `kind` has, as a `kind`."""
    return kind(**{f.name: getattr(body, f.name) for f in dataclasses.fields(kind)})


def _poem_events(
    poems: Iterable[Any], body: SampleBody | WriterBody
) -> Iterator[Event]:
    for poem in poems:
        yield POEM, _in_script(poem.to_dict(), body)


def _in_script(poem: Fields, body: SampleBody | WriterBody) -> Fields:
    if body.traditional:
        poem["lines"] = tuple(map(to_traditional, poem["lines"]))
    return poem


def _themed(couplets: Couplets, body: CoupletBody) -> list[list[Fields]]:
    found = compose(couplets, body.theme, body.length, _only(ReplyOptions, body))
    return [_replies_as_dicts(found, body)]


def _replies_as_dicts(replies: Iterable[Any], body: CoupletBody) -> list[Fields]:
    found = [reply.to_dict() for reply in replies]
    if not body.traditional:
        return found
    return [traditional(one) for one in found]


def traditional(value: Any) -> Any:
    """Return a JSON value with its texts, but not its names, in traditional script."""
    if isinstance(value, str):
        return to_traditional(value)
    if isinstance(value, dict):
        return {name: traditional(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [traditional(one) for one in value]
    return value
