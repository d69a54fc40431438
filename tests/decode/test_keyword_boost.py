"""Lines that lean to words, against the same sums done by hand, token by token."""

import itertools
import math

import numpy as np
import pytest
from decode.toys import eager, every_way, history_dice, history_model, numpy_of, row_of

from nlg.decode.beam import beam_search
from nlg.decode.keyword_boost import Keywords, boost_keywords, lean, room_for
from nlg.decode.results import IMPOSSIBLE, NEG_INF, NO_TOKEN
from nlg.decode.template_constraint import follow_template

TOKENS, LENGTH, GAIN = 4, 4, 1.5
TABLE = history_dice(TOKENS, 0).astype("float32")
ODD, EVEN, ANY = range(3)
KINDS = np.array([[0, 1, 0, 1, 0], [0, 0, 1, 0, 1], [0, 1, 1, 1, 1]], "float32")
PLANS = [[ANY, ANY, ANY, EVEN], [ODD, EVEN, EVEN, ANY], [EVEN, ANY, ODD, ODD]]
WORDS = [(1, 2), (1, 4, 3), (3,)]


def rows_of(words):
    longest = max(map(len, words))
    return [[*word, *[NO_TOKEN] * (longest - len(word))] for word in words]


def search(words, gain, way=eager, rise=0.0):
    """Return every line that keeps a plan, with its log-probability.

    The gain of a beginning is `rise` more with every place.
    """
    beams = (TOKENS + 1) ** LENGTH
    plans = {"kinds": KINDS, "plans": np.array(PLANS, "int32"), "rows": beams}

    def run(table, words, begin, go_on):
        model, cache = follow_template(history_model(table), (), **plans)
        wanted = Keywords(words, begin, go_on)
        model, cache = boost_keywords(model, cache, wanted=wanted, **plans)
        return beam_search(model, cache, batch=1, beams=beams, length=LENGTH)

    words = np.array(rows_of(words), "int32")
    begin = gain + rise * np.arange(LENGTH, dtype="float32")
    found = numpy_of(way(run)(TABLE, words, begin, np.array(gain, "float32")))
    there = found.log_probs[0] > IMPOSSIBLE
    lines = map(tuple, found.token_ids[0][there].tolist())
    return dict(zip(lines, found.log_probs[0][there].tolist(), strict=True))


def keeps(plan, line, start=0):
    return all(KINDS[plan[place], token] for place, token in enumerate(line, start))


def by_hand(line, words, gain, rise=0.0):
    total = 0.0
    for place, token in enumerate(line):
        before = line[:place]
        plans = [plan for plan in PLANS if keeps(plan, before)]
        favoured = dict.fromkeys(range(TOKENS + 1), 0.0)
        for word in words:
            n = len(word)
            if any(before[i : i + n] == word for i in range(place)):
                continue
            begun = [k for k in range(1, n) if before[-k:] == word[:k]]
            room = place + n <= LENGTH and any(keeps(p, word, place) for p in plans)
            if begun:
                favoured[word[max(begun)]] += gain
            elif room and not set(word[1:]) & set(before):
                favoured[word[0]] += gain + rise * place
        p = TABLE[row_of(before, len(TABLE))]
        may = {x for x in favoured if any(keeps(plan, (*before, x)) for plan in plans)}
        mass = sum(p[x] * math.exp(favoured[x] * (x in may)) for x in favoured)
        total += math.log(p[token]) + favoured[token] - math.log(mass)
    return total


@every_way
@pytest.mark.parametrize("words", [WORDS, [(2, 1)], [(4, 4, 2), (3, 4)]])
def test_lines_are_worth_what_the_sums_by_hand_say(words, way):
    found = search(words, GAIN, way, rise=0.5)
    lines = itertools.product(range(1, TOKENS + 1), repeat=LENGTH)
    kept = [line for line in lines if any(keeps(plan, line) for plan in PLANS)]
    assert set(found) == set(kept)
    want = [by_hand(line, words, GAIN, rise=0.5) for line in found]
    np.testing.assert_allclose([*found.values()], want, atol=1e-4)


def test_no_gain_and_no_word_leave_lines_as_they_are():
    plain = {line: by_hand(line, [], 0) for line in search([(1, 2)], 0.0)}
    for found in (search([(1, 2)], 0.0), search([(NO_TOKEN,)], GAIN)):
        assert found == pytest.approx(plain, abs=1e-4)


def test_a_word_stands_in_more_of_what_is_written():
    def share(gain):
        found = search([(1, 2)], gain)
        mass = {line: math.exp(value) for line, value in found.items()}
        held = [m for line, m in mass.items() if (1, 2) in itertools.pairwise(line)]
        return sum(held) / sum(mass.values())

    shares = [share(gain) for gain in (0.0, 1.0, 4.0)]
    assert shares == sorted(shares) and shares[2] > 2 * shares[0]


def test_a_whole_word_must_fit_a_plan_from_its_place_on():
    room = np.array(
        room_for(KINDS, np.array(PLANS, "int32"), np.array(rows_of(WORDS), "int32"))
    )
    for plan, place, word in itertools.product(range(3), range(LENGTH), range(3)):
        inside = place + len(WORDS[word]) <= LENGTH
        want = inside and keeps(PLANS[plan], WORDS[word], place)
        assert room[plan, place, word] == want


def test_what_is_forbidden_gains_nothing_and_costs_the_others_nothing():
    log_probs = np.log(np.array([[0.5, 0.3, 0.2]], "float32"))
    log_probs[0, 2] = NEG_INF
    token, gain = np.array([[2, NO_TOKEN]], "int32"), np.full((1, 2), 3.0, "float32")
    found = np.array(lean(log_probs, token, gain))
    np.testing.assert_allclose(found[0, :2], log_probs[0, :2], rtol=1e-6)
    assert found[0, 2] < IMPOSSIBLE


def test_two_words_that_begin_alike_gain_twice():
    p = np.array([[0.5, 0.3, 0.2]], "float32")
    gain = np.array([[1.0, 0.5]], "float32")
    found = np.exp(lean(np.log(p), np.array([[1, 1]], "int32"), gain))
    want = p * np.exp([0, 1.5, 0])
    np.testing.assert_allclose(found, want / want.sum(), rtol=1e-5)
