import pytest

from nlg.text.ci_rhymes import MIXED, Foot, parts_of, rhyme_of_feet, rhymes_across
from nlg.text.rhymes import CILIN, groups
from nlg.text.rhyming import Rhyme


def feet(characters, tone):
    return [Foot(character, tone) for character in characters]


@pytest.mark.parametrize(
    ("character", "tone", "part"),
    [  # 词林正韵: 董 and 送 with 东, 屋 by itself
        *(("东", "平", "第一部"), ("动", "仄", "第一部"), ("梦", "仄", "第一部")),
        *(("屋", "仄", "第十五部"), ("月", "仄", "第十八部")),
    ],
)
def test_a_foot_is_in_the_part_of_its_tone(character, tone, part):
    assert parts_of(Foot(character, tone)) == {part}


def test_a_foot_of_the_other_tone_is_in_no_part():
    assert parts_of(Foot("东", "仄")) == parts_of(Foot("月", "平")) == frozenset()


def test_falling_and_rising_tones_rhyme_with_each_other_and_not_with_entering():
    assert rhyme_of_feet(feet("处雨去", "仄")) == Rhyme("第四部", "处雨去", "", "仄")
    assert rhyme_of_feet(feet("处雨屋", "仄")).others == "屋"


def test_level_and_oblique_feet_of_one_part_rhyme_where_a_pattern_joins_them():
    joined = [*feet("摇梢", "平"), *feet("觉", "仄")]
    assert rhyme_of_feet(joined) == Rhyme("第八部", "摇梢觉", "", "平仄")


def test_what_is_in_no_part_rhymes_with_nothing():
    assert rhyme_of_feet(feet("咖", "平")) == Rhyme("", "", "咖", "平")


def test_poets_rhyme_across_some_parts_and_across_no_others():
    assert rhymes_across(Foot("心", "平"), "第十一部") == "第十三部"
    assert rhymes_across(Foot("声", "平"), "第十三部") == "第十一部"
    assert rhymes_across(Foot("东", "平"), "第十一部") == ""
    names = {group.name for group in groups(CILIN)}
    assert {part for pair in MIXED for part in pair} <= names
