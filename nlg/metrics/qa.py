"""Score answers to questions by three conventions.

    sogou   SogouQA's own scorer: right answers, shared characters, the mean of the two
    webqa   precision, recall and F1 of the answers given (arXiv:1607.06275)
    squad   exact match and F1 of characters (CMRC 2018, SQuAD)

`abstention_report` adds how well a system abstains, which these hardly measure.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from nlg.errors import DataError
from nlg.metrics.ratio import ratio
from nlg.metrics.sogou import best_overlap, is_right, normalised

VERSION = 1


class Attempt(NamedTuple):
    """The answer of a system to one question, with the right ones."""

    answer: str  # "" if it gives none
    references: tuple[str, ...]  # the canonical one first; () if there is no answer
    confidence: float | None = None  # on any scale; higher is surer


class Metric(NamedTuple):
    """A convention: its scores, and which answers it counts as right."""

    report: Callable[[Sequence[Attempt]], dict[str, float]]
    is_right: Callable[[str, Sequence[str]], bool]
    options: str  # what one must know to compare the scores


def equals(answer: str, references: Sequence[str]) -> bool:
    """Return whether `answer` equals a reference, both normalised.

    Without references, only the answer "" is right.

    Example:
        >>> equals("《红楼梦》", ["红楼梦", "石头记"]), equals("", [])
        (True, True)
    """
    if not references or not answer:
        return not references and not answer
    return normalised(answer) in map(normalised, references)


def sogou_report(attempts: Sequence[Attempt]) -> dict[str, float]:
    """Return accuracy, f1 and final, their mean, over all questions.

    The scores equal those of SogouQA's scorer to the last digit.

    Example:
        >>> attempts = [Attempt("杜甫", ("杜甫",)), Attempt("北京市", ("北京",))]
        >>> sogou_report(attempts)
        {'accuracy': 0.5, 'f1': 0.9, 'final': 0.7}
    """
    right = sum(is_right(one.answer, one.references) for one in attempts)
    accuracy = ratio(right, len(attempts))
    f1 = ratio(_shared(attempts), len(attempts))
    return {"accuracy": accuracy, "f1": f1, "final": (accuracy + f1) / 2}


def webqa_report(attempts: Sequence[Attempt]) -> dict[str, float]:
    """Return precision, recall and F1 of the answers given, strict and by character.

    Precision divides by the answers given, recall by the questions that have an answer.
    By character, an answer counts with its F1 of characters in place of 1 or 0.

    Example:
        >>> attempts = [Attempt("杜甫", ("杜甫",)), Attempt("", ("北京",))]
        >>> webqa_report(attempts)["precision"], webqa_report(attempts)["recall"]
        (1.0, 0.5)
    """
    given = [one for one in attempts if one.answer]
    right = sum(equals(one.answer, one.references) for one in given)
    answerable = sum(bool(one.references) for one in attempts)
    report = {}
    for name, count in (("", right), ("character_", _shared(given))):
        precision, recall = ratio(count, len(given)), ratio(count, answerable)
        report[f"{name}precision"], report[f"{name}recall"] = precision, recall
        report[f"{name}f1"] = ratio(2 * precision * recall, precision + recall)
    return report


def squad_report(attempts: Sequence[Attempt]) -> dict[str, float]:
    """Return exact_match and f1 of characters, each with the best reference.

    If a question has no answer, giving none scores 1 in both, as in SQuAD 2.0.

    Example:
        >>> squad_report([Attempt("北京市", ("北京",)), Attempt("", ())])
        {'exact_match': 0.5, 'f1': 0.9}
    """
    exact = sum(equals(one.answer, one.references) for one in attempts)
    silent = sum(not one.answer and not one.references for one in attempts)
    f1 = ratio(silent + _shared(attempts), len(attempts))
    return {"exact_match": ratio(exact, len(attempts)), "f1": f1}


def abstention_report(
    attempts: Sequence[Attempt], right: Callable[[str, Sequence[str]], bool]
) -> dict[str, float]:
    """Return how well a system knows when to give no answer.

    Args:
        attempts: one for each question.
        right: says whether an answer is right.

    Returns:
        answered, the share of the answerable questions that were answered; left_empty,
        the share of the other questions that were not; and if every answer has a
        confidence, risk_coverage of `risk_coverage_area`. A score without any question
        or answer to measure is left out.
    """
    report = {}
    for name, have_answer in (("answered", True), ("left_empty", False)):
        asked = [one for one in attempts if bool(one.references) == have_answer]
        kept = sum(bool(one.answer) == have_answer for one in asked)
        if asked:
            report[name] = kept / len(asked)
    given = [one for one in attempts if one.answer]
    confidences = [one.confidence for one in given if one.confidence is not None]
    if given and len(confidences) == len(given):
        wrong = [not right(one.answer, one.references) for one in given]
        report["risk_coverage"] = risk_coverage_area(confidences, wrong)
    return report


def risk_coverage_area(confidences: Sequence[float], wrong: Sequence[bool]) -> float:
    """Return the area under the risk-coverage curve (arXiv:1805.08206).

    The risk at coverage n is the share of wrong answers among the n surest; the area is
    its mean over all n, and 0 is perfect. Answers with equal confidence have no order:
    each counts as wrong as they are on average.

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
    """Return how `metric` counts, in one line to print with its scores."""
    missing = "left out" if as_submitted else "0"
    return (
        f"{metric}|{METRICS[metric].options}|best reference|marks:deleted"
        f"|width:half|case:lower|characters:multiset|missing:{missing}|version:{VERSION}"
    )


def _shared(attempts: Iterable[Attempt]) -> float:
    """Return the sum over `attempts` of the F1 of characters."""
    return sum(best_overlap(one.answer, one.references).f1 for one in attempts)
