"""Choose among the answers that a search found, by what the search did not look at.

    question, lines and their places -> evidence for each line -> how likely it is right

A search adds up how probable each token is after the ones before it. It does not see
whether the whole line is but a piece of the question, whether the sentence around it
repeats the question, whether it is of the kind that is asked for, and whether other
lines say nearly the same. A conditional logit does, over the lines and "none of them":

    P(line n) = exp(w . f_n) / (1 + sum over all lines m of exp(w . f_m))

Log-linear reranking of n-best lists is Collins and Koo's (aclanthology.org/J05-1003);
what is looked at around a span is after SQuAD's first baseline (arXiv:1606.05250), and
the likeness to other lines is minimum Bayes risk (aclanthology.org/N04-1022).

The weights are fitted when a checkpoint is made, to questions of the training data, and
are a file of it that tells each by its name. Fitting needs SciPy, ranking does not.
"""

import json
import math
import pathlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nlg.metrics.sogou import normalised, overlap
from nlg.qa.inputs import as_read
from nlg.runtime import Checkpoint
from nlg.text.bigrams import character_bigrams

FILE = "ranking.json"  # of a checkpoint
RIDGE = 20.0  # weight of the squared weights, against one a question
RAREST = 20  # lines that must show a piece of evidence for it to be weighed
LEAST_SPREAD = 0.05  # evidence that hardly differs is not blown up by more than this
LEAST = 50  # questions of which a right answer was found
STEPS = 300  # of the fit
NEAR = (8, 16, 32)  # characters before and after a line
STOPS = re.compile(r"[。！？!?；;]")
CHOICE = re.compile(r"还是|、")  # 空间还是时间: the question names its answers
SHAPES = (  # how an answer is written; the first that fits
    ("number", re.compile(r"[\d.,%]+")),
    ("date", re.compile(r"(?=.*\d)(?=.*[年月日]).*")),
    ("digits", re.compile(r".*\d.*")),
    ("latin", re.compile(r".*[A-Za-z].*")),
    ("quoted", re.compile(r"[《“\"].*")),
    ("plain", re.compile(r".*", re.DOTALL)),
)
COUNTED = re.compile(r"(?:多少|几)(.)")  # 多少人: people are counted
ENDS = "市省县国人年月日个块名岁族语系部队"  # of answers, where conventions differ

Evidence = dict[str, float]


class Context(NamedTuple):
    """What was read around a line."""

    text: str
    levels: Mapping[int, int]  # see `nlg.text.lexicon`; of the character at a place


class FoundAnswer(NamedTuple):
    """An answer that the search found."""

    text: str
    vote: float  # its score in the search
    context: Context | None = None  # None: it stands in no passage
    start: int = -1  # context.text[start:end] is the line
    end: int = -1


class _Question(NamedTuple):
    """What the lines are held against."""

    written: str  # as it was typed
    text: str  # normalised
    pairs: set[str]  # of neighbours in `text`
    kind: int  # number in `nlg.qa.train.options.KINDS` of what is asked for


class Ranking:
    """Weights of evidence, by its name."""

    def __init__(self, weights: Mapping[str, float]):
        self.weights = dict(weights)

    def probabilities(self, evidence: Sequence[Evidence]) -> list[float]:
        """Return for each line how likely it is right; the rest to 1 is "none".

        Example:
            >>> Ranking({"vote": 1.0}).probabilities([{"vote": 0.0}, {"vote": -50.0}])
            [0.5, 0.0]
        """
        odds = [
            sum(self.weights.get(name, 0.0) * x for name, x in one.items())
            for one in evidence
        ]
        most = max([0.0, *odds])
        shares = [math.exp(x - most) for x in odds]
        total = math.exp(-most) + sum(shares)
        return [round(share / total, 6) for share in shares]


def evidence_for(
    question: str, kind: int, lines: Sequence[FoundAnswer]
) -> list[Evidence]:
    """Return what speaks for and against each of `lines`, by name; 0 is left out.

    Args:
        question: as it was typed.
        kind: number in `nlg.qa.train.options.KINDS` of what is asked for.
        lines: the best first.
    """
    if not lines:
        return []
    normal = normalised(as_read(question))
    asked = _Question(question, normal, {*character_bigrams(normal)}, kind)
    texts = [normalised(as_read(line.text)) for line in lines]
    votes = np.array([line.vote for line in lines])
    shares = np.exp(votes - votes.max())
    shares /= shares.sum()
    found = []
    for place, (line, text) in enumerate(zip(lines, texts, strict=True)):
        likeness = sum(
            share * overlap(other, text).f1
            for share, other in zip(shares, texts, strict=True)
        )
        one: Evidence = {
            "line": 1.0,
            "vote": line.vote,
            "behind": line.vote - votes[0],
            "first": float(place == 0),
            "place": min(place, 4),
            "share": shares[place],
            "likeness": likeness,
            **_beside_question(line.text, text, asked),
            **_around(line, asked),
        }
        found.append({name: float(x) for name, x in one.items() if x})
    return found


def _beside_question(written: str, text: str, asked: _Question) -> Evidence:
    """Return what a line is beside the question; `text` is the line normalised."""
    size = max(1, len(text))
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
        f"length, kind {asked.kind}": math.log(size),
        f"{shape}, kind {asked.kind}": 1.0,
        f"ends {ending}": bool(ending),
    }


def _around(line: FoundAnswer, asked: _Question) -> Evidence:
    """Return what stands around a line, and of which words it is."""
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
    """Return the share of `pairs` that stand in one of two texts."""
    texts = normalised(before), normalised(after)
    there = {pair for text in texts for pair in character_bigrams(text)}
    return len(there & pairs) / max(1, len(pairs))


def fit(samples: Sequence[tuple[Sequence[Evidence], int]]) -> Ranking | None:
    """Return the weights under which what is right is most likely.

    Args:
        samples: of each question the evidence of its lines, and the number of the line
            that is right, -1 if none is. Too few right ones tell nothing: None.
    """
    from scipy.optimize import minimize

    if sum(best >= 0 for _, best in samples) < LEAST:
        return None
    shown = Counter(name for lines, _ in samples for one in lines for name in one)
    names = sorted(name for name, times in shown.items() if times >= RAREST)
    place = {name: number for number, name in enumerate(names)}
    owner = np.repeat(np.arange(len(samples)), [len(lines) for lines, _ in samples])
    x = np.zeros((len(owner), len(names)))
    right = np.zeros(len(owner))
    row = 0
    for lines, best in samples:
        if best >= 0:
            right[row + best] = 1
        for one in lines:
            for name, value in one.items():
                if name in place:
                    x[row, place[name]] = value
            row += 1
    spread = np.maximum(x.std(0), LEAST_SPREAD)
    x /= spread

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        odds = x @ weights
        most = np.zeros(len(samples))
        np.maximum.at(most, owner, odds)
        shares = np.exp(odds - most[owner])
        total = np.exp(-most) + np.bincount(owner, shares, len(samples))
        nats = (most + np.log(total)).sum() - right @ odds
        slope = x.T @ (shares / total[owner] - right)
        ridge = RIDGE * weights
        return float(nats + weights @ ridge / 2), slope + ridge

    found = minimize(
        loss,
        np.zeros(len(names)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": STEPS},
    )
    weights = found.x / spread
    return Ranking({n: round(float(w), 4) for n, w in zip(names, weights, strict=True)})


def save(path: pathlib.Path, ranking: Ranking) -> None:
    """Write the weights of a checkpoint."""
    text = json.dumps(ranking.weights, ensure_ascii=False, indent=0)
    path.write_text(text + "\n", "utf-8")


def ranking_of(checkpoint: Checkpoint) -> Ranking | None:
    """Return what `save` wrote into a checkpoint; None: the search's order holds."""
    if FILE not in checkpoint.listed:
        return None
    return Ranking(json.loads(checkpoint.path(FILE).read_text("utf-8")))
