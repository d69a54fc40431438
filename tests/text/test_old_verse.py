import pytest

from nlg.text.normalize import verses
from nlg.text.old_verse import check_old_verse
from nlg.text.prosody import Violation
from nlg.text.rhyming import Rhyme

AUTUMN = (
    "长安一片月，万户捣衣声。秋风吹不尽，总是玉关情。何日平胡虏，良人罢远征。"  # 李白
)
# 杜甫: 重经昭陵, six couplets of regulated verse
TOMB = (
    "草昧英雄起，讴歌历数归。风尘三尺剑，社稷一戎衣。翼亮贞文德，丕承戢武威。"
    "圣图天广大，宗祀日光辉。陵寝盘空曲，熊罴守翠微。再窥松柏路，还有五云飞。"
)


def test_six_lines_are_old_verse_whose_rhyme_is_told():
    found = check_old_verse(verses(AUTUMN))
    assert (found.form, found.style) == ("五言古风", "古风")
    assert found.cilin == (Rhyme("第十一部", "声情征", "", "平"),)
    assert found.clean


def test_ten_lines_that_keep_the_rules_are_long_regulated_verse():
    found = check_old_verse(verses(TOMB))
    assert (found.form, found.style, found.rhyme) == ("五言排律", "排律", "五微")
    assert found.violations == ()


def test_ten_lines_whose_feet_do_not_rhyme_are_no_long_regulated_verse():
    lines = verses(TOMB.replace("武威", "武功").replace("光辉", "光明"))
    lines = [line.replace("翠微", "翠楼") for line in lines]
    found = check_old_verse(lines)
    assert found.style == "古风"


def test_long_verse_that_leaves_its_rhyme_is_told_where():
    found = check_old_verse(verses(TOMB.replace("守翠微", "守翠楼")))
    assert found.violations == (Violation("出韵", 10, 5),)


def test_a_rhyme_that_changes_is_told_run_by_run():
    found = check_old_verse(
        verses("春风一夜声，春月满山情。春江多少舟，春水一天秋。")
        + verses("何处是归路，一春花落去。此日不成眠，江山年复年。")
    )
    assert found.violations == ()
    assert [(run.group, run.tone) for run in found.cilin] == []


def test_runs_of_two_feet_are_rhymes():
    lines = ["山", "情", "月", "声", "山", "处", "月", "去"]
    found = check_old_verse([f"春风一夜{foot}" for foot in lines])
    assert [(run.group, run.feet, run.tone) for run in found.cilin] == [
        *(("第十一部", "情声", "平"), ("第四部", "处去", "仄")),
    ]


def test_a_foot_that_rhymes_with_nothing_around_is_told():
    lines = ["山", "情", "月", "声", "山", "楼", "月", "城"]
    found = check_old_verse([f"春风一夜{foot}" for foot in lines])
    assert found.violations == (Violation("出韵", 6, 5),)


@pytest.mark.parametrize(
    "lines", [["春风", "春"] * 2, ["春风一夜"] * 3, ["春" * 12] * 6]
)
def test_other_shapes_are_none(lines):
    assert check_old_verse(lines) is None
