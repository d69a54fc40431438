import random

import pytest
from known_poems import BAIDI, DAWN, SPRING, STORKS, THOUGHT

from nlg.text.prosody import check
from nlg.text.rhyming import (
    Rhyme,
    clashes,
    is_neighbour,
    is_oblique_rhyme,
    rhyme_of,
)

HOME = ("少小离家老大回", "乡音无改鬓毛衰", "儿童相见不相识", "笑问客从何处来")
EAST = Rhyme("一东", "东红", "")


def test_the_first_line_is_among_the_feet_when_it_rhymes():
    assert rhyme_of(BAIDI) == Rhyme("十五删", "间还山", "")
    assert rhyme_of(SPRING) == Rhyme("十二侵", "深心金簪", "")


def test_a_foot_of_another_group_is_told_apart():
    assert rhyme_of(SPRING, "中华新韵") == Rhyme("九文", "深心金", "簪")


def test_of_as_many_feet_the_first_line_decides():
    assert rhyme_of(HOME) == Rhyme("十灰", "回来", "衰")


def test_the_first_line_outvotes_no_foot():
    # 行 is read in 七阳, as 浪 is, and in 八庚, as 声 is.
    lines = ["昔闻南北风流浪", "十载江山落日行", "不见武陵歌上下", "试看淮水听弦声"]
    assert rhyme_of(lines) == Rhyme("八庚", "行声", "")
    assert check(lines)[:2] == ("七绝", "平起首句不入韵")


def test_oblique_rhymes_are_named_though_regulated_verse_has_none():
    assert rhyme_of(DAWN) == Rhyme("十七筱", "晓鸟少", "", "仄")
    assert is_oblique_rhyme(DAWN, rhyme_of(DAWN))
    assert not is_oblique_rhyme(THOUGHT, rhyme_of(THOUGHT))


def test_an_oblique_first_line_does_not_turn_level_feet_of_both_tones():
    # 看 and 翰 are read in both tones, 汉 is oblique.
    found = rhyme_of(["山汉", "山看", "山山", "山翰"])
    assert found == Rhyme("十四寒", "看翰", "")


def test_oblique_feet_of_two_groups_may_rhyme_in_one_part():
    lines = ["君自故乡来", "应知故乡事", "来日绮窗前", "寒梅著花未"]
    assert rhyme_of(lines) == Rhyme("第三部", "事未", "", "仄")


def test_one_foot_alone_rhymes_with_nothing():
    lines = ["山山", "山月", "山山", "山动"]
    assert not is_oblique_rhyme(lines, rhyme_of(lines))


def test_level_and_oblique_feet_of_one_name_do_not_rhyme():
    # 东 and 动 are both 十一庚 of 中华新韵, one level and one oblique.
    found = rhyme_of(["山山", "山东", "山山", "山动"], "中华新韵")
    assert found == Rhyme("十一庚", "东", "动")
    oblique = rhyme_of(["山东", "山动", "山山", "山冻"], "中华新韵")
    assert oblique == Rhyme("十一庚", "动冻", "", "仄")


@pytest.mark.parametrize("poem", [STORKS, BAIDI, SPRING, THOUGHT, DAWN])
def test_the_named_rhyme_is_the_one_that_is_judged(poem):
    assert rhyme_of(poem).group == check(poem).rhyme


def test_of_two_groups_with_as_many_feet_the_first_foot_decides():
    poem = (*STORKS[:3], "更上一层东")  # one foot each
    assert rhyme_of(poem).group == "十一尤"
    poem = (STORKS[0], "黄河入海东", *STORKS[2:])
    assert rhyme_of(poem).group == "一东"


@pytest.mark.parametrize("lines", [[], ["白日依山尽"], ["Q", "Q"]])
def test_where_nothing_rhymes_there_is_no_group(lines):
    assert rhyme_of(lines).group == ""


@pytest.mark.parametrize(
    ("foot", "neighbour"),
    [("冬", True), ("红", False), ("江", False), ("动", False), ("Q", False)],
)
def test_a_neighbour_is_of_the_same_part_of_cilin(foot, neighbour):
    assert is_neighbour(foot, EAST) is neighbour
    assert not is_neighbour(foot, EAST, "中华新韵")


def test_neighbours_of_a_parted_group_are_those_of_its_feet():
    # 十灰 is in the third 部 with 回, in the fifth with 来.
    assert is_neighbour("时", Rhyme("十灰", "回杯", ""))
    assert not is_neighbour("时", Rhyme("十灰", "来开", ""))
    assert is_neighbour("街", Rhyme("十灰", "来开", ""))


@pytest.mark.parametrize(
    ("foot", "book", "clash"),
    [
        ("动", "平水韵", True),
        ("送", "平水韵", True),
        ("木", "平水韵", False),  # of the entering tone
        ("冬", "平水韵", False),  # level
        ("动", "中华新韵", True),
        ("月", "中华新韵", False),
    ],
)
def test_an_oblique_foot_may_sound_like_the_rhyme(foot, book, clash):
    rhyme = rhyme_of(["山东", "山红"], book)
    assert clashes(foot, rhyme, book) is clash


def test_the_rhyme_agrees_with_the_judged_one_on_any_level_feet():
    chance = random.Random(3)
    for _ in range(200):
        feet = chance.choices("东冬江支微鱼虞齐佳灰真文元寒删先萧肴豪歌", k=4)
        poem = [line[:-1] + foot for line, foot in zip(SPRING[::2], feet, strict=True)]
        poem = [line for pair in zip(SPRING[::2], poem, strict=True) for line in pair]
        assert rhyme_of(poem).group == check(poem).rhyme
