import pytest

from nlg.errors import OptionError
from nlg.poem import sung
from nlg.poem.check import examine
from nlg.text.prosody import Violation

WINE = (
    "一曲新词酒一杯，去年天气旧亭台。夕阳西下几时回？\n"
    "无可奈何花落去，似曾相识燕归来。小园香径独徘徊。"
)
JADE = (  # 玉楼春 of eight lines of seven, as many as a 七律
    "桃溪不作从容住。秋藕绝来无续处。当时相候赤阑桥，今日独寻黄叶路。\n"
    "烟中列岫青无数。雁背夕阳红欲暮。人如风后入江云，情似雨馀粘地絮。"
)
SPRING = "国破山河在，城春草木深。感时花溅泪，恨别鸟惊心。\n" + (
    "烽火连三月，家书抵万金。白头搔更短，浑欲不胜簪。"
)


@pytest.mark.parametrize(
    "heads", ["", "浣溪沙\n", "浣溪沙·春恨\n", "浣溪沙\n晏殊\n", "浣溪紗\n\n"]
)
def test_a_ci_is_known_with_its_title_and_without(heads):
    found = examine(heads + WINE)
    assert (found.verdict.form, found.verdict.style) == ("浣溪沙", "词")
    assert len(found.lines) == 6
    assert found.clean
    assert found.patterns[0] == "中仄中平中仄平"
    assert found.rhymes == {}


def test_a_title_and_an_author_above_another_tune_are_no_lines():
    found = examine("无题\n晏殊\n" + WINE)
    assert (found.verdict.form, len(found.lines)) == ("浣溪沙", 6)


def test_rows_with_stops_are_verse_and_no_heads():
    above = "春江一夜风，落花三月雨。\n"
    assert examine(above + WINE).verdict.form != "浣溪沙"


def test_eight_lines_that_rhyme_in_oblique_tone_as_a_tune_does_are_sung_to_it():
    assert examine(JADE).verdict.style == "词"
    assert examine("玉楼春\n" + JADE).verdict.form in ("玉楼春", "木兰花令")


@pytest.mark.parametrize("title", ["", "生查子\n", "瑞鹧鸪\n"])
def test_a_regulated_poem_stays_one_whatever_its_title(title):
    assert examine(title + SPRING).verdict.form == "五律"


def test_a_poem_that_rhymes_as_regulated_verse_is_compared_with_no_tune(monkeypatch):
    compared = []
    fits = sung.fits
    monkeypatch.setattr(sung, "fits", lambda *a: compared.append(a) or fits(*a))
    assert examine(SPRING).verdict.form == "五律"
    assert compared == []
    assert examine(JADE).verdict.style == "词"
    assert len(compared) > 0


def test_what_is_told_to_be_a_tune_is_held_to_it():
    quatrain = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
    assert examine(quatrain).verdict.form == "五绝"
    assert examine(quatrain, tune="罗唝曲").verdict.form == "啰唝曲"


def test_a_variant_may_be_told():
    free = examine(WINE, tune="浣溪沙")
    second = examine(WINE, tune="浣溪沙", variant=2)
    assert (free.verdict.pattern, second.verdict.pattern) == ("钦谱 1", "钦谱 2")
    assert second.verdict.violations != ()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"tune": "浣溪傻"}, "no tune '浣溪傻'; near are 浣"),
        ({"tune": "浣溪沙", "variant": 99}, "浣溪沙 has no variant 99; there are 1 2"),
        ({"variant": 1}, "--variant needs --tune"),
    ],
)
def test_a_tune_that_there_is_not_is_told(options, reason):
    with pytest.raises(OptionError, match=reason):
        examine(WINE, **options)


def test_of_a_text_that_names_its_tune_lines_of_other_lengths_are_told():
    found = examine("浣溪沙\n" + WINE.replace("去年天气", "去年"))
    assert found.verdict.form == "浣溪沙"
    assert found.verdict.violations == (Violation("字数", 2, 5),)
    assert not found.clean


def test_a_line_too_few_is_told_where_it_is_missing():
    found = examine("浣溪沙\n" + WINE.replace("小园香径独徘徊。", ""))
    assert [one.kind for one in found.verdict.violations] == ["字数"]


def test_a_text_that_fits_no_tune_gets_the_nearest():
    found = examine(
        "春花秋月何时了，往事知多少。小楼昨夜又东，故国不堪回首月明中。"
        "雕栏玉砌应犹在，只是朱颜改。问君能有几多愁，恰似一江春水向东流。"
    )
    assert found.verdict.form == ""
    assert found.near[0] == "虞美人"
    assert examine(WINE).near == ()


def test_json_holds_the_rhymes_of_a_ci():
    facts = examine(WINE).to_dict()
    assert [(r["group"], r["tone"]) for r in facts["cilin"]] == [("第三部", "平")]
    assert facts["notes"][0]["kind"] == "通押"
    assert facts["clean"] is True
