"""Why a couplet reads as it does: tones, rules, and what else could stand there.

Shapes: T characters, R runners-up.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from nlg.couplet.results import AnswerCharacter, Judged, RunnerUp
from nlg.text.couplets import check_couplet, couplet_tones, is_mark

SHOWN = 4  # runners-up of a place


def explain(
    given: str, answer: str, judged: Judged, tokens: Sequence[str], reverse: bool
) -> tuple[AnswerCharacter, ...]:
    """Return what there is to say of each character of an answer, marks left out.

    Args:
        given: a line in simplified characters.
        answer: as long.
        judged: what the model thinks of the answer; B is 1.
        tokens: of the vocabulary.
        reverse: the given line is a second line.
    """
    given_tones, tones = couplet_tones(given), couplet_tones(answer)
    broken = _broken(given, answer, reverse)
    log_probs, favourites, favourite_log_probs = (array[0] for array in judged)

    def runners_up(place: int) -> Iterator[RunnerUp]:
        before, after = answer[:place], answer[place + 1 :]
        pairs = zip(favourites[place], favourite_log_probs[place], strict=True)
        for token_id, log_prob in pairs:
            other = tokens[token_id]
            if len(other) == 1 and other != answer[place] and not is_mark(other):
                would_break = _broken(given, f"{before}{other}{after}", reverse)
                breaks = tuple(sorted(would_break - broken))
                yield RunnerUp(other, _probability(log_prob), breaks)

    return tuple(
        AnswerCharacter(
            place=place + 1,
            given=given[place],
            given_tone=given_tones[place],
            character=character,
            tone=tones[place],
            probability=_probability(log_probs[place]),
            runners_up=tuple(itertools.islice(runners_up(place), SHOWN)),
        )
        for place, character in enumerate(answer)
        if not is_mark(character)
    )


def _probability(log_prob: np.floating) -> float:
    return round(float(np.exp(log_prob)), 4)


def _broken(given: str, answer: str, reverse: bool) -> frozenset[str]:
    """Return the rules that an answer breaks."""
    lines = (answer, given) if reverse else (given, answer)
    return check_couplet(*lines).broken
