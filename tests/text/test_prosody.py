import itertools
import random

import pytest
from known_poems import BAIDI, DAWN, SPRING, STORKS, THOUGHT

from nlg.text.forms import FORMS
from nlg.text.patterns import line_patterns, patterns
from nlg.text.prosody import Violation, check
from nlg.text.remarks import Note, oblique_ends
from nlg.text.rescues import Rescue

RED_BEANS = ("红豆生南国", "春来发几枝", "愿君多采撷", "此物最相思")
ALL_PATTERNS = [
    pytest.param(form, pattern, id=f"{form.name}-{pattern.name}")
    for form in FORMS.values()
    for pattern in patterns(form)
]
# Characters of one reading only, and rhymes of one group only.
MOORING = ("移舟泊烟渚", "日暮客愁新", "野旷天低树", "江清月近人")
LEVELS, OBLIQUES, RHYMES = "春山江花天云风", "月日水雪石玉鹤", "东红宫翁风"


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
    feet = chance.sample(RHYMES, len(pattern.rhyming))
    for number, foot in zip(pattern.rhyming, feet, strict=True):
        poem[number] = poem[number][:-1] + foot
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
    verdict = check(THOUGHT)
    assert (verdict.rhyme, verdict.style) == ("七阳", "古绝")
    assert Violation("失替", 2, 4) in verdict.violations
    assert Violation("失粘", 3, 2) in verdict.violations
    assert (verdict.faults, verdict.clean) == ((), False)


def test_oblique_rhyme_makes_a_quatrain_an_old_one():
    verdict = check(DAWN)
    assert (verdict.rhyme, verdict.style) == ("十七筱", "古绝")
    assert Violation("韵脚仄声", 2, 5) in verdict.violations
    assert verdict.faults == ()


def test_eight_lines_of_oblique_rhyme_are_named_after_it():
    lines = [*DAWN, *DAWN[:2], "夜来风雨声", "花落知多少"]
    assert check(lines).style == "仄韵诗"


def test_oblique_ends_that_do_not_rhyme_are_faults():
    lines = [STORKS[0], "黄河入海月", STORKS[2], "更上一层水"]
    assert check(lines).style == ""
    assert kinds(lines).count("韵脚仄声") == len(check(lines).faults) == 2


def test_weicheng_is_the_textbook_case_of_a_lost_bond():
    lines = ["渭城朝雨浥轻尘", "客舍青青柳色新", "劝君更尽一杯酒", "西出阳关无故人"]
    verdict = check(lines)
    assert (verdict.violations, verdict.style) == ((Violation("失粘", 3, 2),), "折腰体")
    assert verdict.faults == verdict.violations


def test_a_bond_lost_elsewhere_is_no_bent_form():
    lines = [*SPRING[:2], *SPRING[2:4][::-1], *SPRING[4:]]
    assert "失粘" in kinds(lines) and check(lines).style != "折腰体"


def test_two_lines_of_old_verse_make_eight_an_unbound_poem():
    verdict = check([*SPRING[:2], "月日江月雪", "山江日春音", *SPRING[4:]])
    assert {one.line for one in verdict.violations if one.kind == "失替"} == {3, 4}
    assert verdict.style == "拗体"
    assert verdict.faults == verdict.violations != ()


def test_line_whose_third_and_fourth_places_trade_tones_is_regular():
    verdict = check(MOORING)
    assert verdict.tones[0] == "平平仄平仄"
    assert (verdict.pattern, verdict.violations) == ("平起首句不入韵", ())
    assert verdict.rescues == (Rescue("本句自救", 1, 4, 1, 3),)


def test_strict_tones_take_what_is_made_up_for_as_faults():
    strict = check(MOORING, strict_tones=True)
    assert strict.violations == strict.faults == (Violation("拗句", 1, 4),)
    assert check(STORKS, strict_tones=True) == check(STORKS)


def test_a_small_departure_is_no_fault_even_to_strict_tones():
    lines = ["白日石山尽", "黄河东海流", *STORKS[2:]]
    assert [rescue.optional for rescue in check(lines).rescues] == [True]
    assert check(lines, strict_tones=True).violations == ()


@pytest.mark.parametrize(
    ("line", "place", "character", "violation"),
    [
        (1, 4, "月", Violation("失替", 1, 4)),
        (2, 3, "山", None),
        (2, 5, "东", Violation("出韵", 4, 5)),
        (4, 5, "流", Violation("重韵", 4, 5)),
        (2, 3, "不", None),
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
    lines = [STORKS[0], STORKS[1], "月日春山雪", "春江日月楼"]
    assert check(lines).violations == (Violation("失粘", 3, 2),)


def test_couplet_of_two_like_lines_loses_its_contrast():
    lines = [STORKS[0], "白日月江流", STORKS[2], STORKS[3]]
    assert check(lines).violations == (
        Violation("失对", 2, 2),
        Violation("失粘", 3, 2),
    )


def test_polyphones_and_unknown_characters_satisfy_either_tone():
    for character in "看Q":
        found = check([character * 5] * 4).violations
        assert {one.kind for one in found} <= {"重韵"}


def test_uncertain_second_place_leaves_the_judgement_to_the_fourth():
    lines = [STORKS[0], "白看江月流", *STORKS[2:]]
    assert kinds(lines) == []
    assert kinds([STORKS[0], "白看月江流", *STORKS[2:]]) == ["失对", "失粘"]


def test_first_line_that_does_not_rhyme_is_no_violation():
    lines = replaced(BAIDI, 1, 7, "东")
    assert check(lines).violations == ()
    assert check(lines).rhyme == "十五删"


def test_a_level_first_foot_of_another_group_is_remarked():
    lines = replaced(BAIDI, 1, 7, "东")
    assert Note("首句不入韵", 1, 7) in check(lines).notes
    assert Note("首句不入韵", 1, 7) not in check(BAIDI).notes


def test_first_line_may_borrow_the_rhyme_of_a_neighbour():
    verdict = check(replaced(BAIDI, 1, 7, "寒"))
    assert verdict.notes[0] == Note("孤雁入群", 1, 7, "十四寒")
    assert (verdict.pattern, verdict.violations) == ("平起首句入韵", ())


def test_last_line_that_borrows_is_named_and_at_fault():
    verdict = check(replaced(BAIDI, 4, 7, "寒"))
    assert Note("孤雁出群", 4, 7, "十四寒") in verdict.notes
    assert verdict.violations == (Violation("出韵", 4, 7),)


@pytest.mark.parametrize(
    ("line", "place", "character", "note"),
    [
        (3, 3, "月", Note("三仄尾", 3, 3)),
        (1, 5, "右", Note("撞韵", 1, 5)),
        (3, 5, "手", Note("撞韵", 3, 5)),
        (3, 3, "河", Note("重字", 3, 3)),
    ],
)
def test_what_is_no_fault_is_remarked(line, place, character, note):
    verdict = check(replaced(STORKS, line, place, character))
    assert note in verdict.notes
    assert verdict.violations == ()


def test_a_doubled_character_is_no_repeat():
    lines = [STORKS[0], "平平仄仄平", "处处闻啼鸟", STORKS[3]]
    assert not [n for n in check(lines).notes if (n.kind, n.line) == ("重字", 3)]


def test_odd_lines_in_a_row_may_end_in_one_oblique_tone():
    # 草 and 老 are 上, 月 入.
    lines = ["山草", "山春", "山老", "山春", "山月", "山春", "山雪", "山春"]
    assert oblique_ends(lines) == [
        Note("上尾", 3, 2, "上"),
        Note("上尾", 7, 2, "入"),
    ]
    assert oblique_ends(["山春", "山春", "山春", "山春"]) == []
    assert oblique_ends(["山好", "山春", "山好", "山春"]) == []  # 上 or 去


def test_a_word_is_no_excuse_where_its_tone_is_certain():
    # 思 by itself is read in both tones; in 相思 it is level.
    assert "失替" not in kinds([*STORKS[:2], "日春山思月", STORKS[3]])
    verdict = check([*STORKS[:2], "日春相思月", STORKS[3]])
    assert verdict.tones[2] == "仄平平平仄"
    assert Violation("失替", 3, 4) in verdict.violations


def test_rhyme_is_the_group_of_most_feet_and_the_stranger_is_named():
    lines = replaced(SPRING, 2, 5, "东")
    assert check(lines).rhyme == "十二侵"
    assert check(lines).violations == (Violation("出韵", 2, 5),)


def test_violations_stand_in_the_order_of_the_lines():
    lines = replaced(replaced(STORKS, 2, 5, "月"), 4, 3, "山")
    assert [violation.line for violation in check(lines).violations] == [2, 4]


def test_poem_of_no_form_gets_tones_and_rhyme_only():
    verdict = check(["白日依山尽", "黄河入海"])
    assert verdict[:5] == ("", "", "十贿", ("仄仄平平仄", "平平仄仄"), ())
    assert check([])[:5] == ("", "", "", (), ())
    assert not verdict.clean


@pytest.mark.parametrize(("form", "pattern"), ALL_PATTERNS)
def test_any_filling_of_a_pattern_is_clean_and_recognised(form, pattern):
    chance = random.Random(pattern.name)
    for _ in range(50):
        poem = filled(pattern, chance)
        verdict = check(poem)
        assert verdict[:3] == (form.name, pattern.name, "一东")
        assert verdict.clean and verdict.style == ""
        assert line_patterns(poem, verdict.tones, form) == pattern.lines


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
