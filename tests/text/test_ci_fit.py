import pytest

from nlg.text.ci_fit import fits, near, written
from nlg.text.normalize import verses
from nlg.text.tunes import named

DREAM = (
    "常记溪亭日暮，沉醉不知归路。兴尽晚回舟，误入藕花深处。争渡，争渡，惊起一滩鸥鹭。"
)
YU = (
    "春花秋月何时了？往事知多少。小楼昨夜又东风，故国不堪回首月明中。"
    "雕栏玉砌应犹在，只是朱颜改。问君能有几多愁？恰似一江春水向东流。"
)
MOON = (
    "明月几时有？把酒问青天。不知天上宫阙，今夕是何年。我欲乘风归去，又恐琼楼玉宇，"
    "高处不胜寒。起舞弄清影，何似在人间。转朱阁，低绮户，照无眠。不应有恨，"
    "何事长向别时圆？人有悲欢离合，月有阴晴圆缺，此事古难全。但愿人长久，千里共婵娟。"
)


@pytest.mark.parametrize(
    ("text", "name"), [(DREAM, "如梦令"), (YU, "虞美人"), (MOON, "水调歌头")]
)
def test_a_tune_is_found_with_marks_and_without(text, name):
    marked, bare = fits(verses(text)), fits(["".join(verses(text))])
    assert marked[0].tune.name == bare[0].tune.name == name
    assert marked[0].plausible and marked[0].told
    assert marked[0].sung.violations == ()


def test_a_clause_ends_where_the_pattern_pauses_whether_the_text_does_or_not():
    (best, *_) = fits(verses(YU))
    assert best.lines[3:5] == ("故国不堪回首", "月明中")


def test_only_tunes_that_are_asked_for_are_looked_at():
    assert fits(verses(DREAM), named("菩萨蛮")) == []
    assert {fit.tune for fit in fits(verses(DREAM), named("如梦令"))} == {
        *named("如梦令")
    }


def test_a_text_one_character_short_fits_nothing_and_is_near_its_tune():
    lines = verses(MOON.replace("今夕是何年", "今夕是何"))
    assert [fit for fit in fits(lines) if fit.tune.name == "水调歌头"] == []
    assert near(lines)[0][0].name == "水调歌头"


def test_no_tune_is_near_what_is_like_none_unless_it_is_asked_for():
    assert near(["春"]) == []
    assert near(["春"], named("如梦令"))[0][0].name == "如梦令"


def test_four_lines_of_one_length_are_rather_a_quatrain():
    lines = verses("一山春雨一山风，一树桃花一树红。一年三百六十日，只在小桥流水中。")
    assert not any(fit.told for fit in fits(lines))


def test_eight_lines_of_one_length_are_a_tune_only_with_its_tones_or_short_stops():
    lines = verses(
        "桃溪不作从容住。秋藕绝来无续处。当时相候赤阑桥，今日独寻黄叶路。"
        "烟中列岫青无数。雁背夕阳红欲暮。人如风后入江云，情似雨馀粘地絮。"
    )
    assert fits(lines)[0].told
    assert not any(fit.told for fit in fits([*lines[:7], "春" * 7]))
    (tune,) = named("步蟾宫")
    variant = tune.variants[2]
    assert written(variant) == [7] * 8 and len(variant.clauses) == 12
    paused = [("春" * 9)[:length] for length in variant.lengths]
    assert all(fit.told for fit in fits(paused, [tune]) if fit.variant == variant)
    whole = [("春" * 9)[:length] for length in written(variant)]
    assert not any(fit.told for fit in fits(whole, [tune]) if fit.variant == variant)


def test_a_short_text_may_have_a_few_wrong_tones():
    fisher = "西塞山前白鹭飞。桃花流水鳜鱼肥。青箬笠，绿蓑衣。斜风细雨不须归。"
    wrong = fisher.replace("流水", "落水").replace("不须", "何须")
    (best, *_) = fits(verses(wrong))
    assert best.tune.name == "渔歌子"
    assert len(best.sung.violations) == 2 and best.plausible


def test_tones_that_are_wrong_all_over_make_a_tune_unlikely():
    wrong = ["日" * len(line) for line in verses(MOON)]
    assert not any(fit.plausible for fit in fits(wrong))


def test_lines_are_as_poets_write_them_without_short_stops():
    assert written(named("虞美人")[0].variants[0]) == [7, 5, 7, 9, 7, 5, 7, 9]
