import importlib.util
import pathlib

import pytest

from nlg.text.tunes import Clause, all_tunes, named, sung_to, titled

ROOT = pathlib.Path(__file__).parents[2]
RUMENGLING = [  # 李清照
    *("常记溪亭日暮", "沉醉不知归路", "兴尽晚回舟", "误入藕花深处"),
    *("争渡", "争渡", "惊起一滩鸥鹭"),
]


@pytest.fixture(scope="module")
def maker():
    path = ROOT / "data" / "make_tunes.py"
    spec = importlib.util.spec_from_file_location("make_tunes", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_holds_the_tunes_of_qinding_cipu():
    assert len(all_tunes()) == 817
    assert sum(len(tune.variants) for tune in all_tunes()) == 2520


@pytest.mark.parametrize(
    ("name", "lengths", "rhymes"),
    [  # counted by hand
        ("如梦令", (6, 6, 5, 6, 2, 2, 6), "aa，aaaa"),
        ("菩萨蛮", (7, 7, 5, 5, 5, 5, 5, 5), "aaBBccDD"),
        ("浣溪沙", (7, 7, 7, 7, 7, 7), "AAA，AA"),
        ("西江月", (6, 6, 7, 6) * 2, "，AAa，AAa"),
        ("念奴娇", (4, 5, 4, 7, 6, 4, 4, 5, 4, 6), None),
    ],
)
def test_a_tune_has_the_lines_and_rhymes_that_it_is_known_for(name, lengths, rhymes):
    (tune,) = named(name)
    first = tune.variants[0]
    assert first.lengths[: len(lengths)] == lengths
    if rhymes:
        assert "".join(clause.end for clause in first.clauses) == rhymes


def test_a_clause_that_says_the_one_before_again_is_marked():
    clauses = named("如梦令")[0].variants[0].clauses
    assert clauses[4:6] == (Clause("中仄", "a", False), Clause("中仄", "a", True))


def test_a_tune_is_known_by_its_other_names_and_a_name_may_be_of_two_tunes():
    assert named("大江东去") == named("念奴娇")
    assert [tune.names[0] for tune in named("卖花声")] == ["浪淘沙令", "谢池春"]
    assert named("春望") == ()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("念奴娇·赤壁怀古", "念奴娇"),
        ("如梦令", "如梦令"),
        ("如梦令（其二）", "如梦令"),
        ("如梦令 春景", "如梦令"),
        ("竹枝词九首", "竹枝"),
        ("竹枝词九首·其一", "竹枝"),
    ],
)
def test_a_title_begins_with_its_tune(title, name):
    assert name in [tune.names[0] for tune in titled(title)]


@pytest.mark.parametrize("title", ["", "春望", "玉楼春望", "咏浣溪沙", "·"])
def test_other_titles_name_no_tune(title):
    assert titled(title) == ()


def test_a_ci_is_told_by_the_lengths_of_its_lines_and_the_tones_of_its_rhymes():
    assert sung_to(named("如梦令"), RUMENGLING) == named("如梦令")[0]
    assert sung_to(named("如梦令"), RUMENGLING[:-1]) is None
    assert sung_to(named("菩萨蛮"), RUMENGLING) is None


def test_a_regulated_poem_named_like_a_tune_of_oblique_rhymes_is_no_ci():
    spring = ("国破山河在", "城春草木深", "感时花溅泪", "恨别鸟惊心")
    spring += ("烽火连三月", "家书抵万金", "白头搔更短", "浑欲不胜簪")
    (tune,) = named("生查子")
    assert tune.variants[0].lengths == (5,) * 8
    assert sung_to(named("生查子"), spring) is None


def made_up(lines, tones, groups):
    return {"lines": lines, "tones": tones, "rhyme_groups": groups}


def test_the_maker_writes_a_clause_a_stop_and_a_letter_for_each_rhyme_group(maker):
    tune = {
        "names": ["甲乙"],
        "qinding": [
            made_up(
                ["仄仄句平读平平韵", "中仄仄韵", "平换平韵", "平叠"],
                "仄仄平平平中仄平平",
                {"0": [4], "-1": [6], "1": [7, 8]},
            )
        ],
    }
    assert list(maker.table([tune]))[1:] == [
        "",
        "甲乙",
        "钦\t仄仄，平、平平A中仄b平C平C=",
    ]


def test_the_maker_takes_a_tone_before_a_rhyme_for_the_word_where_the_tones_say_so(
    maker,
):
    assert maker.clauses("平平平韵", "平平") == [("平平", "韵")]
    assert maker.clauses("平平平韵", "平平平") == [("平平平", "韵")]
    with pytest.raises(ValueError, match="does not have the tones"):
        maker.clauses("平平平韵", "仄仄")


def test_one_letter_in_both_cases_is_one_group_of_two_tones(maker):
    variant = made_up(["平韵", "仄叶"], "平仄", {"0": [0, -1]})
    assert maker.variant(variant) == "平A仄a"


def test_a_name_that_the_source_lacks_stands_after_its_own(maker):
    tune = {"names": ["如梦令"], "qinding": []}
    assert list(maker.table([tune]))[2].split("\t")[:2] == ["如梦令", "宴桃源"]
