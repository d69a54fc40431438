import random

import pytest
from known_poems import BAIDI, SPRING, STORKS

from nlg.errors import OptionError
from nlg.poem.check import Polyphone, Rhyme, examine, rhyme_of
from nlg.text.prosody import Violation, check

THOUGHT = ("床前明月光", "疑是地上霜", "举头望明月", "低头思故乡")
DAWN = ("春眠不觉晓", "处处闻啼鸟", "夜来风雨声", "花落知多少")


@pytest.mark.parametrize(
    "text",
    [
        "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。",
        "白日依山尽黄河入海流欲穷千里目更上一层楼",
        "白日依山盡\n黃河入海流\n\n欲窮千里目\n更上一層樓\n",
        "  白日依山尽, 黄河入海流; 欲穷千里目! 更上一层楼…  ",
    ],
    ids=["marks", "unmarked", "traditional lines", "narrow marks"],
)
def test_a_poem_is_read_however_it_is_typed(text):
    found = examine(text)
    assert found.lines == STORKS
    assert found.verdict == check(STORKS)
    assert found.clean


@pytest.mark.parametrize("heads", ["静夜思\n", "静夜思\n李白\n", "靜夜思\n\n"])
def test_title_and_author_are_no_lines(heads):
    assert examine(heads + "，".join(THOUGHT)).lines == THOUGHT


def test_six_lines_are_not_four_with_two_heads():
    assert len(examine("\n".join(SPRING[:6])).lines) == 6


def test_polyphones_are_told_with_their_places():
    assert examine("".join(STORKS)).polyphones == (Polyphone("更", 4, 1),)


def test_tones_are_those_of_the_book_asked_for_and_rhymes_of_both():
    old, new = examine("".join(STORKS)), examine("".join(STORKS), "中华新韵")
    assert old.verdict.tones[0] == "仄仄平平仄"
    assert new.verdict.tones[0] == "平仄平平仄"  # 白, of the entering tone
    assert old.rhymes == new.rhymes
    assert old.rhymes == {
        "平水韵": Rhyme("十一尤", "流楼", ""),
        "中华新韵": Rhyme("七尤", "流楼", ""),
    }


def test_the_first_line_is_among_the_feet_when_it_rhymes():
    assert rhyme_of(BAIDI) == Rhyme("十五删", "间还山", "")
    assert rhyme_of(SPRING) == Rhyme("十二侵", "深心金簪", "")


def test_a_foot_of_another_group_is_told_apart():
    assert rhyme_of(SPRING, "中华新韵") == Rhyme("九文", "深心金", "簪")


def test_oblique_rhymes_are_named_though_regulated_verse_has_none():
    assert rhyme_of(DAWN) == Rhyme("十七筱", "晓鸟少", "")
    found = examine("，".join(DAWN))
    assert Violation("韵脚仄声", 2, 5) in found.verdict.violations
    assert not found.clean


def test_level_and_oblique_feet_of_one_name_do_not_rhyme():
    # 东 and 动 are both 十一庚 of 中华新韵, one level and one oblique.
    assert rhyme_of(["山山", "山东", "山山", "山动"], "中华新韵") == Rhyme(
        "十一庚", "东", "动"
    )
    assert rhyme_of(["山东", "山动", "山山", "山冻"], "中华新韵").feet == "动冻"


@pytest.mark.parametrize("poem", [STORKS, BAIDI, SPRING, THOUGHT])
def test_the_rhyme_of_regulated_verse_is_the_one_that_is_judged(poem):
    assert rhyme_of(poem).group == check(poem).rhyme


def test_of_two_groups_with_as_many_feet_the_judged_one_is_named():
    poem = (*STORKS[:3], "更上一层东")  # one foot each
    assert rhyme_of(poem).group == check(poem).rhyme == "十一尤"
    poem = (STORKS[0], "黄河入海东", *STORKS[2:])
    assert rhyme_of(poem).group == check(poem).rhyme == "一东"


def test_a_poem_of_no_form_has_a_rhyme_and_no_faults():
    found = examine(
        "大江流日夜，客心悲未央。徒念关山近，终知返路长。秋河曙耿耿，寒渚夜苍苍。"
    )
    assert found.verdict.form == ""
    assert found.verdict.violations == ()
    assert not found.clean
    assert found.rhymes["平水韵"] == Rhyme("七阳", "央长苍", "")


def test_one_line_has_no_feet():
    assert examine("白日依山尽").rhymes["平水韵"] == Rhyme("", "", "")


def test_known_lines_are_counted():
    assert examine("".join(STORKS)).known_lines == 4
    own = examine("烟锁竹床灯，萤穿蕉扇雾。蝉鸣药臼瓜，蛙跳茶炉露。")
    assert (own.known_lines, own.longest_shared_run) == (0, 0)


@pytest.mark.parametrize("text", ["", " \n", "To be, or not to be", "😀"])
def test_a_text_without_chinese_is_refused(text):
    with pytest.raises(OptionError, match="no Chinese characters; give a poem"):
        examine(text)


def test_the_named_rhyme_agrees_with_the_judged_one_on_any_level_feet():
    chance = random.Random(3)
    for _ in range(200):
        feet = chance.choices("东冬江支微鱼虞齐佳灰真文元寒删先萧肴豪歌", k=4)
        poem = [line[:-1] + foot for line, foot in zip(SPRING[::2], feet, strict=True)]
        poem = [line for pair in zip(SPRING[::2], poem, strict=True) for line in pair]
        assert rhyme_of(poem).group == check(poem).rhyme
