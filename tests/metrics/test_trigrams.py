import math

import pytest

from nlg.metrics.trigrams import DISCOUNT, CharacterTrigrams


def test_probability_is_the_one_counted_by_hand():
    # One line 甲乙. Unigrams with one added: start 1, unknown 1, 甲 2, 乙 2, of 6.
    # p(甲 | start): (1 - D) / 1 + D * 1 / 1 * 2/6, and the trigram does the same again.
    model = CharacterTrigrams(["甲乙"])

    def step(shorter):
        return (1 - DISCOUNT) + DISCOUNT * shorter

    expected = math.log(step(step(2 / 6)))
    assert model.log_prob(["甲乙"]) == pytest.approx(expected)


def test_unseen_context_falls_back_to_the_shorter_one():
    model = CharacterTrigrams(["甲乙"])
    # 丙 is unknown: 1/6, discounted from the start's one continuation twice.
    unknown = math.log(DISCOUNT * DISCOUNT / 6)
    # 乙 after 丙: no count for either context, so the unigram 2/6 alone.
    after = math.log(2 / 6)
    assert model.log_prob(["丙乙"]) == pytest.approx((unknown + after) / 2)


def test_probabilities_over_the_vocabulary_sum_to_one():
    model = CharacterTrigrams(["甲乙丙", "甲丙乙", "乙乙甲"])
    inside = sum(
        math.exp(3 * model.log_prob(["甲乙" + last]) - 2 * model.log_prob(["甲乙"]))
        for last in "甲乙丙丁"  # 丁 is the unknown one
    )
    # The start mark is the fifth: 1 of 9 + 5 counts, discounted in both contexts.
    assert inside + DISCOUNT * DISCOUNT / 14 == pytest.approx(1)


def test_a_line_does_not_see_the_end_of_the_line_before():
    model = CharacterTrigrams(["甲乙", "丙丁"])
    alone = [model.log_prob(["甲乙"]), model.log_prob(["丙丁"])]
    assert model.log_prob(["甲乙", "丙丁"]) == pytest.approx(sum(alone) / 2)
