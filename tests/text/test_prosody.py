import itertools
import random

import pytest
from known_poems import BAIDI, SPRING, STORKS

from nlg.text.forms import FORMS
from nlg.text.prosody import Violation, check, patterns

RED_BEANS = ("红豆生南国", "春来发几枝", "愿君多采撷", "此物最相思")
ALL_PATTERNS = [
    pytest.param(form, pattern, id=f"{form.name}-{pattern.name}")
    for form in FORMS.values()
    for pattern in patterns(form)
]
# Characters of one reading only, and rhymes of one group only.
LEVELS, OBLIQUES, RHYMES = "春山江花天云风", "月日水雪石玉鹤", "东红宫翁"


def replaced(poem, line, place, character):
    """The poem with one character, both numbers from 1, written over."""
    lines = list(poem)
    lines[line - 1] = lines[line - 1][: place - 1] + character + lines[line - 1][place:]
    return lines


def kinds(lines):
    return [violation.kind for violation in check(lines).violations]


def filled(pattern, chance):
    choices = {"平": LEVELS, "仄": OBLIQUES, "中": LEVELS + OBLIQUES}
    poem = ["".join(chance.choice(choices[mark]) for mark in m) for m in pattern.lines]
    for number in pattern.rhyming:
        poem[number] = poem[number][:-1] + chance.choice(RHYMES)
    return poem


@pytest.mark.parametrize(
    ("poem", "form", "pattern", "rhyme"),
    [
        (STORKS, "五绝", "仄起首句不入韵", "十一尤"),
        (BAIDI, "七绝", "平起首句入韵", "十五删"),
        (SPRING, "五律", "仄起首句不入韵", "十二侵"),
        (RED_BEANS, "五绝", "仄起首句不入韵", "四支"),
    ],
)
def test_famous_regulated_poems_are_clean(poem, form, pattern, rhyme):
    verdict = check(poem)
    assert verdict[:3] == (form, pattern, rhyme)
    assert verdict.violations == ()


def test_ancient_quatrain_of_li_bai_is_not_regulated():
    lines = ["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"]
    assert check(lines).rhyme == "七阳"
    assert Violation("失替", 2, 4) in check(lines).violations
    assert Violation("失粘", 3, 2) in check(lines).violations


def test_weicheng_is_the_textbook_case_of_a_lost_bond():
    lines = ["渭城朝雨浥轻尘", "客舍青青柳色新", "劝君更尽一杯酒", "西出阳关无故人"]
    assert check(lines).violations == (Violation("失粘", 3, 2),)


def test_line_whose_third_and_fourth_places_trade_tones_is_regular():
    verdict = check(["移舟泊烟渚", "日暮客愁新", "野旷天低树", "江清月近人"])
    assert verdict.tones[0] == "平平仄平仄"
    assert (verdict.pattern, verdict.violations) == ("平起首句不入韵", ())


@pytest.mark.parametrize(
    ("line", "place", "character", "violation"),
    [
        (1, 4, "月", Violation("失替", 1, 4)),
        (2, 3, "山", None),
        (2, 5, "东", Violation("出韵", 4, 5)),
        (4, 5, "东", Violation("出韵", 4, 5)),
        (4, 5, "月", Violation("韵脚仄声", 4, 5)),
        (4, 3, "山", Violation("三平尾", 4, 3)),
        (2, 1, "月", Violation("孤平", 2, 1)),
    ],
)
def test_one_wrong_character_is_named_with_its_place(line, place, character, violation):
    lines = replaced(STORKS, line, place, character)
    assert check(lines).violations == (() if violation is None else (violation,))


def test_lonely_level_of_a_long_line_is_in_its_last_five():
    lines = replaced(BAIDI, 1, 1, "月")
    assert "孤平" not in kinds(lines)
    poem = ["月明江上秋风起", "月月春江水月东", "江水月明花月雪", "月花江月月春红"]
    assert "孤平" not in kinds(poem)
    poem[1] = "月月月江水月东"
    assert Violation("孤平", 2, 3) in check(poem).violations


def test_level_at_the_third_place_relieves_a_lonely_level():
    assert "孤平" not in kinds(["白日依山尽", "月春江月流", *STORKS[2:]])


def test_swapped_couplet_loses_its_bond_and_nothing_else():
    lines = [STORKS[0], STORKS[1], "月日春山雪", "春江日月流"]
    assert check(lines).violations == (Violation("失粘", 3, 2),)


def test_couplet_of_two_like_lines_loses_its_contrast():
    lines = [STORKS[0], "白日月江流", STORKS[2], STORKS[3]]
    assert check(lines).violations == (
        Violation("失对", 2, 2),
        Violation("失粘", 3, 2),
    )


def test_polyphones_and_unknown_characters_satisfy_either_tone():
    for character in "看Q":
        assert check([character * 5] * 4).violations == ()


def test_uncertain_second_place_leaves_the_judgement_to_the_fourth():
    lines = [STORKS[0], "白看江月流", *STORKS[2:]]
    assert kinds(lines) == []
    assert kinds([STORKS[0], "白看月江流", *STORKS[2:]]) == ["失对", "失粘"]


def test_first_line_that_does_not_rhyme_is_no_violation():
    lines = replaced(BAIDI, 1, 7, "东")
    assert check(lines).violations == ()
    assert check(lines).rhyme == "十五删"


def test_rhyme_is_the_group_of_most_feet_and_the_stranger_is_named():
    lines = replaced(SPRING, 2, 5, "东")
    assert check(lines).rhyme == "十二侵"
    assert check(lines).violations == (Violation("出韵", 2, 5),)


def test_violations_stand_in_the_order_of_the_lines():
    lines = replaced(replaced(STORKS, 2, 5, "月"), 4, 3, "山")
    assert [violation.line for violation in check(lines).violations] == [2, 4]


def test_poem_of_no_form_gets_its_tones_only():
    verdict = check(["白日依山尽", "黄河入海"])
    assert verdict == ("", "", "", ("仄仄平平仄", "平平仄仄"), ())
    assert check([]) == ("", "", "", (), ())


@pytest.mark.parametrize(("form", "pattern"), ALL_PATTERNS)
def test_any_filling_of_a_pattern_is_clean_and_recognised(form, pattern):
    chance = random.Random(pattern.name)
    for _ in range(50):
        poem = filled(pattern, chance)
        assert check(poem) == (form.name, pattern.name, "一东", check(poem).tones, ())


@pytest.mark.parametrize(("form", "pattern"), ALL_PATTERNS)
def test_patterns_alternate_contrast_and_bond(form, pattern):
    assert [len(line) for line in pattern.lines] == [form.columns] * form.lines
    for line in pattern.lines:
        beats = line[1::2]
        assert "中" not in beats
        assert all(a != b for a, b in itertools.pairwise(beats))
    seconds = "".join(line[1] for line in pattern.lines)
    assert seconds in ("平仄仄平" * 2, "仄平平仄" * 2, "平仄仄平", "仄平平仄")


@pytest.mark.parametrize(("form", "pattern"), ALL_PATTERNS)
def test_patterns_are_named_by_their_first_line(form, pattern):
    first, rhymes = pattern.lines[0], 0 in pattern.rhyming
    assert pattern.name == first[1] + "起首句" + ("入韵" if rhymes else "不入韵")
    ends = [n for n, line in enumerate(pattern.lines) if line[-1] == "平"]
    assert list(pattern.rhyming) == ends


def test_seven_character_patterns_are_those_of_the_textbook():
    by_name = {pattern.name: pattern.lines for pattern in patterns(FORMS["七绝"])}
    assert by_name["平起首句入韵"] == (
        "中平中仄仄平平",
        "中仄平平中仄平",
        "中仄中平平仄仄",
        "中平中仄仄平平",
    )
