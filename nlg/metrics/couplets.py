"""How second lines (下联) compare with a reference and keep the rules of couplets.

Lines are strings in simplified characters with their marks. The rules are those of
`nlg.text.couplets`; human second lines get the same report: it is what to compare with.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from nlg.errors import DataError, OptionError
from nlg.metrics.poems import distinct
from nlg.text.couplets import (
    SHARING,
    beats,
    check_couplet,
    clash,
    clauses,
    foot,
    is_mark,
)
from nlg.text.prosody import OPPOSITE, PINGSHUI

VERSION = 1


def signature() -> str:
    """Return the options of `couplet_report` in one line; BLEU has one of its own."""
    return (
        f"couplets|book:{PINGSHUI}|polyphones:either|marks:facing any mark"
        "|particles:count|even places:2, 4, 6 … of a clause"
        f"|distinct:within clauses|version:{VERSION}"
    )


def bleu_signature() -> str:
    """Return how sacrebleu describes the BLEU of `bleu`.

    Raises:
        OptionError: sacrebleu is not installed.
    """
    metric = _bleu()
    metric.corpus_score(["春"], [["春"]])  # it has none before it has seen references
    return str(metric.get_signature())


def bleu(second_lines: Sequence[str], references: Sequence[str]) -> float:
    """Return corpus BLEU-4 on characters, marks included, from 0 to 1.

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
    """Return the share of places that hold the reference's character.

    Places where the reference has a mark do not count. Where one line is longer, the
    places beyond the other count and are wrong.

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
    return sum(right) / len(right) if right else 0.0


def rules_kept(first_line: str, second_line: str) -> dict[str, bool | None]:
    """Return the facts that `couplet_report` counts; None where one has no meaning.

    Lines of unequal length do not face each other, so their marks, repeats and even
    places are wrong.

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
    """Return the share of true ones of those that are not None; None without any."""
    told = [value for value in values if value is not None]
    return sum(told) / len(told) if told else None


def couplet_report(
    first_lines: Sequence[str],
    second_lines: Sequence[str],
    references: Sequence[str] | None = None,
) -> dict[str, float | int | None]:
    """Score second lines; see `signature` for the options.

    Shares are of all couplets, but `repeats_answered` of those whose 上联 repeats a
    character, and `ends_opposed_certain` of those whose 上联 ends in a character of one
    tone.

    Returns:
        couplets, bleu, position_accuracy, equal_length, marks_mirrored,
        shares_character (bad), repeats_kept, repeats_answered, ends_opposed,
        ends_opposed_certain, even_opposed, clean (no rule is broken) and distinct_2 of
        the second lines. None is what there is nothing to count for: the first two
        scores without `references`, a share of no couplets.

    Raises:
        DataError: there are no couplets, or not one line of each kind for each.
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
