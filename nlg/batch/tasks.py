"""Tasks that answer, as work on rows: an opener that a Work names, and what rows hold.

    qa        {"question": …, "passages": […]}
    couplet   {"text": 上联}

An opener takes settings that JSON can hold, and opens the task's own class.
"""

import pathlib
from collections.abc import Iterable, Sequence
from typing import Any

from nlg.batch.work import ERROR, Answer, Answerer, Fields, answerer
from nlg.errors import DataError, NlgError
from nlg.text.collect import HALF


def text_of(fields: Fields, name: str = "text") -> str:
    """Return a text of a row.

    Raises:
        DataError: there is none.
    """
    value = fields.get(name)
    if not isinstance(value, str):
        raise DataError(f"no {name}, or not of the right kind")
    if HALF.search(value):
        raise DataError(f"{name}: no text; it has half a character")
    return value


def qa(checkpoint: str | None, device: str, options: dict[str, Any]) -> Answerer:
    """Open the reader.

    Args:
        checkpoint: a folder; None is the shipped one.
        device: "cpu" or "gpu".
        options: fields of `nlg.qa.options.AnswerOptions`.
    """
    from nlg.qa.answer import Answer as QAAnswer
    from nlg.qa.answer import QARequest
    from nlg.qa.options import AnswerOptions
    from nlg.qa.reader import Reader
    from nlg.runtime.graph import available_cores

    reader = Reader.from_checkpoint(path_of(checkpoint), device, available_cores())
    how = AnswerOptions(**options)

    def parse(fields: Fields) -> QARequest:
        question = text_of(fields, "question")
        passages = fields.get("passages")
        if not isinstance(passages, list):
            raise DataError("no passages, or no list of them")
        texts = [passage_of(one, f"passage {n}") for n, one in enumerate(passages, 1)]
        return QARequest(question, texts)

    def answers(requests: Sequence[QARequest]) -> Iterable[Fields | NlgError]:
        for one in reader.answer_all(requests, how):
            yield one.to_dict(brief=True) if isinstance(one, QAAnswer) else one

    return answerer(parse, answers)


def passage_of(value: Any, where: str) -> str:
    """Return the text of a JSON value: a text, or an object with passage or text."""
    if isinstance(value, dict):
        value = value.get("passage", value.get("text"))
    if not isinstance(value, str) or HALF.search(value):
        raise DataError(f"{where}: no text, and no object with a passage or a text")
    return value


def couplet(
    checkpoint: str | None, device: str, options: dict[str, Any], traditional: bool
) -> Answerer:
    """Open what answers lines of couplets.

    Args:
        checkpoint: a folder; None is the shipped one.
        device: "cpu" or "gpu".
        options: fields of `nlg.couplet.responder.ReplyOptions`.
        traditional: answer in traditional characters.
    """
    from nlg.couplet.responder import Couplets, ReplyOptions
    from nlg.text.traditional import to_traditional

    couplets = Couplets.from_checkpoint(path_of(checkpoint), device)
    how = ReplyOptions(**{**options, "rules": tuple(options["rules"])})

    def answers(lines: Sequence[str]) -> Iterable[Answer]:
        for line, found in zip(lines, couplets.reply_all(lines, how), strict=True):
            if isinstance(found, NlgError):
                yield [{"first_line": line, "second_line": "", ERROR: str(found)}]
            else:
                yield [_in_script(reply.to_dict()) for reply in found]

    def _in_script(value: Any) -> Any:
        if not traditional:
            return value
        if isinstance(value, str):
            return to_traditional(value)
        if isinstance(value, dict):
            return {key: _in_script(x) for key, x in value.items()}
        return [_in_script(x) for x in value] if isinstance(value, list) else value

    return answerer(text_of, answers)


def path_of(folder: str | None) -> pathlib.Path | None:
    """Return the setting of a checkpoint as a path; None is the shipped one."""
    return None if folder is None else pathlib.Path(folder)
