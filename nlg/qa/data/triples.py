"""Questions made of sentences whose facts are known, by templates.

    {"text": "《想飞》是2007年由何东兴、丁仰国执导，袁琼琼编剧…",
     "triples": [{"subject": "想飞", "subject_type": "影视作品",
                  "predicate": "编剧", "object": "袁琼琼", "object_type": "人物"}]}

    《想飞》的剧本是谁写的？   袁琼琼        the object is asked for
    袁琼琼编剧的作品叫什么？   想飞          the subject is asked for

The layout is that of DuIE 2.0. `relations.tsv` beside this file has the wordings, one a
line: relation, what is asked for, and the question with {} for what is known.

A passage is the sentence among others whose subjects are of the same type, so that
other things of the right type stand in it. Some questions get a second passage that
does not answer them: the same relation of another subject (the capital of China, where
that of France is asked for).
"""

import collections
import functools
import pathlib
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from nlg.qa.config import ENTITY
from nlg.qa.data.read import Passage, Question, Record
from nlg.text.collect import name_of, source_of, text_and_problem, values

KEYS = ("subject", "predicate", "object", "subject_type")
ASKED = ("object", "subject")  # what a question may ask for
SUBJECT_SHARE = 0.3  # of the facts that are asked for their subject
OTHER_SHARE = 0.3  # of the questions with a second passage, which has no answer
MOST_ANSWERS = 3  # a fact of more objects is a list: nobody asks for one of it
COMPANY = (1, 4)  # sentences beside the one that answers
TRIES = 20  # draws of a sentence that fits, before there is none
ASKS_YEAR = re.compile("哪一?年")
STOPS = "。！？；!?;"


class Fact(NamedTuple):
    """A relation between two names of a sentence."""

    subject: str
    relation: str
    object: str
    subject_type: str


class Sentence(NamedTuple):
    """A text, where it was found, and the facts that it states."""

    where: str
    text: str
    facts: tuple[Fact, ...]


class Query(NamedTuple):
    """What is asked of a sentence."""

    relation: str
    asked: str  # of ASKED
    known: str  # the name that the question says
    answers: tuple[str, ...]  # in the order of the sentence
    subject_type: str


def read(path: pathlib.Path, size: int, seed: int) -> Iterator[Record]:
    """Yield the questions made of one file; `-` is standard input.

    Args:
        path: JSON lines or an array of texts with triples, gzipped or not.
        size: characters of a passage at most, if its sentence is not longer; 0 is any.
        seed: of the wordings, the company, and what is asked for.

    What cannot be read is yielded with its `problem`.
    """
    name = name_of(path)
    text, problem = text_and_problem(path)
    if problem:
        yield Record(name, problem=problem)
        return
    sentences = []
    for where, value, problem in values(name, text):
        try:
            if problem:
                raise ValueError(problem)
            sentences.append(Sentence(where, *_sentence(value)))
        except ValueError as broken:
            yield Record(where, problem=str(broken))
    yield from questions(sentences, source_of(path), size, seed)


def questions(
    sentences: Sequence[Sentence], source: str, size: int, seed: int
) -> Iterator[Record]:
    """Yield questions about `sentences`, each with one passage or two.

    Args:
        sentences: the passages are made of them alone.
        source: name of the questions' source.
        size: see `read`.
        seed: see `read`.
    """
    rng = random.Random(seed)
    pool = _Pool(sentences, size, rng)
    for sentence in sentences:
        for query in _queries(sentence, rng):
            wording = rng.choice(_fitting_wordings(query))
            passages = [pool.answering(sentence, query)]
            if rng.random() < OTHER_SHARE:
                passages += pool.silent(query)
            question = Question(
                f"{sentence.where} {query.relation} {query.asked} {query.known}",
                wording.format(query.known),
                tuple(passages),
                source,
                query.answers,
                ENTITY,
            )
            yield Record(sentence.where, question)


@functools.cache
def wordings() -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the ways to ask, by relation and what is asked for.

    Example:
        >>> wordings()["首都", "subject"]
        ('{}是哪个国家的首都？', '{}是哪国首都？')
    """
    found = collections.defaultdict(list)
    table = pathlib.Path(__file__).with_name("relations.tsv").read_text("utf-8")
    for line in table.splitlines():
        relation, asked, wording = line.split("\t")
        found[relation, asked].append(wording)
    return {key: tuple(ways) for key, ways in found.items()}


def _fitting_wordings(query: Query) -> list[str]:
    """Return the ways to ask for `query`; which year is not asked for a whole date."""
    every = wordings()[query.relation, query.asked]
    whole_date = "月" in query.answers[0]
    return [way for way in every if not (whole_date and ASKS_YEAR.search(way))]


class _Pool:
    """The sentences that passages are made of."""

    def __init__(self, sentences: Iterable[Sentence], size: int, rng: random.Random):
        self.size, self.rng = size, rng
        self.by_type = collections.defaultdict(list)
        self.by_relation = collections.defaultdict(list)
        for sentence in sentences:
            for kind in {fact.subject_type for fact in sentence.facts}:
                self.by_type[kind].append(sentence.text)
            for relation in {fact.relation for fact in sentence.facts}:
                self.by_relation[relation].append(sentence.text)

    def answering(self, sentence: Sentence, query: Query) -> Passage:
        """Return `sentence` among others that do not answer `query`."""
        text = self._among_others(sentence.text, query)
        return Passage(text, query.answers, text.find(query.answers[0]))

    def silent(self, query: Query) -> list[Passage]:
        """Return a passage that states the relation of another name; [] if none is."""
        found = self._draw(self.by_relation[query.relation], query)
        return [Passage(self._among_others(text, query)) for text in found]

    def _among_others(self, text: str, query: Query) -> str:
        texts = [text]
        for _ in range(self.rng.randint(*COMPANY)):
            for other in self._draw(self.by_type[query.subject_type], query):
                length = sum(map(len, texts)) + len(texts) + 1 + len(other)
                if other not in texts and (not self.size or length <= self.size):
                    texts.append(other)
        self.rng.shuffle(texts)
        return "".join(x if x[-1] in STOPS else f"{x}。" for x in texts)

    def _draw(self, texts: Sequence[str], query: Query) -> list[str]:
        """Return one of `texts` without any name of `query`; [] if none is drawn."""
        for _ in range(TRIES):
            text = self.rng.choice(texts)
            if not any(name in text for name in (query.known, *query.answers)):
                return [text]
        return []


def _queries(sentence: Sentence, rng: random.Random) -> Iterator[Query]:
    """Yield what is asked of a sentence: every fact once, from one side."""
    answers: dict[tuple[str, str, str], list[str]] = collections.defaultdict(list)
    types = {}
    for fact in sentence.facts:
        asked = ASKED[rng.random() < SUBJECT_SHARE]
        if (fact.relation, asked) not in wordings():
            continue
        names = (fact.subject, fact.object)
        known, answer = names if asked == "object" else names[::-1]
        key = fact.relation, asked, known
        answers[key].append(answer)
        types[key] = fact.subject_type
    for key, found in answers.items():
        there = sorted(dict.fromkeys(found), key=sentence.text.find)
        if len(there) <= MOST_ANSWERS and _can_be_asked(sentence.text, key[2], there):
            yield Query(*key, tuple(there), types[key])


def _can_be_asked(text: str, known: str, answers: Sequence[str]) -> bool:
    """Return whether all names stand in `text`, and no answer in the question."""
    overlap = any(answer in known or known in answer for answer in answers)
    return not overlap and all(name in text for name in (known, *answers))


def _sentence(value: Any) -> tuple[str, tuple[Fact, ...]]:
    """Return the text of a record and its facts.

    Raises:
        ValueError: it is not of the layout; says how.
    """
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise ValueError("not a JSON object with a text")
    triples = value.get("triples")
    if not isinstance(triples, list) or not all(map(_is_triple, triples)):
        raise ValueError(f"no list of triples, each with the texts {', '.join(KEYS)}")
    facts = (
        Fact(x["subject"], x["predicate"], x["object"], x["subject_type"])
        for x in triples
    )
    return value["text"].strip(), tuple(dict.fromkeys(facts))


def _is_triple(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(key), str) and value[key].strip() for key in KEYS
    )
