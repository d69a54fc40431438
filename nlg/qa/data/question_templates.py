"""Turn a sentence into a question: replace a name by the word that asks for it.

    霍元甲于1910年创立了精武体育会。
    谁于1910年创立了精武体育会？   霍元甲于哪一年创立了精武体育会？

A Chinese question has its question word where the answer would be, so the result is a
natural question (the idea is from arXiv:1906.04980, where English needs a translation
step). Some words are dropped, since people rarely ask in the words of the sentence.
"""

import itertools
import random
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# jieba's tags of names, and the answer type of each (`nlg.qa.config.ANSWER_TYPES`)
TAGS = {"nr": "person", "ns": "place", "nt": "organisation", "nz": "other"}
COUNTS = ("m", "q", "t")  # 1910 年, 三 个, 去年
TITLE = re.compile("《([^《》]{2,20})》")
ASKS = {
    "person": ("谁", "谁", "谁", "哪个人", "哪位", "什么人"),
    "place": ("哪里", "哪儿", "什么地方", "哪个地方"),
    "time": ("什么时候", "何时", "什么时间"),
    "organisation": ("哪个机构", "什么组织", "哪个单位", "哪家公司"),
    "other": ("什么", "什么", "哪个"),
}
ENDS = {  # by type: the end of a name, and the word that asks for such a name
    "place": {"国": "哪个国家", "省": "哪个省", "市": "哪个城市", "县": "哪个县"},
    "organisation": {"大学": "哪所大学", "公司": "哪家公司"},
    "time": {"年": "哪一年", "月": "哪个月", "日": "哪一天"},
}
LOST = (0.0, 0.1, 0.2)  # shares of the words that a question drops; one is drawn
DIGITS = "0123456789〇零一二三四五六七八九十百千万亿两"
VAGUE = re.compile(
    f"第?[一两]([^{DIGITS}年月日].*)?|[几数].*"
)  # 一种, 第一, 几个: nobody asks
COMMAS = "，,；;：:"
STOPS = "。！？!?；;，,：: "
MARKS = ("？", "？", "？", "?", "")
LEAST_CLAUSE = 6  # characters that a clause must have beside the name


class Name(NamedTuple):
    """A name, title, time or count in a sentence, which a question can ask for."""

    text: str
    start: int
    kind: str


def names(words: Sequence[tuple[str, str]]) -> list[Name]:
    """Return the names, titles, times and counts of a sentence.

    Args:
        words: its words with jieba's tags, as `tagged_words` gives them.

    Example:
        >>> words = [("鲁迅", "nr"), ("生于", "v"), ("1881", "m"), ("年", "m")]
        >>> [tuple(name) for name in names(words)]
        [('鲁迅', 0, 'person'), ('1881年', 4, 'time')]
    """
    text = "".join(word for word, _ in words)
    found = list(TITLE.finditer(text))
    titles = [Name(title[1], title.start(1), "other") for title in found]
    inside = {place for title in found for place in range(*title.span())}
    others = (name for name in _tagged(words) if name.start not in inside)
    return titles + [name for name in others if "·" not in _beside(text, name)]


def _beside(text: str, name: Name) -> str:
    """Return the characters before and after `name`; · means that it is half a name."""
    end = name.start + len(name.text)
    return text[max(0, name.start - 1) : name.start] + text[end : end + 1]


def _tagged(words: Sequence[tuple[str, str]]) -> Iterator[Name]:
    place = 0
    for counted, group in itertools.groupby(words, lambda word: word[1][:1] in COUNTS):
        run = list(group)
        if counted:
            span = "".join(word for word, _ in run)
            if any(digit in span for digit in DIGITS) and not VAGUE.fullmatch(span):
                yield Name(span, place, _kind_of_count(span))
        else:
            at = place
            for word, tag in run:
                if len(word) > 1 and tag[:2] in TAGS:
                    yield Name(word, at, TAGS[tag[:2]])
                at += len(word)
        place += sum(len(word) for word, _ in run)


def _kind_of_count(span: str) -> str:
    return "time" if re.search("[年月日时号世纪]$", span) else "number"


def question_word(name: Name, rng: random.Random) -> str:
    """Return a question word for `name`.

    Example:
        >>> question_word(Name("300人", 0, "number"), random.Random(1))
        '多少人'
    """
    if name.kind == "number":
        unit = name.text.lstrip(DIGITS + ".,余多第")
        return "多少" + unit
    for end, word in ENDS.get(name.kind, {}).items():
        if name.text.endswith(end) and rng.random() < 0.7:
            return word
    return rng.choice(ASKS[name.kind])


def ask(words: Sequence[tuple[str, str]], name: Name, rng: random.Random) -> str:
    """Return the sentence of `words` as a question that `name` answers.

    Half of the questions keep only the clause of the name; some words are dropped.
    """
    word = question_word(name, rng)
    before, after = _around(words, name)
    if rng.random() < 0.5:
        before, after = _clause(before, after)
    lost = rng.choice(LOST)
    head = "".join(_kept(before[:-1], lost, rng) + before[-1:]).lstrip(STOPS)
    tail = "".join(after[:1] + _kept(after[1:], lost, rng)).rstrip(STOPS)
    if head.endswith("《") and tail.startswith("》"):
        head, tail = head[:-1], tail[1:]  # 创作了什么, not 《什么》
    if not head and len(tail) > 1 and rng.random() < 0.3:
        head, tail = f"{tail}的是", ""  # 谁创立了… -> 创立了…的是谁
    return head + word + tail + rng.choice(MARKS)


def _kept(words: list[str], lost: float, rng: random.Random) -> list[str]:
    return [word for word in words if rng.random() >= lost]


def _around(
    words: Sequence[tuple[str, str]], name: Name
) -> tuple[list[str], list[str]]:
    """Return the words before and after `name`, also parts of words it overlaps."""
    before, after, place = [], [], 0
    end = name.start + len(name.text)
    for word, _ in words:
        before.append(word[: max(0, name.start - place)])
        after.append(word[max(0, end - place) :])
        place += len(word)
    return list(filter(None, before)), list(filter(None, after))


def _clause(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    """Return the words between the commas around the name, unless they are too few."""
    starts = [i + 1 for i, word in enumerate(before) if word in COMMAS]
    ends = [i for i, word in enumerate(after) if word in COMMAS]
    head, tail = before[max(starts, default=0) :], after[: min(ends, default=None)]
    if len("".join(head + tail)) < LEAST_CLAUSE:
        return before, after
    return head, tail
