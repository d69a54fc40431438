"""Measure second lines: human ones, and those of any system that wrote a file."""

import json
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from nlg.couplet.inputs import LONGEST
from nlg.couplet.responder import DEFAULTS, Couplets, ReplyOptions
from nlg.errors import DataError
from nlg.files import load_text, parse_json
from nlg.metrics.couplets import couplet_report
from nlg.text.couplets import Couplet, is_mark

AT_ONCE = 64  # couplets that are judged in one run

Report = dict[str, float | int | None]


def human_report(couplets: Sequence[Couplet]) -> Report:
    """Return the report of the second lines that people wrote.

    It has no BLEU and no position accuracy: they are the reference.
    """
    first_lines, second_lines = zip(*couplets, strict=True)
    return couplet_report(first_lines, second_lines)


def system_report(couplets: Sequence[Couplet], second_lines: Sequence[str]) -> Report:
    """Return the report of what a system answered to the first lines of `couplets`."""
    first_lines, references = zip(*couplets, strict=True)
    return couplet_report(first_lines, second_lines, references)


def model_report(
    couplets: Sequence[Couplet],
    model: Couplets,
    options: ReplyOptions = DEFAULTS,
) -> Report:
    """Return the report of what our model answers, and what it thinks of the people's.

    `perplexity` is that of a character of the human second lines, marks left out,
    without rules. A line that cannot be answered counts as an empty answer.

    Args:
        couplets: lines and their references.
        model: ours.
        options: how to answer; the best answer is scored.
    """
    answers = model.reply_all((first for first, _ in couplets), options)
    lines = [best[0].second_line if isinstance(best, list) else "" for best in answers]
    return system_report(couplets, lines) | {"perplexity": perplexity(couplets, model)}


def perplexity(couplets: Sequence[Couplet], model: Couplets) -> float | None:
    """Return exp of the mean nats of a character of second lines, marks left out.

    None if there is no such character in a line that the model could have written.
    """
    by_length: dict[int, list[Couplet]] = {}
    for couplet in couplets:
        if 0 < len(couplet.first_line) == len(couplet.second_line) <= LONGEST:
            by_length.setdefault(len(couplet.first_line), []).append(couplet)
    nats = [np.zeros(0)]
    for group in by_length.values():
        for start in range(0, len(group), AT_ONCE):
            part = group[start : start + AT_ONCE]
            log_probs = model.judge(part).log_probs  # (B, T)
            letters = [[not is_mark(c) for c in second] for _, second in part]
            nats.append(-log_probs[np.array(letters)])
    every = np.concatenate(nats)
    return float(np.exp(every.mean())) if len(every) else None


def load_second_lines(path: pathlib.Path, count: int) -> list[str]:
    """Read `count` second lines that a system wrote, in the order of the first lines.

    One a line, characters apart by spaces or not, or JSON lines with `second_line`;
    gzipped or not; `-` is standard input. An empty line is an empty answer.

    Raises:
        DataError: it cannot be read, a record has no second line, or there are not
            `count` of them.
    """
    text = load_text(path)
    lines = text.removesuffix("\n").split("\n") if text else []
    if len(lines) != count:
        raise DataError(
            f"{path}: {len(lines):,} second lines for {count:,} couplets; give one for "
            "each, in their order, and an empty line where there is no answer"
        )
    if text.startswith("{"):
        lines = [_second_line(f"{path}:{n}", line) for n, line in enumerate(lines, 1)]
    return ["".join(line.split()) for line in lines]


def _second_line(where: str, line: str) -> str:
    try:
        record: Any = parse_json(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not JSON: {error.msg}") from None
    answer = record.get("second_line") if isinstance(record, dict) else None
    if not isinstance(answer, str):
        raise DataError(f"{where}: no JSON object with a string under second_line")
    return answer
