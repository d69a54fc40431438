"""Questions made of plain text: a name that a document has twice is blanked once.

Recurring span selection (arXiv:2101.00438): one sentence with the name is the question,
the rest of the document the passage, where the name still stands. Nobody labels
anything, and telling which name is missing takes reading both.

    text -> sentences -> spans by sentence -> recurring ones -> some of them blanked
"""

import collections
import dataclasses
import functools
import itertools
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nlg.qa.examples import Example, cut
from nlg.text.documents import cut_sentences
from nlg.text.words import cut_words, part_of_speech

BLANK = "（）"  # as exams write it, and so WebQA's questions
LONGEST_WORDS = 5  # words of a span
# Tags of what a span may begin and end with; a word without a tag may be any name.
NOUNS = ("n", "j", "x", "eng")
UNITS = ("m", "q")  # after a digit: 2008 年
LATIN = "[0-9A-Za-z]"
Spans = Mapping[str, Sequence[int]]  # the numbers of the sentences that have each span


@dataclasses.dataclass(frozen=True)
class ClozeOptions:
    """Which spans are blanked, and how long the texts may be, in characters."""

    shortest: int = 2  # span
    longest: int = 10  # span
    passage: int = 256  # at most
    question: int = 64  # at most
    least_question: int = 8  # a shorter sentence says too little to tell the span
    per_document: int = 4  # questions, at most


def clozes(
    text: str, source: str, rng: random.Random, options: ClozeOptions
) -> Iterator[Example]:
    """Yield questions about a document, each with a passage that holds the answer.

    Example:
        >>> text = "鲁迅姓周。一九一八年鲁迅发表了《狂人日记》。"
        >>> (made,) = clozes(text, "", random.Random(1), ClozeOptions())
        >>> made.question, made.answer, made.passage
        ('一九一八年（）发表了《狂人日记》。', '鲁迅', '鲁迅姓周。')
    """
    parts = map(str.strip, cut_sentences(text))
    sentences = list(dict.fromkeys(filter(None, parts)))  # one twice gives all away
    spans = recurring(map(cut_words, sentences), options)
    order = rng.sample(sorted(spans), len(spans))
    made = (
        _cloze(span, spans[span], sentences, source, rng, options) for span in order
    )
    yield from itertools.islice(filter(None, made), options.per_document)


def recurring(sentences: Iterable[list[str]], options: ClozeOptions) -> Spans:
    """Return the spans of two sentences or more, with the numbers of those.

    A span is not told if a longer one stands in the same sentences.

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

    A plain noun by itself (问题, 情况) names nothing and is none.
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


def _cloze(
    span: str,
    numbers: Iterable[int],
    sentences: list[str],
    source: str,
    rng: random.Random,
    options: ClozeOptions,
) -> Example | None:
    """Blank `span` in one of the sentences that have it, if one is fit to ask."""
    sizes = range(options.least_question, options.question + 1)
    fit = [number for number in numbers if len(sentences[number]) in sizes]
    if not fit:
        return None
    asked = rng.choice(fit)
    rest = "".join(sentences[:asked] + sentences[asked + 1 :])
    pattern = _pattern(span)
    starts = [found.start() for found in pattern.finditer(rest)]
    if not starts:  # two sentences without a mark between them hide it
        return None
    question = pattern.sub(BLANK, sentences[asked])
    example = Example(source, rest, question, span, rng.choice(starts))
    return cut(example, options.passage, rng)


def _pattern(span: str) -> re.Pattern[str]:
    """Return what finds `span`, but not as a part of a longer word in Latin letters."""
    before = f"(?<!{LATIN})" if re.match(LATIN, span) else ""
    after = f"(?!{LATIN})" if re.match(LATIN, span[-1]) else ""
    return re.compile(before + re.escape(span) + after)
