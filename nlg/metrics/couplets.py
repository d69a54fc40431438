"""Score second lines (下联) against references and by the rules of couplets.

Lines are strings in simplified characters with their marks. The rules are those of
`nlg.text.couplets`. The report of human second lines is the one to compare with.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from nlg.errors import DataError, OptionError
from nlg.metrics.ratio import distinct, mean
from nlg.text.couplets import (
    SHARING,
    beats,
    check_couplet,
    clash,
    clauses,
    foot,
    is_mark,
)
from nlg.text.readings import OPPOSITE
from nlg.text.rhymes import PINGSHUI

VERSION = 1


def signature() -> str:
    """Return how `couplet_report` counts, in one line; see `bleu_signature` too."""
    return (
        f"couplets|book:{PINGSHUI}|polyphones:either|marks:facing any mark"
        "|particles:count|even places:2, 4, 6 … of a clause"
        f"|distinct:within clauses|version:{VERSION}"
    )


def bleu_signature() -> str:
    """Return the signature that sacrebleu gives the BLEU of `bleu`.

    Raises:
        OptionError: sacrebleu is not installed.
    """
    metric = _bleu()
    metric.corpus_score(["春"], [["春"]])  # without references there is no signature
    return str(metric.get_signature())


def bleu(second_lines: Sequence[str], references: Sequence[str]) -> float:
    """Return corpus BLEU-4 of characters and marks, from 0 to 1.

    Raises:
        OptionError: sacrebleu is not installed.

    Example:
        >>> round(bleu(["秋雨打荷花"], ["秋雨打荷塘"]), 4)
        0.6687
    """
    spaced = [" ".join(line) for line in second_lines]
    wanted = [" ".join(line) for line in references]
    return _bleu().corpus_score(spaced, [wanted]).score / 100


def _bleu() -> Any:
    try:
        from sacrebleu.metrics import BLEU
    except ImportError:
        raise OptionError('BLEU needs sacrebleu: pip install "nlg[eval]"') from None
    return BLEU(tokenize="none", force=True)  # spaces are ours, so no warning of them


def position_accuracy(second_lines: Sequence[str], references: Sequence[str]) -> float:
    """Return the share of places where a line has the character of its reference.

    Places where the reference has a mark do not count. Where one line is longer, its
    extra places count as wrong.

    Example:
        >>> position_accuracy(["秋雨，打"], ["秋月，打荷"])
        0.5
    """
    pairs = (
        pair
        for line, reference in zip(second_lines, references, strict=True)
        for pair in itertools.zip_longest(line, reference, fillvalue="")
    )
    right = [one == wanted for one, wanted in pairs if not is_mark(wanted or one)]
    return mean(right)


def rules_kept(first_line: str, second_line: str) -> dict[str, bool | None]:
    """Return the facts that `couplet_report` counts; None if one does not apply.

    In lines of unequal length the marks, repeats and even places count as wrong.

    Example:
        >>> facts = rules_kept("晚风摇树树还挺", "晨露润花枝更红")
        >>> facts["ends_opposed"], facts["repeats_kept"]
        (True, False)
    """
    verdict = check_couplet(first_line, second_line)
    upper, lower = verdict.tones
    facing = len(upper) == len(lower)
    first_end, second_end = foot(first_line), foot(second_line)
    ends_opposed = second_end is not None and "句脚失对" not in verdict.broken
    certain = first_end is not None and upper[first_end] in OPPOSITE
    repeats_kept = facing and "叠字不对" not in verdict.broken
    even = beats(first_line) if facing else ()
    return {
        "equal_length": facing,
        "marks_mirrored": facing and "标点不对" not in verdict.broken,
        "shares_character": not SHARING.isdisjoint(verdict.broken),
        "repeats_kept": repeats_kept,
        "repeats_answered": repeats_kept if _repeats(first_line) else None,
        "ends_opposed": ends_opposed,
        "ends_opposed_certain": ends_opposed if certain else None,
        "even_opposed": facing and not any(clash(upper[p], lower[p]) for p in even),
        "clean": not verdict.broken,
    }


def _repeats(line: str) -> bool:
    characters = [character for character in line if not is_mark(character)]
    return len(set(characters)) < len(characters)


def _share(values: Iterable[bool | None]) -> float | None:
    """Return the share of true values, None left out; None if all are."""
    known = [value for value in values if value is not None]
    return mean(known) if known else None


def couplet_report(
    first_lines: Sequence[str],
    second_lines: Sequence[str],
    references: Sequence[str] | None = None,
) -> dict[str, float | int | None]:
    """Score second lines; see `signature` for the options.

    Shares are of all couplets, with two exceptions: `repeats_answered` is of those
    whose 上联 repeats a character, `ends_opposed_certain` of those whose 上联 ends in a
    character with one tone.

    Returns:
        couplets, bleu, position_accuracy, equal_length, marks_mirrored,
        shares_character (bad), repeats_kept, repeats_answered, ends_opposed,
        ends_opposed_certain, even_opposed, clean (no rule is broken) and distinct_2 of
        the second lines. A score is None if nothing can be counted: bleu and
        position_accuracy without `references`, a share of no couplets.

    Raises:
        DataError: there are no couplets, or the lists differ in length.
        OptionError: there are references and sacrebleu is not installed.

    Example:
        >>> couplet_report(["晚风摇树树还挺"], ["晨露润花花更红"])["clean"]
        1.0
    """
    sets = (
        first_lines,
        second_lines,
        first_lines if references is None else references,
    )
    if not first_lines or len(set(map(len, sets))) > 1:
        raise DataError(
            "give as many 上联, 下联 and references, and at least one of each; there "
            f"are {', '.join(f'{len(lines):,}' for lines in sets)}"
        )
    against = None if references is None else (second_lines, references)
    facts = list(map(rules_kept, first_lines, second_lines))
    parts = (line[start:end] for line in second_lines for start, end in clauses(line))
    return {
        "couplets": len(first_lines),
        "bleu": against and bleu(*against),
        "position_accuracy": against and position_accuracy(*against),
        **{name: _share(fact[name] for fact in facts) for name in facts[0]},
        "distinct_2": distinct(parts, 2),
    }
