"""Turn a request into the sources that the network reads.

    request -> windows of its passages -> the most promising ones -> token ids, inputs

A passage longer than a window is read in windows that overlap, and each window votes as
a passage does. Windows that differ at most in blanks are read once and vote once: who
repeats a text adds nothing to it. BM25 over pairs of characters chooses among too many
windows. Offsets refer to the passage as it was given: `as_read` keeps its length.
"""

from collections.abc import Iterator
from typing import NamedTuple

from nlg.errors import OptionError
from nlg.qa.answer import QARequest
from nlg.qa.config import KINDS, STYLE_CLASSES, ReaderConfig
from nlg.qa.inputs import EncodedSource, as_read, source_of
from nlg.qa.options import AUTO, UNCONDITIONED, AnswerOptions
from nlg.qa.question_style import answer_style
from nlg.qa.question_type import answer_type
from nlg.text.bigrams import character_bigrams
from nlg.text.bm25 import BM25
from nlg.text.collect import HALF
from nlg.text.lexicon import Lexicon
from nlg.text.tokenizer import Tokenizer


class Span(NamedTuple):
    """A part of a passage, still text."""

    passage: int  # number of the passage
    start: int  # of the part, in characters of the passage
    text: str
    holders: list[int]  # numbers of the passages with this text; `passage` is the first


class Window(NamedTuple):
    """A part of a passage that the network reads at once."""

    passage: int  # number of the passage
    start: int  # of `text`, in characters of the passage
    text: str
    holders: list[int]  # numbers of the passages with this text; `passage` is the first
    offsets: list[tuple[int, int]]  # of each token, in characters of the passage
    token_ids: list[int]
    source: EncodedSource


class PreparedQuestion(NamedTuple):
    """A request that is ready for the graph."""

    request: QARequest
    windows: list[Window]
    class_ids: list[int]  # of the network's kinds of class, see `QAConfig.classes`
    asks_for: int  # answer type that the ranking uses, of `KINDS`
    style: int  # that the ranking uses, of `STYLE_CLASSES`; 0: not known

    @property
    def longest(self) -> int:
        """Return the number of tokens of the longest source."""
        return max(len(window.source.token_ids) for window in self.windows)


class Preparer:
    """Prepare requests for one checkpoint.

    Args:
        config: of the checkpoint.
        tokenizer: of the checkpoint.
        lexicon: of the checkpoint, if its network reads words.
    """

    def __init__(
        self, config: ReaderConfig, tokenizer: Tokenizer, lexicon: Lexicon | None
    ):
        self.config, self.tokenizer, self.lexicon = config, tokenizer, lexicon

    def prepare(self, request: QARequest, options: AnswerOptions) -> PreparedQuestion:
        """Return `request` as the graph reads it.

        Raises:
            OptionError: the question or a passage is empty or no text, there is no
                passage, or the network takes no answer type, or no style, and
                `options` name one.
        """
        _check_text("the question", request.question)
        question = self.read_part(request.question)[1]
        token_ids = self.tokenizer.encode(question)[-self.config.max_question :]
        if not token_ids:
            raise OptionError("the question is empty; type a question")
        spans = self._spans(request)
        windows = [
            self._window(span, token_ids)
            for span in _most_promising(spans, question, options.windows)
        ]
        asks_for = KINDS.get(options.answer_type) or KINDS[answer_type(question)]
        style = STYLE_CLASSES.get(options.style) or STYLE_CLASSES.get(
            answer_style(question), 0
        )
        told = self._class_ids(question, options)
        return PreparedQuestion(request, windows, told, asks_for, style)

    def cut_off(self, question: str) -> str:
        """Return the beginning of a question that is too long to be read, else "".

        The end is read, because Chinese questions ask there.
        """
        return question.strip()[: -self.config.max_question]

    def read_part(self, question: str) -> tuple[int, str]:
        """Return where the part of a question starts that is read, and that part."""
        part = question.strip()[-self.config.max_question :]
        return len(question.rstrip()) - len(part), as_read(part)

    def _class_ids(self, question: str, options: AnswerOptions) -> list[int]:
        """Return the classes that the network is told, see `QAConfig.classes`."""
        model = self.config.model
        found = []
        for name, is_told, wanted, rule, classes in (
            (
                "answer type",
                model.answer_types,
                options.answer_type,
                answer_type,
                KINDS,
            ),
            ("style", model.styles, options.style, answer_style, STYLE_CLASSES),
        ):
            if is_told:
                told = rule(question) if wanted == AUTO else wanted
                found.append(classes.get(told, 0))
            elif wanted not in (AUTO, UNCONDITIONED):
                raise OptionError(
                    f"the checkpoint was trained without {name}s; leave "
                    f"--{name.replace(' ', '-')} {wanted} out"
                )
        return found

    def _spans(self, request: QARequest) -> list[Span]:
        """Return the windows of all passages that hold more than blanks, each once."""
        if isinstance(request.passages, str):
            raise OptionError("passages is one text; give a list of texts")
        if not request.passages:
            raise OptionError("there is no passage to answer from; give one at least")
        spans = []
        for number, passage in enumerate(request.passages):
            _check_text(f"passage {number + 1}", passage)
            parts = cut_up(as_read(passage), self.config.max_passage)
            found = [Span(number, *part, [number]) for part in parts if part[1].strip()]
            if not found:
                raise OptionError(
                    f"passage {number + 1} is empty; leave it out or give a text"
                )
            spans += found
        return _distinct(spans)

    def _window(self, span: Span, question: list[int]) -> Window:
        most = self.config.max_passage
        token_ids, offsets = self.tokenizer.encode_with_offsets(span.text)
        offsets = [(span.start + a, span.start + b) for a, b in offsets[:most]]
        source = source_of(token_ids[:most], question, self.lexicon)
        return Window(*span, offsets, token_ids[:most], source)


def _check_text(name: str, text: str) -> None:
    """Refuse what JSON or a caller in Python can pass in place of a text."""
    if not isinstance(text, str):
        raise OptionError(f"{name} is {text!r}; give a text")
    if HALF.search(text):
        raise OptionError(f"{name} has half a character, such as \\ud840 by itself")


def cut_up(text: str, size: int) -> Iterator[tuple[int, str]]:
    """Yield the start and text of windows; neighbours share a quarter of `size`.

    Example:
        >>> list(cut_up("春眠不觉晓处处闻啼鸟", 4))
        [(0, '春眠不觉'), (3, '觉晓处处'), (6, '处闻啼鸟')]
    """
    step = size - size // 4
    for start in range(0, max(1, len(text) - size + step), step):
        yield start, text[start : start + size]


def pairs(text: str) -> list[str]:
    """Return the terms that BM25 counts: pairs of neighbours, which need no dictionary.

    A text of one character is a term by itself.

    Example:
        >>> pairs("春眠不觉")
        ['春眠', '眠不', '不觉']
    """
    text = text.lower()
    return character_bigrams(text) or [text]


def _distinct(spans: list[Span]) -> list[Span]:
    """Return the first of the spans with one text, which names all their passages."""
    found: dict[str, Span] = {}
    for span in spans:
        first = found.setdefault(" ".join(span.text.split()), span)
        if first is not span:
            first.holders.append(span.passage)
    return list(found.values())


def _most_promising(spans: list[Span], question: str, count: int) -> list[Span]:
    """Return `count` spans in order: those like the question, then the first ones."""
    if len(spans) <= count:
        return spans
    index = BM25(pairs(span.text) for span in spans)
    best = index.best(pairs(question), count)  # only spans that share a pair
    order = dict.fromkeys([*best, *range(count)])
    return [spans[n] for n in sorted(list(order)[:count])]
