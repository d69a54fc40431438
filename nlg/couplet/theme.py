"""Whole couplets from a word, or from a word for each line.

    春风            □□春风□□□ -> 一夜春风吹绿柳 -> 满城…
    山 水           □□山□□□□ -> …                □□水□□□□

First lines are drawn around the word at every place where it may stand; each gets its
best answer, and the couplets that the model finds most probable are kept.
"""

import dataclasses
from collections.abc import Iterator

from nlg.couplet.config import COMPLETE, FORWARD
from nlg.couplet.differing import are_apart
from nlg.couplet.inputs import LONGEST, LineRequest, read_line
from nlg.couplet.responder import DEFAULTS, NO_ANSWER, Couplets, ReplyOptions
from nlg.couplet.results import Reply, WrittenLine
from nlg.couplet.rules import FREE, Task
from nlg.errors import OptionError
from nlg.text.couplets import is_mark
from nlg.text.normalize import to_simplified
from nlg.text.rhymes import LEVEL, OBLIQUE

DRAFTS = 6  # first lines drawn for each place of the word
WARMTH = 0.7  # temperature of the drafts


def compose(
    couplets: Couplets,
    themes: tuple[str, ...],
    length: int = 7,
    options: ReplyOptions = DEFAULTS,
) -> list[Reply]:
    """Return couplets about one word, or with one word in each line, the best first.

    Args:
        couplets: the model.
        themes: a word of the first line and, if there is a second, one of as many
            characters that faces it.
        length: characters a line.
        options: `temperature` is that of the answers.

    Raises:
        OptionError: the words do not fit, or nothing about them keeps all rules.
    """
    first, second = _themes(themes, length)
    starts = range(0, length - len(first) + 1, 2 if len(first) > 1 else 1)
    drafts = {
        line.text: (line, start)
        for start in starts
        for line in _drafts(couplets, first, second, start, length, options)
    }
    rows = []
    for text, (_, start) in drafts.items():
        line = read_line(text, _around(second, start, length))
        task = Task(line.source, line.fixed, LEVEL, options.banned)
        rows.append(LineRequest(line, task, FORWARD, (options.seed,)))
    answers = couplets.write(rows, options)
    replies = [
        Reply(text, best[0].text, round(draft.score + best[0].score, 4), options.seed)
        for (text, (draft, _)), best in zip(drafts.items(), answers, strict=True)
        if best
    ]
    if not replies:
        raise OptionError(f"{' '.join(themes)}: {NO_ANSWER}")
    replies.sort(key=lambda reply: -reply.score)
    chosen = _differing(replies)[: options.count]
    return [couplets.describe(reply, options) for reply in chosen]


def _differing(replies: list[Reply]) -> list[Reply]:
    """Return those that differ enough from all that are chosen before them."""
    chosen: list[tuple[Reply, set]] = []
    for reply in replies:
        characters = set(enumerate(reply.first_line + reply.second_line))
        if all(are_apart(characters, other) for _, other in chosen):
            chosen.append((reply, characters))
    return [reply for reply, _ in chosen]


def _themes(themes: tuple[str, ...], length: int) -> tuple[str, str]:
    """Return the words of both lines, simplified."""
    words = [to_simplified(word.strip()) for word in themes]
    if not words or len(words) > 2 or any(not w or any(map(is_mark, w)) for w in words):
        raise OptionError(
            f"a theme is one word, or two that face each other, not {' '.join(words)!r}"
        )
    first, second = words[0], words[1] if len(words) == 2 else ""
    if not len(first) <= length <= LONGEST:
        raise OptionError(
            f"{first} does not fit into a line of {length} characters; a line has at "
            f"most {LONGEST}"
        )
    if second and len(second) != len(first):
        raise OptionError(
            f"{first} and {second} face each other; give two words of one length"
        )
    return first, second


def _drafts(
    couplets: Couplets,
    theme: str,
    kept_out: str,
    start: int,
    length: int,
    options: ReplyOptions,
) -> Iterator[WrittenLine]:
    """Yield first lines with `theme` at `start`."""
    line = read_line(_around(theme, start, length, "一"), _around(theme, start, length))
    task = Task(line.fixed, line.fixed, OBLIQUE, options.banned + kept_out)
    rows = [
        LineRequest(line, task, COMPLETE, (options.seed, start, n))
        for n in range(DRAFTS)
    ]
    warm = dataclasses.replace(options, temperature=WARMTH, count=1)
    for best in couplets.write(rows, warm):
        yield from best


def _around(word: str, start: int, length: int, filler: str = FREE) -> str:
    """Return `word` at `start` of a line of `filler`; nothing without a word."""
    return (filler * start + word).ljust(length, filler) if word else ""
