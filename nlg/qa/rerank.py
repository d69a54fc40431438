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

The weights are fitted to questions of the training data when a checkpoint is made. A
file of the checkpoint has them by name. Fitting needs SciPy; ranking does not.
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
RIDGE = 20.0  # factor of the squared weights in the loss, which sums over questions
RAREST = 20  # lines that must have a piece of evidence for it to get a weight
LEAST_SPREAD = 0.05  # evidence is divided by its standard deviation, at least by this
LEAST = 50  # questions with a right answer among their lines that a fit needs
STEPS = 300  # most iterations of the fit
NEAR = (8, 16, 32)  # characters on each side of a line
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
COUNTED = re.compile(r"(?:多少|几)(.)")  # 多少人: people are counted
ENDS = (
    "市省县国人年月日个块名岁族语系部队"  # last characters that annotators keep or drop
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


class Ranking:
    """The weights of evidence, by name."""

    def __init__(self, weights: Mapping[str, float]):
        self.weights = dict(weights)

    def probabilities(self, evidence: Sequence[Evidence]) -> list[float]:
        """Return the probability of each line; the rest up to 1 is "none of them".

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
    """Return the evidence for and against each of `lines`, by name, zeros left out.

    Args:
        question: as it was typed.
        kind: answer type that the question asks for, of `nlg.qa.config.KINDS`.
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
            **_against_question(line.text, text, asked),
            **_around(line, asked),
        }
        found.append({name: float(x) for name, x in one.items() if x})
    return found


def _against_question(written: str, text: str, asked: _Question) -> Evidence:
    """Return evidence from the line and the question; `text` is the line normalised."""
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


def fit(samples: Sequence[tuple[Sequence[Evidence], int]]) -> Ranking | None:
    """Return the most likely weights, or None from too few questions.

    Args:
        samples: for each question, the evidence of its lines, and the number of the
            right line, or -1 if none is right.
    """
    from scipy.optimize import minimize

    if sum(best >= 0 for _, best in samples) < LEAST:
        return None
    counts = Counter(name for lines, _ in samples for one in lines for name in one)
    names = sorted(name for name, count in counts.items() if count >= RAREST)
    sizes = [len(lines) for lines, _ in samples]
    owner = np.repeat(np.arange(len(samples)), sizes)  # (n,) question of each line
    x = _matrix([one for lines, _ in samples for one in lines], names)  # (n, names)
    spread = np.maximum(x.std(0), LEAST_SPREAD)
    right = np.concatenate(
        [np.arange(len(lines)) == best for lines, best in samples]
    ).astype("float64")
    found = minimize(
        _loss,
        np.zeros(len(names)),
        (x / spread, right, owner, len(samples)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": STEPS},
    )
    weights = found.x / spread
    return Ranking({n: round(float(w), 4) for n, w in zip(names, weights, strict=True)})


def _matrix(lines: Sequence[Evidence], names: Sequence[str]) -> np.ndarray:
    """Return the evidence of `lines` as an array (n, names)."""
    return np.array([[one.get(name, 0.0) for name in names] for one in lines])


def _loss(
    weights: np.ndarray, x: np.ndarray, right: np.ndarray, owner: np.ndarray, count: int
) -> tuple[float, np.ndarray]:
    """Return the loss in nats with its gradient.

    Args:
        weights: (k,).
        x: (n, k) evidence of the lines of all questions.
        right: (n,) 1 for the right line of a question.
        owner: (n,) number of the question of each line.
        count: number of questions.
    """
    odds = x @ weights
    most = np.zeros(count)  # of a question; "none" has 0
    np.maximum.at(most, owner, odds)
    shares = np.exp(odds - most[owner])
    total = np.exp(-most) + np.bincount(owner, shares, count)
    nats = (most + np.log(total)).sum() - right @ odds
    slope = x.T @ (shares / total[owner] - right)
    ridge = RIDGE * weights
    return float(nats + weights @ ridge / 2), slope + ridge


def save(path: pathlib.Path, ranking: Ranking) -> None:
    """Write the weights of a checkpoint."""
    text = json.dumps(ranking.weights, ensure_ascii=False, indent=0)
    path.write_text(text + "\n", "utf-8")


def ranking_of(checkpoint: Checkpoint) -> Ranking | None:
    """Return the ranking of a checkpoint; None: the order of the search stays."""
    if FILE not in checkpoint.listed:
        return None
    return Ranking(json.loads(checkpoint.path(FILE).read_text("utf-8")))
