"""Explain an answer: its saliency in the question and in a passage; no Keras here.

    answer = reader.answer(question, passages)
    found = explain(reader, QARequest(question, passages), answer)
    max(found.passage, key=lambda piece: piece.weight).text

The graph of `nlg.qa.train.saliency` scores the tokens of the answer after one window of
its passage. Of the windows that contain the answer, the one counts that makes it most
probable. Places are places in the texts as they were given.

Shapes: S tokens of the longest source, T of the longest answer, its end included.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from nlg.errors import CheckpointError
from nlg.qa.answer import Answer, QARequest
from nlg.qa.config import SALIENCY, longest
from nlg.qa.inputs import as_read, padded, padded_rows
from nlg.qa.options import DEFAULTS, AnswerOptions
from nlg.qa.prepare import PreparedQuestion, Window
from nlg.qa.reader import Reader
from nlg.text.tokenizer import CONTINUES
from nlg.text.vocab import SEP_ID


class Piece(NamedTuple):
    """A character, or a whole word or number that the model reads in parts."""

    text: str
    start: int  # in characters
    weight: float  # share of the saliency; all of question and passage add up to 1


class AnswerToken(NamedTuple):
    """A token of the answer."""

    text: str  # "" is the end
    probability: float  # given the tokens before it
    copied: float | None  # part of it that is copied; None: the network has no copying


class Explanation(NamedTuple):
    """What an answer rests on."""

    question: tuple[Piece, ...]
    passage: tuple[Piece, ...]  # of one window
    written: tuple[AnswerToken, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object: a list of objects under each name."""
        parts = self._asdict().items()
        return {name: [one._asdict() for one in part] for name, part in parts}


class Weighted(NamedTuple):
    """A character of a text, with the weight of its piece; 0 between pieces."""

    character: str
    place: int
    weight: float


class GivenAnswer(NamedTuple):
    """An answer to be scored after one window, its end included."""

    window: Window
    token_ids: list[int]
    texts: list[str]  # one for each token


def explain(
    reader: Reader,
    request: QARequest,
    answer: Answer,
    options: AnswerOptions = DEFAULTS,
) -> Explanation | None:
    """Return what `answer` rests on; None if it is empty.

    Args:
        reader: of a checkpoint with the saliency graph.
        request: what was asked.
        answer: of `reader` to `request`.
        options: that `reader` answered with.

    Raises:
        CheckpointError: the checkpoint is older than this graph.
    """
    if not answer.text:
        return None
    if f"{SALIENCY}.onnx" not in reader.checkpoint.listed:
        raise CheckpointError(
            f"{reader.checkpoint.folder} has no {SALIENCY}.onnx, which tells what an "
            "answer rests on; make it again with python -m nlg.qa.train.export"
        )
    question = reader.preparer.prepare(request, options)
    scored = [
        (given, _run(reader, question, given))
        for given in _given_answers(reader, question, answer)
    ]
    best = max(scored, key=lambda one: one[1]["log_probs"].sum())
    return _explained(reader, request, *best)


def weighted(text: str, pieces: Sequence[Piece]) -> Iterator[Weighted]:
    """Yield the characters of `text` from its first piece to its last.

    Example:
        >>> pieces = [Piece("BM25", 2, 0.5)]
        >>> [one.weight for one in weighted("问 BM25", pieces)]
        [0.5, 0.5, 0.5, 0.5]
    """
    weights = {
        place: piece.weight
        for piece in pieces
        for place in range(piece.start, piece.start + len(piece.text))
    }
    for place in range(min(weights, default=0), max(weights, default=-1) + 1):
        yield Weighted(text[place], place, weights.get(place, 0.0))


def _given_answers(
    reader: Reader, question: PreparedQuestion, answer: Answer
) -> Iterator[GivenAnswer]:
    """Yield the answer in each window that contains it.

    There its tokens are those of the window, whose text has the characters that the
    vocabulary lacks. An answer that no window contains goes with every window of its
    passage, in tokens of its own.
    """
    windows = [one for one in question.windows if one.passage == answer.passage]
    places = [_place_of(answer, window) for window in windows]
    encoded = reader.tokenizer.encode(as_read(answer.text))
    tokens = [reader.checkpoint.vocabulary.tokens[token_id] for token_id in encoded]
    passage, T = question.request.passages[answer.passage], longest(reader.config)[1]
    for window, place in zip(windows, places, strict=True):
        token_ids, texts = encoded, [x.removeprefix(CONTINUES) for x in tokens]
        if place:
            token_ids = window.token_ids[place]
            texts = [passage[a:b] for a, b in window.offsets[place]]
        if place or not any(places):
            yield GivenAnswer(window, [*token_ids, SEP_ID][:T], [*texts, ""][:T])


def _place_of(answer: Answer, window: Window) -> slice | None:
    """Return which tokens of a window are the answer; None: not all are in it."""
    starts = [start for start, _ in window.offsets]
    ends = [end for _, end in window.offsets]
    if answer.start not in starts or answer.end not in ends:
        return None
    return slice(starts.index(answer.start), len(ends) - ends[::-1].index(answer.end))


def _run(
    reader: Reader, question: PreparedQuestion, given: GivenAnswer
) -> dict[str, np.ndarray]:
    """Return `nlg.qa.train.saliency.Saliency` by name; inputs are padded to S and T."""
    S, T = longest(reader.config)
    source = padded([given.window.source], S)
    inputs = {name: source[name] for name in reader.inputs}
    if reader.config.model.classes():
        inputs["class_ids"] = padded_rows([question.class_ids])
    graph = reader.checkpoint.graph(SALIENCY)
    return graph(**inputs, answer=padded_rows([given.token_ids], T))


def _explained(
    reader: Reader,
    request: QARequest,
    given: GivenAnswer,
    outputs: dict[str, np.ndarray],
) -> Explanation:
    """Return the graph's outputs by the characters of question and passage."""
    window = given.window
    vocabulary = reader.checkpoint.vocabulary.tokens
    tokens = [vocabulary[token_id] for token_id in window.source.token_ids]
    end = 1 + len(window.token_ids)  # [CLS]passage[SEP]question[SEP]
    passage, question = slice(1, end), slice(end + 1, len(tokens) - 1)
    weights = outputs["saliency"][0]
    weights = weights / max(weights[passage].sum() + weights[question].sum(), 1e-30)
    texts = request.question, request.passages[window.passage]
    offsets = _question_offsets(request.question, reader), window.offsets
    parts = zip(texts, (question, passage), offsets, strict=True)
    of_question, of_passage = (
        tuple(_pieces(text, tokens[part], at, weights[part]))
        for text, part, at in parts
    )
    return Explanation(of_question, of_passage, tuple(_written(given.texts, outputs)))


def _question_offsets(question: str, reader: Reader) -> list[tuple[int, int]]:
    """Return the offsets of the tokens of a question that are read."""
    start, part = reader.preparer.read_part(question)
    offsets = reader.tokenizer.encode_with_offsets(part).offsets
    most = reader.config.max_question
    return [(start + a, start + b) for a, b in offsets[-most:]]


def _pieces(
    text: str,
    tokens: Sequence[str],
    offsets: Sequence[tuple[int, int]],
    weights: np.ndarray,
) -> list[Piece]:
    """Return the pieces of `text`; tokens of one word are one piece."""
    pieces: list[Piece] = []
    for token, (start, end), weight in zip(
        tokens, offsets, weights.tolist(), strict=True
    ):
        if token.startswith(CONTINUES) and pieces:
            before = pieces.pop()
            start, weight = before.start, before.weight + weight
        pieces.append(Piece(text[start:end], start, weight))
    return [piece._replace(weight=round(piece.weight, 4)) for piece in pieces]


def _written(texts: list[str], outputs: dict[str, np.ndarray]) -> Iterator[AnswerToken]:
    """Yield the tokens of the answer with their probabilities."""
    probabilities = np.exp(outputs["log_probs"][0]).tolist()
    copied = outputs["copied"][0].sum(axis=-1).tolist() if "copied" in outputs else None
    for n, text in enumerate(texts):
        share = round(copied[n], 4) if copied else None
        yield AnswerToken(text, round(probabilities[n], 4), share)
