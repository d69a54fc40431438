"""How good the answers to questions are, by three conventions, and when none is given.

    sogou   SogouQA's own scorer: right answers, shared characters, the mean of the two
    webqa   precision, recall and F1 of answers that were given (arXiv:1607.06275)
    squad   exact match and F1 of characters (CMRC 2018, SQuAD)

and, since none of them rewards silence well, `abstention_report`.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from nlg.errors import DataError
from nlg.metrics.sogou import best_overlap, is_right, normalised

VERSION = 1


class Attempt(NamedTuple):
    """What a system said to one question."""

    answer: str  # "" where it is silent
    references: tuple[str, ...]  # the canonical one first; () has no answer
    confidence: float | None = None  # of any scale, higher is surer


class Metric(NamedTuple):
    """A convention: its scores of many attempts, and what it calls right."""

    report: Callable[[Sequence[Attempt]], dict[str, float]]
    is_right: Callable[[str, Sequence[str]], bool]
    options: str  # what a reader must know to compare the numbers


def equals(answer: str, references: Sequence[str]) -> bool:
    """Return whether `answer` is one of `references` once normalised, or rightly "".

    Example:
        >>> equals("《红楼梦》", ["红楼梦", "石头记"]), equals("", [])
        (True, True)
    """
    if not references or not answer:
        return not references and not answer
    return normalised(answer) in map(normalised, references)


def sogou_report(attempts: Sequence[Attempt]) -> dict[str, float]:
    """Return accuracy, f1 and final, their mean, over all questions.

    To the last digit what SogouQA's scorer says of these attempts.

    Example:
        >>> said = [Attempt("杜甫", ("杜甫",)), Attempt("北京市", ("北京",))]
        >>> sogou_report(said)
        {'accuracy': 0.5, 'f1': 0.9, 'final': 0.7}
    """
    right = sum(is_right(said.answer, said.references) for said in attempts)
    accuracy = _share(right, len(attempts))
    f1 = _share(_shared(attempts), len(attempts))
    return {"accuracy": accuracy, "f1": f1, "final": (accuracy + f1) / 2}


def webqa_report(attempts: Sequence[Attempt]) -> dict[str, float]:
    """Return precision, recall and F1 of the answers given, strict and by character.

    Precision is by the answers given, recall by the questions that have an answer. By
    character, an answer counts as far as it shares its characters with a reference.

    Example:
        >>> said = [Attempt("杜甫", ("杜甫",)), Attempt("", ("北京",))]
        >>> webqa_report(said)["precision"], webqa_report(said)["recall"]
        (1.0, 0.5)
    """
    given = [said for said in attempts if said.answer]
    right = sum(equals(said.answer, said.references) for said in given)
    answerable = sum(bool(said.references) for said in attempts)
    report = {}
    for name, count in (("", right), ("character_", _shared(given))):
        precision, recall = _share(count, len(given)), _share(count, answerable)
        report[f"{name}precision"], report[f"{name}recall"] = precision, recall
        report[f"{name}f1"] = _share(2 * precision * recall, precision + recall)
    return report


def squad_report(attempts: Sequence[Attempt]) -> dict[str, float]:
    """Return exact_match and f1 of characters over all questions, best reference.

    Where a question has no answer, silence scores 1 in both, as in SQuAD 2.0.

    Example:
        >>> squad_report([Attempt("北京市", ("北京",)), Attempt("", ())])
        {'exact_match': 0.5, 'f1': 0.9}
    """
    exact = sum(equals(said.answer, said.references) for said in attempts)
    silent = sum(not said.answer and not said.references for said in attempts)
    f1 = _share(silent + _shared(attempts), len(attempts))
    return {"exact_match": _share(exact, len(attempts)), "f1": f1}


def abstention_report(
    attempts: Sequence[Attempt], right: Callable[[str, Sequence[str]], bool]
) -> dict[str, float]:
    """Return how well silence is kept.

    Args:
        attempts: all of them.
        right: says whether an answer is right.

    Returns:
        answered, the share of answerable questions that were answered; left_empty, the
        share of the others that were not; and where every answer has a confidence,
        risk_coverage, the area under the curve of `risk_coverage_area`. What has
        nothing to be measured on is left out.
    """
    report = {}
    for name, have_answer in (("answered", True), ("left_empty", False)):
        asked = [said for said in attempts if bool(said.references) == have_answer]
        kept = sum(bool(said.answer) == have_answer for said in asked)
        if asked:
            report[name] = kept / len(asked)
    given = [said for said in attempts if said.answer]
    confidences = [said.confidence for said in given if said.confidence is not None]
    if given and len(confidences) == len(given):
        wrong = [not right(said.answer, said.references) for said in given]
        report["risk_coverage"] = risk_coverage_area(confidences, wrong)
    return report


def risk_coverage_area(confidences: Sequence[float], wrong: Sequence[bool]) -> float:
    """Return the mean, over every coverage, of the share of wrong answers.

    Answers are given from the surest down; with the n surest given, the risk is the
    share of them that is wrong (arXiv:1805.08206). 0 is perfect. Answers of one
    confidence stand in no order: each is as wrong as they are on average.

    Raises:
        DataError: there is no answer.

    Example:
        >>> risk_coverage_area([0.9, 0.2], [False, True])  # (0 + 1 / 2) / 2
        0.25
    """
    if not confidences:
        raise DataError("there is no answer to measure the risk of")
    pairs = sorted(zip(confidences, wrong, strict=True), key=lambda pair: -pair[0])
    area, given, failed = 0.0, 0, 0.0
    for _, tied in itertools.groupby(pairs, key=lambda pair: pair[0]):
        errors = [error for _, error in tied]
        for _ in errors:
            given += 1
            failed += sum(errors) / len(errors)
            area += failed / given
    return area / given


METRICS = {
    "sogou": Metric(sogou_report, is_right, "right:variant or same parts|f1:mean"),
    "webqa": Metric(webqa_report, equals, "right:equal|f1:of precision and recall"),
    "squad": Metric(squad_report, equals, "right:equal|f1:mean|silence:1 if right"),
}


def signature(metric: str, as_submitted: bool = False) -> str:
    """Return what is behind the scores of `metric`, in one line to print with them."""
    missing = "left out" if as_submitted else "0"
    return (
        f"{metric}|{METRICS[metric].options}|best reference|marks:deleted"
        f"|width:half|case:lower|characters:multiset|missing:{missing}|version:{VERSION}"
    )


def _shared(attempts: Iterable[Attempt]) -> float:
    """Return the sum over `attempts` of the F1 of characters."""
    return sum(best_overlap(said.answer, said.references).f1 for said in attempts)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
