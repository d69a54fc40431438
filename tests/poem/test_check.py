import pytest
from known_poems import DAWN, SPRING, STORKS, THOUGHT

from nlg.errors import OptionError
from nlg.poem.check import Polyphone, Rhyme, examine
from nlg.text.prosody import Violation, check
from nlg.text.remarks import Note


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


def read(text, **options):
    """Each polyphone with how it is read, and why."""
    found = examine(text, **options).polyphones
    return {(p.character, p.line, p.place): (p.reading, p.why) for p in found}


def test_polyphones_are_told_with_their_places_and_their_share():
    (found,) = examine("".join(STORKS)).polyphones
    assert found == Polyphone("更", 4, 1, "多", "free", "", found.level)
    assert 35 < found.level < 45


def test_a_polyphone_says_which_reading_was_taken_and_why():
    found = read("红豆生南国，春来发几枝。愿君多采撷，此物最相思。")
    assert found["思", 4, 5] == ("平", "word")
    # 看 is level for the pattern, and at the foot for the rhyme.
    found = read(
        "蓬山此去无多路，青鸟殷勤为探看。" + "相见时难别亦难，东风无力百花残。"
    )
    assert found["看", 2, 7] == ("平", "rhyme")


def test_a_reading_against_use_is_told_where_the_pattern_wants_it():
    fault = "白日依山尽，黄河入海流。欲不千里目，更上一层楼。"
    assert read(fault)["不", 3, 2] == ("仄", "use")
    assert ("不", 3, 2) not in read("".join(STORKS).replace("千", "不"))


def test_what_makes_up_for_another_tone_is_read_so():
    found = read("城阙辅三秦，风烟望五津。与君离别意，同是宦游人。"
                 "海内存知己，天涯若比邻。无为在歧路，儿女共沾巾。")  # fmt: skip
    assert found["为", 7, 2] == ("平", "pattern")


def test_readings_of_today_have_no_share():
    found = examine("看" * 20, book="中华新韵").polyphones
    assert found and {p.level for p in found} == {None}


def test_tones_are_those_of_the_book_asked_for_and_rhymes_of_all():
    old, new = examine("".join(STORKS)), examine("".join(STORKS), "中华新韵")
    assert old.verdict.tones[0] == "仄仄平平仄"
    assert new.verdict.tones[0] == "平仄平平仄"  # 白, of the entering tone
    assert old.rhymes == new.rhymes
    assert old.rhymes == {
        "平水韵": Rhyme("十一尤", "流楼", ""),
        "中华新韵": Rhyme("七尤", "流楼", ""),
        "中华通韵": Rhyme("十欧", "流楼", ""),
    }


def test_a_poem_of_no_form_has_a_rhyme_and_no_faults():
    found = examine(
        "大江流日夜，客心悲未央。徒念关山近，终知返路长。秋河曙耿，寒渚夜苍苍。"
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


def test_oblique_verse_is_named_with_its_rhyme_and_has_no_faults():
    verdict = examine("，".join(DAWN)).verdict
    assert (verdict.style, verdict.rhyme, verdict.faults) == ("古绝", "十七筱", ())
    assert Violation("韵脚仄声", 2, 5) in verdict.violations
    assert not verdict.clean


def test_strict_tones_and_odd_ends_are_looked_at_where_asked():
    text = "移舟泊烟渚，日暮客愁新。野旷天低树，江清月近人。"
    assert examine(text).clean
    assert not examine(text, strict_tones=True).clean
    text = text.replace("树", "草")  # 渚 and 草 are both 上
    assert examine(text).verdict.notes == ()
    assert examine(text, odd_ends=True).verdict.notes == (Note("上尾", 3, 5, "上"),)
    assert examine("春草，春花，春酒", odd_ends=True).verdict.notes == ()


def test_each_line_has_the_pattern_that_it_is_nearest_to():
    assert examine("".join(STORKS)).patterns == (
        "中仄平平仄",
        "平平中仄平",
        "中平平仄仄",
        "中仄仄平平",
    )
    bent = examine("渭城朝雨浥轻尘，客舍青青柳色新。劝君更尽一杯酒，西出阳关无故人。")
    assert bent.patterns[2:] == ("中平中仄平平仄", "中仄平平中仄平")
    assert examine("春草，春花，春酒").patterns == ()


def test_what_is_not_known_is_told_and_the_rest_is_judged():
    found = examine("白日依山尽，黄河入𠀀流。欲穷千里目，更上一层楼。")
    assert (found.unknown, found.clean) == ("𠀀", True)
    assert found.verdict.tones[1] == "平平仄？平"
    found = examine("白日依山尽，咖河入海流。欲穷千里目，更上一层楼。")
    assert (found.modern, found.clean) == ("咖", True)
    assert examine("咖河入海流", book="中华新韵").modern == ""


def test_letters_are_left_out_and_told():
    found = examine("白日OK依山尽，黄河入海流，欲穷千里目2，更上一层楼。")
    assert (found.lines, found.left_out) == (STORKS, ("OK", "2"))
    assert examine("".join(STORKS)).left_out == ()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("白日依山尽，黄河入海。欲穷千里目，更上一层楼。", 4),
        ("白日依山尽", 1),
        ("白日依山尽，黄河入海月流。" * 250, 500),
        ("Here 白日 there", 1),
    ],
    ids=["mixed lengths", "one line", "500 lines", "Latin"],
)
def test_a_poem_of_no_form_gets_tones_and_rhyme_of_what_is_known(text, lines):
    found = examine(text)
    assert (len(found.lines), found.verdict.form) == (lines, "")
    assert all(found.verdict.tones)
    assert found.rhymes["平水韵"].group in ("十一尤", "")
