import random

import pytest

from nlg.errors import OptionError
from nlg.text.couplets import (
    PARTICLES,
    RULES,
    Violation,
    beats,
    check_couplet,
    clash,
    clauses,
    couplet_tones,
    foot,
    is_mark,
    parallelism,
    repeat_groups,
)

# Characters of one reading only.
LEVELS, OBLIQUES = "春山江天云风东红", "月日水雪石玉鹤落"


def kinds(first_line, second_line, **options):
    verdict = check_couplet(first_line, second_line, **options)
    return [violation.kind for violation in verdict.violations]


def line_of(tones, levels=LEVELS, obliques=OBLIQUES):
    """A line with these tone marks in which nothing repeats; other signs stay."""
    sides = {"平": iter(levels), "仄": iter(obliques)}
    return "".join(next(sides[tone]) if tone in sides else tone for tone in tones)


def answer_of(tones):
    """One that shares nothing with `line_of`: more characters of one reading."""
    return line_of(tones, "高人灯楼舟林秋门", "雨竹寺夜酒古草鸟")


@pytest.mark.parametrize(
    ("first_line", "second_line"),
    [
        ("新年纳余庆", "嘉节号长春"),
        ("世事洞明皆学问", "人情练达即文章"),
        ("雨过溪桥，荷风送晚", "云归山寺，竹露敲秋"),
        ("晚风摇树树还挺", "晨露润花花更红"),
    ],
)
def test_couplets_of_the_textbook_break_no_rule(first_line, second_line):
    assert check_couplet(first_line, second_line).violations == ()


def test_the_famous_lines_of_lin_zexu_do_not_oppose_at_their_second_place():
    verdict = check_couplet("海纳百川，有容乃大", "壁立千仞，无欲则刚")
    assert verdict.violations == (Violation("平仄失对", 2, 2),)


def test_tones_stand_under_both_lines_and_marks_for_themselves():
    verdict = check_couplet("海纳百川，有容乃大", "壁立千仞，无欲则刚")
    assert verdict.tones == ("仄仄仄平，仄平仄仄", "仄仄平仄，平仄仄平")


def test_particles_in_their_places_are_a_shared_character_unless_allowed():
    first, second = "山之高月小", "水之落石红"
    assert Violation("同位重字", 2, 2) in check_couplet(first, second).violations
    assert "同位重字" not in kinds(first, second, allow_particles=True)
    assert "之" in PARTICLES


def test_a_particle_elsewhere_is_never_allowed():
    found = check_couplet("山之高月小", "水落之石红", allow_particles=True).violations
    assert Violation("异位重字", 2, 3) in found


@pytest.mark.parametrize(
    ("second", "violation"),
    [
        ("平仄仄平", None),
        ("平仄仄平平", Violation("字数不等", 5, 5)),
        ("平仄平", Violation("字数不等", 4, 4)),
        ("平仄，平", Violation("标点不对", 3, 3)),
        ("平仄仄仄", Violation("句脚失对", 4, 4)),
        ("平平仄平", Violation("平仄失对", 2, 2)),
    ],
)
def test_one_fault_is_named_with_its_place(second, violation):
    found = check_couplet(line_of("仄平平仄"), answer_of(second)).violations
    assert (violation in found) if violation else (found == ())


def test_a_mark_may_face_another_mark():
    assert kinds(line_of("仄平？平仄"), answer_of("平仄，仄平")) == []


def test_a_mark_that_faces_a_character_is_named_on_both_sides():
    found = check_couplet(line_of("平，仄仄"), answer_of("仄平，平")).violations
    places = [v.second_place for v in found if v.kind == "标点不对"]
    assert places == [2, 3]


def test_a_character_of_the_first_line_is_named_where_it_stands_again():
    verdict = check_couplet("江风吹月", "云月照江")
    assert verdict.violations[:2] == (
        Violation("异位重字", 4, 2),
        Violation("异位重字", 1, 4),
    )
    assert verdict.broken == {"异位重字"}


def test_a_character_that_repeats_in_place_is_shared_there_only():
    found = check_couplet("山外青山楼", "山里青云水").violations
    shared = [v for v in found if v.kind in ("同位重字", "异位重字")]
    assert shared == [Violation("同位重字", 1, 1), Violation("同位重字", 3, 3)]


def test_marks_are_never_a_shared_character():
    assert kinds("雨，过", "云，归") == []
    found = kinds("雨，过溪", "云归，寺")
    assert "异位重字" not in found and "同位重字" not in found


@pytest.mark.parametrize(
    ("first", "second", "places"),
    [
        ("晚风摇树树还挺", "晨露润花花更红", []),
        ("晚风摇树树还挺", "晨露润花枝更红", [5]),
        ("晚风摇树叶还挺", "晨露润花花更红", [5]),
        ("山外山楼楼外", "云里云亭亭里", []),
        ("山外山楼楼外", "云里云亭亭云", [6]),
        ("风声、雨声、读书声，声声入耳", "家事、国事、天下事，事事关心", []),
        ("春？夏，秋", "东，西，南", []),
    ],
)
def test_characters_repeat_where_those_of_the_first_line_do(first, second, places):
    found = check_couplet(first, second).violations
    assert [v.second_place for v in found if v.kind == "叠字不对"] == places


def test_repeat_pattern_is_kept_exactly_when_every_pair_of_places_agrees():
    chance = random.Random(1)
    kept = 0
    for _ in range(500):
        first = "".join(chance.choices("春夏秋冬", k=5))
        second = "".join(chance.choices("东南西北", k=5))
        pairs = [(i, j) for i in range(5) for j in range(i)]
        same = all((first[i] == first[j]) == (second[i] == second[j]) for i, j in pairs)
        assert ("叠字不对" not in kinds(first, second)) == same
        assert (repeat_groups(first) == repeat_groups(second)) == same
        kept += same
    assert 0 < kept < 500


def test_line_ends_name_both_faults():
    assert kinds(line_of("平仄"), answer_of("仄仄")) == ["句脚失对", "下联仄收"]
    assert kinds(line_of("仄平"), answer_of("平平")) == ["句脚失对"]
    assert kinds(line_of("平平"), answer_of("仄仄")) == ["下联仄收"]


def test_lines_end_at_their_last_character_not_at_a_mark():
    found = check_couplet(line_of("平仄。"), answer_of("仄仄。")).violations
    assert found[0] == Violation("句脚失对", 2, 2)


def test_even_places_are_counted_inside_each_clause():
    # Place 2 of the second clause is place 6 of the line; places 1 and 3 are free.
    first, second = line_of("平仄平，平平仄"), answer_of("平平平，平平平")
    assert check_couplet(first, second).violations == (Violation("平仄失对", 6, 6),)


def test_a_foot_at_an_even_place_is_one_fault():
    assert kinds(line_of("平仄仄平"), answer_of("仄平平平")) == ["句脚失对"]


def test_opposed_at_the_even_places_and_the_end_is_all_that_tones_need():
    chance = random.Random(2)
    opposite = {"平": "仄", "仄": "平"}
    for _ in range(100):
        first = "".join(chance.choices("平仄", k=6)) + "仄"
        second = [
            opposite[t] if n in (1, 3, 5, 6) else "平" for n, t in enumerate(first)
        ]
        assert kinds(line_of(first), answer_of(second)) == []
        broken = chance.choice((1, 3, 5))
        second[broken] = first[broken]
        found = check_couplet(line_of(first), answer_of(second)).violations
        assert found == (Violation("平仄失对", broken + 1, broken + 1),)


@pytest.mark.parametrize("character", "看Q")
def test_polyphones_and_unknown_characters_satisfy_either_tone(character):
    for tone in "平仄":
        first = line_of(f"平{character}仄")
        assert kinds(first, answer_of(f"仄{tone}平")) == []


def test_modern_book_reads_an_entering_tone_as_level():
    assert "下联仄收" in kinds("日月", "山白")
    assert "下联仄收" not in kinds("日月", "山白", book="中华新韵")


def test_unknown_book_names_the_books_there_are():
    with pytest.raises(OptionError, match="no rhyme book '广韵'; there are 平水韵"):
        check_couplet("山", "水", book="广韵")


def test_lines_of_unequal_length_are_compared_by_what_needs_no_facing():
    first, second = "江山，江月", "云水江日"
    assert kinds(first, second) == ["字数不等", "异位重字", "句脚失对", "下联仄收"]
    assert {"标点不对", "叠字不对"} <= set(kinds(first, second + "石"))


def test_faults_stand_in_the_order_of_the_rules():
    found = kinds("山，高高月", "山水高月月")
    assert found == sorted(found, key=RULES.index)
    assert {"标点不对", "同位重字", "叠字不对"} <= set(found)


def test_empty_lines_and_lines_of_marks_are_no_error():
    assert kinds("", "") == kinds("，", "。") == []
    assert kinds("春", "") == ["字数不等"]
    assert foot("") is foot("，。") is None


@pytest.mark.parametrize("mark", "，。！？；：、“”《》（）…—·,.!?-/ \u3000\xa0")
def test_punctuation_and_spaces_of_any_width_are_marks(mark):
    assert is_mark(mark)


@pytest.mark.parametrize("mark", "□😀♥→＋＿\u0301\x0b\u200d\ufffd\ue000\ud840")
def test_what_is_drawn_or_not_to_be_read_is_a_mark(mark):
    assert is_mark(mark)


@pytest.mark.parametrize("character", "春〇䶮𠀀Aａé7７①々ーア")
def test_what_is_read_is_no_mark(character):
    assert not is_mark(character)


def test_clauses_stand_between_marks():
    line = "——风声、雨声，，声声入耳。"
    parts = [line[start:end] for start, end in clauses(line)]
    assert parts == ["风声", "雨声", "声声入耳"]
    assert [line[place] for place in beats(line)] == ["声", "声", "声", "耳"]
    assert line[foot(line)] == "耳"
    assert clauses("") == beats("") == ()


def test_repeat_groups_name_the_first_place_of_the_same_character():
    assert repeat_groups("晚风摇树树还挺") == (0, 1, 2, 3, 3, 5, 6)
    assert repeat_groups("春春春") == (0, 0, 0)
    assert repeat_groups("") == ()


def test_only_two_certain_and_equal_tones_clash():
    marks = "平仄多？，"
    found = {(one, other) for one in marks for other in marks if clash(one, other)}
    assert found == {("平", "平"), ("仄", "仄")}


def test_a_question_mark_is_no_unknown_character():
    assert couplet_tones("Q？") == "？？"
    assert not clash("？", "？")


# --- parallelism: what jieba thinks of the words


def test_words_that_begin_and_end_alike_face_each_other():
    found = parallelism("两个黄鹂鸣翠柳", "一行白鹭上青天")
    words = [(pair.place, pair.first_word, pair.second_word) for pair in found.pairs]
    assert words == [
        (1, "两个", "一行"),
        (3, "黄鹂", "白鹭"),
        (5, "鸣", "上"),
        (6, "翠柳", "青天"),
    ]
    assert found.boundaries == 1.0
    assert [pair.alike for pair in found.pairs[:2]] == [True, True]  # numerals, birds
    alike = sum(len(pair.first_word) for pair in found.pairs if pair.alike)
    assert found.alike == alike / 7


def test_words_that_end_elsewhere_do_not_face_each_other():
    # 青山 不墨 千秋 画 against 绿水 无弦万 古琴: of four boundaries one coincides.
    found = parallelism("青山不墨千秋画", "绿水无弦万古琴")
    assert [pair.first_word for pair in found.pairs] == ["青山"]
    assert (found.boundaries, found.alike) == (1 / 4, 2 / 7)


def test_places_of_words_count_the_marks():
    found = parallelism("春风，明月", "秋雨，清泉")
    assert [pair.place for pair in found.pairs] == [1, 4]


def test_lines_without_inner_boundaries_agree_on_all_of_them():
    assert parallelism("春风", "秋雨").boundaries == 1.0
    assert parallelism("", "") == ((), 1.0, 0.0)


def test_lines_of_unequal_length_and_odd_signs_are_no_error():
    found = parallelism("😀OK春风 x", "秋")
    assert found.alike == 0.0
