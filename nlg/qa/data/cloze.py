"""Make questions from plain text: blank a name in a sentence of a document.

Recurring span selection (arXiv:2101.00438): a sentence with the name becomes the
question, and the rest of the document, which contains the name again, the passage. No
labels are needed, and to find the missing name a model must read both.

    text -> sentences -> spans by sentence -> recurring spans -> some of them blanked

Options add questions with a question word in place of the blank, questions whose
sentence stays in the passage, and questions whose passage has lost the name and so has
no answer.
"""

import collections
import dataclasses
import functools
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from nlg.qa.config import ENTITY
from nlg.qa.data.examples import Example, cut
from nlg.qa.data.question_templates import Name, ask, names
from nlg.qa.question_type import OTHER
from nlg.text.documents import cut_sentences
from nlg.text.words import cut_words, part_of_speech, tagged_words

BLANK = "（）"  # as exams write it, and so WebQA's questions
LONGEST_WORDS = 5  # words of a span
# Tags of the words that begin and end a span; a word without a tag may be any name.
NOUNS = ("n", "j", "x", "eng")
UNITS = ("m", "q")  # after a digit: 2008 年
LATIN = "[0-9A-Za-z]"
LEAST_SILENT = 40  # characters of a passage that has no answer
Spans = Mapping[str, Sequence[int]]  # numbers of the sentences that contain a span


@dataclasses.dataclass(frozen=True)
class ClozeOptions:
    """Which spans are blanked; lengths are in characters."""

    shortest: int = 2  # of a span
    longest: int = 10  # of a span
    passage: int = 256  # longest
    question: int = 64  # longest
    least_question: int = 8  # a shorter sentence does not determine its span
    per_document: int = 4  # questions, at most
    asked: float = 0.0  # share of questions with a question word in place of the blank
    kept: float = 0.0  # share whose sentence stays; they all have a question word
    silent: float = 0.0  # share whose passage has lost the name


def clozes(
    text: str, source: str, rng: random.Random, options: ClozeOptions
) -> Iterator[Example]:
    """Yield questions about a document, each with its passage.

    Example:
        >>> text = "鲁迅姓周。一九一八年鲁迅发表了《狂人日记》。"
        >>> (made,) = clozes(text, "", random.Random(1), ClozeOptions())
        >>> made.question, made.answer, made.passage
        ('一九一八年（）发表了《狂人日记》。', '鲁迅', '鲁迅姓周。')
    """
    parts = map(str.strip, cut_sentences(text))
    sentences = list(dict.fromkeys(filter(None, parts)))  # a copy would answer
    document = _Document(source, sentences, rng, options)
    found = document.recurring(), document.kept()
    for _ in range(options.per_document):
        example = next(found[rng.random() < options.kept], None)
        if example:
            yield cut(example, options.passage, rng)


def recurring(sentences: Iterable[list[str]], options: ClozeOptions) -> Spans:
    """Return the spans that two or more sentences contain, with their numbers.

    A span is left out if a longer one is in the same sentences.

    Example:
        >>> words = [["北京", "大学", "很", "大"], ["我", "爱", "北京", "大学"]]
        >>> recurring(words, ClozeOptions())
        {'北京大学': (0, 1)}
    """
    places = collections.defaultdict(list)
    for number, words in enumerate(sentences):
        for span in dict.fromkeys(_spans(words, options)):
            places[span].append(number)
    alike = collections.defaultdict(list)
    for span, numbers in places.items():
        if len(numbers) > 1:
            alike[tuple(numbers)].append(span)
    return {
        span: numbers
        for numbers, spans in alike.items()
        for span in spans
        if not any(span in other for other in spans if span != other)
    }


def _spans(words: list[str], options: ClozeOptions) -> Iterator[str]:
    """Yield the spans of a sentence: from a noun or a number to a noun or a unit.

    A plain noun by itself (问题, 情况) names nothing and is no span.
    """
    for start, first in enumerate(words):
        counted = first[0].isdigit()
        if not counted and not _is(first, NOUNS):
            continue
        span = ""
        for word in words[start : start + LONGEST_WORDS]:
            span += word
            if not word.isalnum() or len(span) > options.longest:
                break
            ends = _is(word, NOUNS) or (counted and _is(word, UNITS))
            plain = span == first and part_of_speech(first) == "n"
            if ends and not plain and len(span) >= options.shortest:
                yield span


@functools.lru_cache(100_000)
def _is(word: str, tags: tuple[str, ...]) -> bool:
    tag = part_of_speech(word)
    return word.isalnum() and (not tag or tag.startswith(tags))


class _Document(NamedTuple):
    """The different sentences of a document."""

    source: str
    sentences: list[str]
    rng: random.Random
    options: ClozeOptions

    def recurring(self) -> Iterator[Example]:
        """Yield questions that another sentence answers."""
        spans = recurring(map(cut_words, self.sentences), self.options)
        for span in self.rng.sample(sorted(spans), len(spans)):
            having = (self.sentences[number] for number in spans[span])
            fit = list(filter(self._is_fit, having))
            if not fit:
                continue
            asked = self.rng.choice(fit)
            rest = "".join(filter(asked.__ne__, self.sentences))
            starts = _places(span, rest)
            if starts and _places(span, asked):  # a longer word may hide it
                question = self._question(asked, span)
                yield self._example(rest, question, span, self.rng.choice(starts))

    def kept(self) -> Iterator[Example]:
        """Yield questions whose sentence is in the passage."""
        passage = "".join(self.sentences)
        fit = list(filter(self._is_fit, self.sentences))
        for sentence in self.rng.sample(fit, len(fit)):
            words = tagged_words(sentence)
            found = names(words)
            if not found:
                continue
            name = self.rng.choice(found)
            question = ask(words, name, self.rng)
            if name.text not in question:
                start = passage.index(sentence) + name.start
                yield self._example(passage, question, name.text, start)

    def _is_fit(self, sentence: str) -> bool:
        return self.options.least_question <= len(sentence) <= self.options.question

    def _question(self, sentence: str, span: str) -> str:
        """Return a sentence with a blank, or a question word, in place of `span`."""
        if self.rng.random() < self.options.asked:
            words = tagged_words(sentence)
            unnamed = Name(span, _places(span, sentence)[0], OTHER)
            found = (name for name in names(words) if name.text == span)
            sentence = ask(words, next(found, unnamed), self.rng)
        return _pattern(span).sub(BLANK, sentence)

    def _example(self, passage: str, question: str, span: str, start: int) -> Example:
        if self.rng.random() < self.options.silent:
            rest = [sentence for sentence in self.sentences if span not in sentence]
            if sum(map(len, rest)) >= LEAST_SILENT:
                return Example(self.source, "".join(rest), question, "", style=ENTITY)
        return Example(self.source, passage, question, span, start, ENTITY)


def _places(span: str, text: str) -> list[int]:
    return [found.start() for found in _pattern(span).finditer(text)]


def _pattern(span: str) -> re.Pattern[str]:
    """Return a pattern of `span` that matches no part of a word in Latin letters."""
    before = f"(?<!{LATIN})" if re.match(LATIN, span) else ""
    after = f"(?!{LATIN})" if re.match(LATIN, span[-1]) else ""
    return re.compile(before + re.escape(span) + after)
