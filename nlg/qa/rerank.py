"""Rerank the answers that a search found, by evidence that the search does not use.

    question, lines and their places -> evidence for each line -> probability of each

A search sums the log-probability of each token after the tokens before it. It does not
see whether the line repeats the question, whether its sentence does, whether it has the
type that is asked for, and whether other lines say nearly the same. A conditional logit
over the lines and "none of them" uses such evidence:

    P(line n) = exp(w . f_n) / (1 + sum over all lines m of exp(w . f_m))

Log-linear reranking of n-best lists is from Collins and Koo
(aclanthology.org/J05-1003). The evidence around a span is that of the first baseline
for SQuAD (arXiv:1606.05250); the likeness to other lines is minimum Bayes risk
(aclanthology.org/N04-1022).

What speaks for a line depends on where it stands: of a sentence that was retrieved
people ask for a name, of a long passage for a phrase too. So some evidence counts once
more by the length of the window.

The weights are fitted when a checkpoint is made, see `nlg.qa.train.fit_ranking`. A file
of the checkpoint has them by name.
"""

import json
import math
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nlg.metrics.sogou import normalised, overlap
from nlg.qa.inputs import as_read
from nlg.runtime import Checkpoint
from nlg.text.bigrams import character_bigrams

FILE = "ranking.json"  # of a checkpoint
NEAR = (8, 16, 32)  # characters on each side of a line
MARK_OR_END = frozenset(["", *" \n，。、；：！？,.;:!?()（）《》“”\"'[]【】—-"])
STOPS = re.compile(r"[。！？!?；;]")
CHOICE = re.compile(r"还是|、")  # 空间还是时间: the question names its answers
SHAPES = (  # how an answer is written; the first match decides
    ("number", re.compile(r"[\d.,%]+")),
    ("date", re.compile(r"(?=.*\d)(?=.*[年月日]).*")),
    ("digits", re.compile(r".*\d.*")),
    ("latin", re.compile(r".*[A-Za-z].*")),
    ("quoted", re.compile(r"[《“\"].*")),
    ("plain", re.compile(r".*", re.DOTALL)),
)
UNITS = "公里|公斤|公顷|千米|厘米|毫米|平方|分钟|小时|美元|个月"  # of two characters
COUNTED = re.compile(f"(?:多少|几)({UNITS}|.)")  # 多少人: people are counted
ENDS = (
    "市省县国人年月日个块名岁族语系部队"  # last characters that annotators keep or drop
)

MARKS = "的是，。、（"  # a line that has one of these inside may be more than a name
LONG = 256  # characters of a window that counts as long
BY_ROOM = (  # evidence that counts once more by the length of the window
    *("line", "vote", "behind", "first", "share", "likeness", "inside", "around"),
    *("length", "squared length", "vote a character"),
    *("one word", "stop before", "stop after", "sentence"),
)

Evidence = dict[str, float]


class Context(NamedTuple):
    """The window that contains a line."""

    text: str
    levels: Mapping[int, int]  # word level of the character at a place, see `lexicon`


class FoundAnswer(NamedTuple):
    """A line, that is an answer that the search found."""

    text: str
    vote: float  # score of the search
    context: Context | None = None  # None: the line is in no passage
    start: int = -1  # context.text[start:end] is the line
    end: int = -1


class _Question(NamedTuple):
    """The question, as the evidence needs it."""

    written: str  # as it was typed
    text: str  # normalised
    pairs: set[str]  # pairs of neighbouring characters of `text`
    kind: int  # answer type that it asks for, of `nlg.qa.config.KINDS`
    style: int  # that it asks for, of `nlg.qa.config.STYLE_CLASSES`; 0: not known


class Ranking:
    """The weights of evidence, by name."""

    def __init__(self, weights: Mapping[str, float]):
        self.weights = dict(weights)

    def odds(self, evidence: Evidence) -> float:
        """Return the logarithm of P(line) / P(none) by the evidence for a line."""
        return sum(self.weights.get(name, 0.0) * x for name, x in evidence.items())

    def probabilities(self, evidence: Sequence[Evidence]) -> list[float]:
        """Return the probability of each line; the rest up to 1 is "none of them".

        Example:
            >>> Ranking({"vote": 1.0}).probabilities([{"vote": 0.0}, {"vote": -50.0}])
            [0.5, 0.0]
        """
        odds = [self.odds(one) for one in evidence]
        most = max([0.0, *odds])
        shares = [math.exp(x - most) for x in odds]
        total = math.exp(-most) + sum(shares)
        return [round(share / total, 6) for share in shares]


def evidence_for(
    question: str, kind: int, lines: Sequence[FoundAnswer], style: int = 0
) -> list[Evidence]:
    """Return the evidence for and against each of `lines`, by name, zeros left out.

    Args:
        question: as it was typed.
        kind: answer type that the question asks for, of `nlg.qa.config.KINDS`.
        lines: the best first.
        style: that the question asks for, of `nlg.qa.config.STYLE_CLASSES`; 0: none.
    """
    if not lines:
        return []
    normal = normalised(as_read(question))
    asked = _Question(question, normal, {*character_bigrams(normal)}, kind, style)
    texts = [normalised(as_read(line.text)) for line in lines]
    votes = np.array([line.vote for line in lines])
    shares = np.exp(votes - votes.max())
    shares /= shares.sum()
    found = []
    for place, (line, text) in enumerate(zip(lines, texts, strict=True)):
        one: Evidence = {
            "line": 1.0,
            "vote": line.vote,
            "vote a character": line.vote / (len(text) + 1),
            "behind": line.vote - votes[0],
            "first": float(place == 0),
            "place": min(place, 4),
            "share": shares[place],
            **_against_others(text, texts, shares),
            **_against_question(line.text, text, asked),
            **_borders(line),
            **_around(line, asked),
        }
        one |= _by_room(one, line, math.log(max(1, len(text))))
        found.append({name: float(x) for name, x in one.items() if x})
    return found


def _against_others(text: str, texts: Sequence[str], shares: np.ndarray) -> Evidence:
    """Return how far the lines agree with one; `shares` are those of `texts`."""
    pairs = list(zip(shares.tolist(), texts, strict=True))
    return {
        "likeness": sum(share * overlap(other, text).f1 for share, other in pairs),
        "inside": sum(x for x, other in pairs if other != text and text in other),
        "around": sum(x for x, other in pairs if other != text and other in text),
    }


def _against_question(written: str, text: str, asked: _Question) -> Evidence:
    """Return evidence from the line and the question; `text` is the line normalised."""
    size = max(1, len(text))
    length = math.log(size)
    repeats = bool(text) and text in asked.text
    offered = bool(CHOICE.search(asked.written))
    counted = COUNTED.search(asked.written)
    shape = next(name for name, looks in SHAPES if looks.fullmatch(written))
    ending = text[-1:] if text[-1:] in ENDS else ""
    return {
        "repeats": repeats and not offered,
        "chosen": repeats and offered,
        "shared": sum(character in asked.text for character in text) / size,
        "starts asked": text[:2] in asked.pairs,
        "ends asked": text[-2:] in asked.pairs,
        "bare number": bool(counted) and shape == "number",
        "counted": counted is not None and text.endswith(counted[1]),
        f"length, kind {asked.kind}": length,
        f"length, style {asked.style}": length,
        f"squared length, style {asked.style}": length * length,
        "squared length": length * length,
        **{f"has {mark}": float(mark in written[1:-1]) for mark in MARKS},
        f"{shape}, kind {asked.kind}": 1.0,
        f"ends {ending}": bool(ending),
    }


def _borders(line: FoundAnswer) -> Evidence:
    """Return whether a line begins and ends where words do."""
    if line.context is None:
        return {}
    (text, levels), start, end = line.context, line.start, line.end
    inside = [levels.get(at, 0) for at in range(start, end)]
    after = levels.get(end, 0)
    cut_before, cut_after = (
        level > 0 and level % 2 == 0 for level in (inside[0], after)
    )
    joined = all(level > 0 and level % 2 == 0 for level in inside[1:])
    return {
        "cut before": cut_before,
        "cut after": cut_after,
        "one word": inside[0] % 2 == 1 and joined and not cut_after,
        "no word": not any(inside),
        "stop before": text[start - 1 : start] in MARK_OR_END,
        "stop after": text[end : end + 1] in MARK_OR_END,
    }


def _by_room(one: Evidence, line: FoundAnswer, length: float) -> Evidence:
    """Return some of the evidence again, times how long the window is, 1 at most."""
    if line.context is None:
        return {}
    room = min(1.0, len(line.context.text) / LONG)
    one = one | {"length": length}
    return {f"{name}, room": one[name] * room for name in BY_ROOM}


def _around(line: FoundAnswer, asked: _Question) -> Evidence:
    """Return evidence from the window around the line, and from the line's words."""
    if line.context is None:
        return {"nowhere": 1.0}
    (text, levels), start, end = line.context, line.start, line.end
    stops = [stop.start() for stop in STOPS.finditer(text)]
    left = max((stop + 1 for stop in stops if stop < start), default=0)
    right = min((stop for stop in stops if stop >= end), default=len(text))
    near = {
        f"near {width}": _covered(
            text[max(0, start - width) : start], text[end : end + width], asked.pairs
        )
        for width in NEAR
    }
    first, last = ((levels.get(at, 0) + 1) // 2 for at in (start, end - 1))
    return {
        **near,
        "sentence": _covered(text[left:start], text[end:right], asked.pairs),
        "late": start / max(1, len(text)),
        "times": math.log(max(1, text.count(text[start:end]))),
        f"first word {first}, kind {asked.kind}": 1.0,
        f"last word {last}, kind {asked.kind}": 1.0,
    }


def _covered(before: str, after: str, pairs: set[str]) -> float:
    """Return the share of `pairs` that two texts contain."""
    texts = normalised(before), normalised(after)
    contained = {pair for text in texts for pair in character_bigrams(text)}
    return len(contained & pairs) / max(1, len(pairs))


def save(path: pathlib.Path, ranking: Ranking) -> None:
    """Write the weights of a checkpoint."""
    text = json.dumps(ranking.weights, ensure_ascii=False, indent=0)
    path.write_text(text + "\n", "utf-8")


def ranking_of(checkpoint: Checkpoint) -> Ranking | None:
    """Return the ranking of a checkpoint; None: the order of the search stays."""
    if FILE not in checkpoint.listed:
        return None
    return Ranking(json.loads(checkpoint.path(FILE).read_text("utf-8")))
