"""Why a couplet reads as it does: tones, rules, and what else could stand there.

Shapes: T characters, R runners-up.
"""

from typing import NamedTuple

import numpy as np

from nlg.couplet.inputs import as_known
from nlg.couplet.responder import Reply, Responder
from nlg.text.couplets import check_couplet, couplet_tones, is_mark

SHOWN = 4  # runners-up of a place


class RunnerUp(NamedTuple):
    """A character that the model thought of, and the rule that it would break."""

    character: str
    probability: float
    breaks: tuple[str, ...]  # of nlg.text.couplets.RULES; empty if it was free


class AnswerCharacter(NamedTuple):
    """A character of the answer."""

    place: int  # from 1
    given: str
    given_tone: str
    character: str
    tone: str
    probability: float  # by the model alone, before any rule
    runners_up: tuple[RunnerUp, ...]


def explain(
    responder: Responder, reply: Reply, reverse: bool = False
) -> list[AnswerCharacter]:
    """Return what there is to say of each character of the answer, marks left out."""
    given, answer = (as_known(line, marks=False) for line in reply[:2])
    if reverse:
        given, answer = answer, given
    judged = responder.judge([(given, answer)], reverse)
    tokens = responder.vocabulary.tokens
    tones = couplet_tones(given), couplet_tones(answer)
    base = _broken(given, answer, reverse)
    places = []
    for n, character in enumerate(answer):
        if is_mark(character):
            continue
        favourites = zip(
            (tokens[token] for token in judged.favourites[0, n]),
            np.exp(judged.favourite_log_probs[0, n]).tolist(),
            strict=True,
        )
        others = [
            RunnerUp(
                other,
                round(probability, 4),
                tuple(
                    sorted(
                        _broken(given, answer[:n] + other + answer[n + 1 :], reverse)
                        - base
                    )
                ),
            )
            for other, probability in favourites
            if len(other) == 1 and other != character and not is_mark(other)
        ]
        own = round(float(np.exp(judged.log_probs[0, n])), 4)
        about = (given[n], tones[0][n], character, tones[1][n], own)
        places.append(AnswerCharacter(n + 1, *about, tuple(others[:SHOWN])))
    return places


def _broken(given: str, answer: str, reverse: bool) -> frozenset[str]:
    """Return the rules that an answer breaks."""
    lines = (answer, given) if reverse else (given, answer)
    return check_couplet(*lines).broken
