"""Score poems: the rules they keep, their variety and their originality.

A poem is a list of lines in simplified characters; a sample is a list of poems. The
report of human poems is the one to compare with.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nlg.errors import DataError
from nlg.metrics.ratio import distinct, mean
from nlg.text.prosody import RHYME_RULES, TONE_RULES, Verdict, check
from nlg.text.rhymes import PINGSHUI

if TYPE_CHECKING:
    from nlg.metrics.trigrams import CharacterTrigrams
    from nlg.text.known_lines import KnownLines

DOUBLED = re.compile(r"(.)\1")
VERSION = 2


def signature() -> str:
    """Return how `poem_report` counts, in one line to print with its scores."""
    rules = "+".join(TONE_RULES + RHYME_RULES)
    return (
        f"poems|book:{PINGSHUI}|rules:{rules}|polyphones:in use|拗救:allowed"
        f"|distinct:within lines|runs:line end, 5 or whole|version:{VERSION}"
    )


def rhyme_right(verdict: Verdict) -> bool:
    """Return whether a poem in one of the four forms rhymes in one level group."""
    kinds = {violation.kind for violation in verdict.violations}
    rhymes = verdict.form != "" and verdict.rhyme != ""
    return rhymes and kinds.isdisjoint(RHYME_RULES)


def tones_clean(verdict: Verdict) -> bool:
    """Return whether a poem in one of the four forms breaks no rule of tones."""
    kinds = {violation.kind for violation in verdict.violations}
    return verdict.form != "" and kinds.isdisjoint(TONE_RULES)


def repeat_free(line: str) -> bool:
    """Return whether `line` repeats no character, other than directly doubled ones.

    Example:
        >>> repeat_free("处处闻啼鸟"), repeat_free("山外青山楼外楼")
        (True, False)
    """
    once = DOUBLED.sub(r"\1", line)
    return len(set(once)) == len(once)


def _rules_report(verdicts: Sequence[Verdict]) -> dict[str, float | int]:
    formed = [verdict for verdict in verdicts if verdict.form]
    return {
        "form_right": len(formed) / len(verdicts),
        "rhyme_right": mean(map(rhyme_right, verdicts)),
        "tones_clean": mean(map(tones_clean, verdicts)),
        "violations_per_poem": mean(len(verdict.violations) for verdict in formed),
    }


def _originality_report(
    poems: Sequence[Sequence[str]], known: "KnownLines"
) -> dict[str, float | int]:
    lines = [line for poem in poems for line in poem]
    return {
        "verbatim_lines": mean(line in known for line in lines),
        "longest_shared_run": mean(
            max(map(known.longest_run, poem), default=0) for poem in poems
        ),
    }


def poem_report(
    poems: Sequence[Sequence[str]],
    known: "KnownLines | None" = None,
    judge: "CharacterTrigrams | None" = None,
) -> dict[str, float | int]:
    """Score a sample of poems; see `signature` for the options.

    Shares are of all poems; a poem in no form counts as neither rhymed nor clean.
    `violations_per_poem` counts the violations of every rule, over poems in a form.

    Args:
        poems: the sample.
        known: the lines of the training set.
        judge: a language model of other data.

    Returns:
        poems, form_right, rhyme_right, tones_clean, violations_per_poem, repeat_free,
        distinct_1, distinct_2, distinct_4. With `known`: verbatim_lines, and
        longest_shared_run, the mean of the longest `KnownLines.longest_run` of a poem.
        With `judge`: log_prob, the mean log-probability of a character, in nats.

    Raises:
        DataError: there are no poems.

    Example:
        >>> poem = ["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼"]
        >>> poem_report([poem])["rhyme_right"]
        1.0
    """
    if not poems:
        raise DataError("there are no poems to score; give at least one")
    lines = [line for poem in poems for line in poem]
    report: dict[str, float | int] = {
        "poems": len(poems),
        **_rules_report([check(poem) for poem in poems]),
        "repeat_free": mean(all(map(repeat_free, poem)) for poem in poems),
        **{f"distinct_{size}": distinct(lines, size) for size in (1, 2, 4)},
    }
    if known is not None:
        report |= _originality_report(poems, known)
    if judge is not None:
        report["log_prob"] = judge.log_prob(lines)
    return report
