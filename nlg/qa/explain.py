"""Why this answer: what it rests on, in the question and in a passage; no Keras here.

    found = explain(reader, Asked(question, passages), answer, options)
    max(found.passage, key=lambda piece: piece.weight).text

The answer is read again, after the window of its passage that supports it most, through
the graph of `nlg.qa.train.saliency`. Places are places in the texts as they came.

Shapes: S tokens of the longest source, T of the longest answer, its end included.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from nlg.errors import CheckpointError
from nlg.qa.config import SPECIAL, ReaderConfig
from nlg.qa.inputs import as_read
from nlg.qa.reader import Answer, AnswerOptions, Asked, Reader, Task, Window
from nlg.text.tokenizer import CONTINUES
from nlg.text.vocab import SEP_ID

SALIENCY = "saliency"  # the graph


class Piece(NamedTuple):
    """A character; or a word or a number that the model knows in parts."""

    text: str
    start: int  # in characters
    weight: float  # share of the saliency; those of question and passage add up to 1


class AnswerToken(NamedTuple):
    """A token of the answer."""

    text: str  # "" is the end
    probability: float  # after those before it
    copied: float | None  # the part of it that copying gives; None: no head that copies


class Explanation(NamedTuple):
    """What an answer rests on."""

    question: tuple[Piece, ...]
    passage: tuple[Piece, ...]  # of the window that was read
    written: tuple[AnswerToken, ...]


class Mark(NamedTuple):
    """A character of a text, with the weight of its piece; a blank may have none."""

    character: str
    place: int
    weight: float


class Reread(NamedTuple):
    """An answer to be read again after a window, its end included."""

    window: Window
    token_ids: list[int]
    texts: list[str]  # of each token


def longest(config: ReaderConfig) -> tuple[int, int]:
    """Return S and T, which the graph is made for."""
    source = config.max_passage + config.max_question + SPECIAL - 1
    return source, config.max_answer + 1


def explain(
    reader: Reader, asked: Asked, answer: Answer, options: AnswerOptions
) -> Explanation | None:
    """Return what an answer of `reader` rests on; None if it is no answer.

    Args:
        reader: with a checkpoint that has the graph.
        asked: what was answered.
        answer: what `reader` answered.
        options: how.

    Raises:
        CheckpointError: the checkpoint is one of before there was this graph.
    """
    if not answer.text:
        return None
    if f"{SALIENCY}.onnx" not in reader.checkpoint.listed:
        raise CheckpointError(
            f"{reader.checkpoint.folder} has no {SALIENCY}.onnx, which tells what an "
            "answer rests on; make it again with python -m nlg.qa.train.export"
        )
    task = reader.task(asked, options)
    told = [(one, _run(reader, task, one)) for one in _rereads(reader, task, answer)]
    best = max(told, key=lambda one: one[1]["log_probs"].sum())
    return _explained(reader, asked, *best)


def marks(text: str, pieces: Sequence[Piece]) -> Iterator[Mark]:
    """Yield the characters of `text` from the first of its pieces to the last.

    Example:
        >>> [mark.weight for mark in marks("问 BM25", [Piece("BM25", 2, 0.5)])]
        [0.5, 0.5, 0.5, 0.5]
    """
    weights = {
        place: piece.weight
        for piece in pieces
        for place in range(piece.start, piece.start + len(piece.text))
    }
    for place in range(min(weights, default=0), max(weights, default=-1) + 1):
        yield Mark(text[place], place, weights.get(place, 0.0))


def _rereads(reader: Reader, task: Task, answer: Answer) -> Iterator[Reread]:
    """Yield the answer after each window that holds it, else after all of its passage.

    A window that holds it knows its characters, those too that the model does not.
    """
    windows = [one for one in task.windows if one.passage == answer.passage]
    places = [_place_of(answer, window) for window in windows]
    anywhere = reader.tokenizer.encode(as_read(answer.text))
    tokens = [reader.checkpoint.vocabulary.tokens[token_id] for token_id in anywhere]
    passage, T = task.asked.passages[answer.passage], longest(reader.config)[1]
    for window, place in zip(windows, places, strict=True):
        token_ids, texts = anywhere, [x.removeprefix(CONTINUES) for x in tokens]
        if place:
            token_ids = window.token_ids[place]
            texts = [passage[a:b] for a, b in window.offsets[place]]
        if place or not any(places):
            yield Reread(window, [*token_ids, SEP_ID][:T], [*texts, ""][:T])


def _place_of(answer: Answer, window: Window) -> slice | None:
    """Return which tokens of a window are the answer, if it holds them."""
    starts = [start for start, _ in window.offsets]
    ends = [end for _, end in window.offsets]
    if answer.start not in starts or answer.end not in ends:
        return None
    return slice(starts.index(answer.start), len(ends) - ends[::-1].index(answer.end))


def _run(reader: Reader, task: Task, reading: Reread) -> dict[str, np.ndarray]:
    """Return `nlg.qa.train.saliency.Saliency`; the inputs are padded to the longest."""
    S, T = longest(reader.config)
    source = reading.window.source._asdict()
    inputs = {name: _row(source[name], S) for name in reader.inputs}
    if reader.config.model.answer_types:
        inputs["class_ids"] = _row([task.kind], 1)
    graph = reader.checkpoint.graph(SALIENCY)
    return graph(**inputs, answer=_row(reading.token_ids, T))


def _row(values: Sequence[int] | np.ndarray, size: int) -> np.ndarray:
    """Return (1, size) int32, zeros after `values`."""
    row = np.zeros((1, size), "int32")
    row[0, : len(values)] = values
    return row


def _explained(
    reader: Reader, asked: Asked, reading: Reread, out: dict[str, np.ndarray]
) -> Explanation:
    """Return what the graph says, by the characters of question and passage."""
    window = reading.window
    vocabulary = reader.checkpoint.vocabulary.tokens
    tokens = [vocabulary[token_id] for token_id in window.source.token_ids]
    end = 1 + len(window.token_ids)  # [CLS]passage[SEP]question[SEP]
    passage, question = slice(1, end), slice(end + 1, len(tokens) - 1)
    weights = out["saliency"][0]
    weights = weights / max(weights[passage].sum() + weights[question].sum(), 1e-30)
    texts = asked.question, asked.passages[window.passage]
    places = _places_of(asked.question, reader), window.offsets
    parts = zip(texts, (question, passage), places, strict=True)
    asks, tells = (
        tuple(_pieces(text, tokens[part], at, weights[part]))
        for text, part, at in parts
    )
    return Explanation(asks, tells, tuple(_written(reading.texts, out)))


def _places_of(question: str, reader: Reader) -> list[tuple[int, int]]:
    """Return where each token that is read of a question stands in it."""
    start, part = reader.end_of(question)
    offsets = reader.tokenizer.encode_with_offsets(part).offsets
    most = reader.config.max_question
    return [(start + a, start + b) for a, b in offsets[-most:]]


def _pieces(
    text: str,
    tokens: Sequence[str],
    places: Sequence[tuple[int, int]],
    weights: np.ndarray,
) -> list[Piece]:
    """Return the pieces of `text`, the parts of a word as one."""
    pieces: list[Piece] = []
    for token, (start, end), weight in zip(
        tokens, places, weights.tolist(), strict=True
    ):
        if token.startswith(CONTINUES) and pieces:
            before = pieces.pop()
            start, weight = before.start, before.weight + weight
        pieces.append(Piece(text[start:end], start, weight))
    return [piece._replace(weight=round(piece.weight, 4)) for piece in pieces]


def _written(texts: list[str], out: dict[str, np.ndarray]) -> Iterator[AnswerToken]:
    """Yield the tokens of the answer with what the model thinks of each."""
    probabilities = np.exp(out["log_probs"][0]).tolist()
    copied = out["copied"][0].sum(axis=-1).tolist() if "copied" in out else None
    for n, text in enumerate(texts):
        share = round(copied[n], 4) if copied else None
        yield AnswerToken(text, round(probabilities[n], 4), share)
