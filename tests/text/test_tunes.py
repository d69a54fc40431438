import gzip
import importlib
import pathlib

import pytest

from nlg.errors import OptionError
from nlg.text.tunes import (
    Clause,
    Variant,
    all_tunes,
    find,
    named,
    nearest,
    numbered,
    sung_to,
    titled,
)

ROOT = pathlib.Path(__file__).parents[2]
RUMENGLING = [  # 李清照
    *("常记溪亭日暮", "沉醉不知归路", "兴尽晚回舟", "误入藕花深处"),
    *("争渡", "争渡", "惊起一滩鸥鹭"),
]


@pytest.fixture(scope="module")
def maker():
    return _module("make_tunes")


@pytest.fixture(scope="module")
def parts():
    return _module("tune_parts")


def _module(name):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "data"))
        return importlib.import_module(name)


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
    assert clauses[4:6] == (Clause("中仄", "a"), Clause("中仄", "a", 1, 2))


@pytest.mark.parametrize(
    ("name", "clause", "again"),
    [  # 秦娥梦断秦楼月，秦楼月 and 汴水流，泗水流 and 留无计，欲去也，来无计
        ("忆秦娥", 2, (1, 3)),
        ("长相思", 1, (1, 1)),
        ("酷相思", 5, (2, 1)),
    ],
)
def test_a_clause_may_say_again_an_end_of_any_length_of_a_clause_before(
    name, clause, again
):
    clauses = [c for c in named(name)[0].variants[0].clauses if c.again]
    found = named(name)[0].variants[0].clauses
    assert clauses[0][2:4] == again
    assert clauses[0] in found[clause:]


@pytest.mark.parametrize(
    ("name", "lengths"),
    [  # of the parts, counted by hand
        ("浣溪沙", [21, 21]),
        ("水调歌头", [48, 47]),
        ("念奴娇", [49, 51]),
        ("如梦令", [33]),
        ("江城子", [35]),
        ("永遇乐", [52, 52]),
        ("沁园春", [56, 58]),
    ],
)
def test_parts_are_as_long_as_they_are_known_to_be(name, lengths):
    parts = named(name)[0].variants[0].parts
    assert [sum(len(c.tones) for c in part) for part in parts] == lengths


def test_a_tune_of_one_part_is_of_two_where_it_is_sung_twice():
    (tune,) = named("江城子")
    long = [one for one in tune.variants if one.characters == 70]
    assert tune.kind == "单调" and long
    assert all(len(one.parts) == 2 for one in long)


@pytest.mark.parametrize(
    ("name", "words", "rhymes"),
    [
        ("如梦令", "韵 韵 句 韵 韵 叠 韵", "仄韵"),
        ("西江月", "句 韵 韵 叶 句 韵 韵 叶", "平仄通叶"),
        ("菩萨蛮", "韵 韵 换 韵 换 韵 换 韵", "换韵"),
        ("忆秦娥", "韵 韵 叠 句 韵 韵 韵 叠 句 韵", "仄韵"),
    ],
)
def test_the_ends_of_clauses_have_the_words_of_the_books(name, words, rhymes):
    variant = named(name)[0].variants[0]
    assert " ".join(variant.words) == words
    assert variant.rhymes == rhymes


def test_a_rhyme_that_comes_back_is_no_new_one():
    clauses = [Clause("平", letter) for letter in "ABAa"]
    assert Variant("钦谱", tuple(clauses)).words == ("韵", "换", "叶", "叶")


def test_every_name_of_the_table_finds_its_tune():
    for tune in all_tunes():
        for name in tune.names:
            assert tune in find(name), name


def test_a_name_may_be_traditional_or_in_book_marks():
    assert find("《賀新郎》") == find("金縷曲") == named("贺新郎")


def test_an_unknown_name_tells_the_nearest_in_one_line():
    with pytest.raises(OptionError, match=r"^no tune '沁园夏'; near are 沁园春"):
        find("沁园夏")
    assert nearest("XYZ") == []
    with pytest.raises(OptionError, match=r"^no tune 'XYZ'; nlg poem tunes lists"):
        find("XYZ")


def test_variants_keep_their_numbers_whatever_is_asked_for():
    (tune,) = named("浣溪沙")
    every = numbered(tune)
    assert [number for number, _ in every] == list(range(1, len(tune.variants) + 1))
    of_long = numbered(tune, "龙谱")
    assert of_long == [one for one in every if one[1].book == "龙谱"] != []
    assert numbered(tune, number=2) == [every[1]]
    with pytest.raises(OptionError, match="浣溪沙 has no variant 99; there are 1 2"):
        numbered(tune, number=99)
    with pytest.raises(OptionError, match="浣溪沙 has no variant 1 in 龙谱"):
        numbered(tune, "龙谱", 1)
    with pytest.raises(OptionError, match="龙谱 has no 竹枝"):
        numbered(named("竹枝")[0], "龙谱")


def test_a_tune_is_known_by_its_other_names_and_a_name_may_be_of_two_tunes():
    assert named("大江东去") == named("念奴娇")
    assert [tune.names[0] for tune in named("卖花声")] == ["浪淘沙令", "谢池春"]
    assert named("春望") == ()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("念奴娇·赤壁怀古", "念奴娇"),
        ("如梦令", "如梦令"),
        ("卜算子·慢", "卜算子慢"),
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


def made_up(lines, tones, groups, example=""):
    return {"lines": lines, "tones": tones, "rhyme_groups": groups, "example": example}


def tune(*variants, names=("甲乙",), kind="双调"):
    return {"names": [*names], "kind": kind, "qinding": [*variants]}


def test_the_maker_writes_a_clause_a_stop_and_a_letter_for_each_rhyme_group(maker):
    made = made_up(
        ["仄仄句平读平平韵", "中仄仄韵", "平换平韵", "平叠"],
        "仄仄平平平中仄平平",
        {"0": [4], "-1": [6], "1": [7, 8]},
        "月月，风、花山。水月。东。东。",
    )
    assert list(maker.table([tune(made)]))[1:] == [
        "",
        "双调\t甲乙",
        "钦\t仄仄，平、平平A中仄b平C平C=",
    ]


@pytest.mark.parametrize(
    ("said", "sign"),
    [
        (["如梦", "如梦"], "="),
        (["秦娥梦断秦楼月", "秦楼月"], "="),
        (["汴水流", "泗水流"], "~"),
        (["须频寄", "人到也", "须频寄"], "=2"),
        (["留无计", "欲去也", "来无计"], "~2"),
        (["山", "水"], ""),
    ],
)
def test_an_example_tells_what_is_said_again(maker, said, sign):
    assert maker.repeated(said) == sign


def test_the_maker_takes_a_tone_before_a_rhyme_for_the_word_where_the_tones_say_so(
    maker,
):
    assert maker.clauses("平平平韵", "平平") == [("平平", "韵")]
    assert maker.clauses("平平平韵", "平平平") == [("平平平", "韵")]
    with pytest.raises(ValueError, match="does not have the tones"):
        maker.clauses("平平平韵", "仄仄")


def test_one_letter_in_both_cases_is_one_group_of_two_tones(maker):
    variant = made_up(["平韵", "仄叶"], "平仄", {"0": [0, -1]})
    assert maker.variant(variant) == [("平", "A", ""), ("仄", "a", "")]


def test_a_name_that_the_source_lacks_stands_after_its_own(maker):
    head = list(maker.table([tune(names=["如梦令"], kind="单调")]))[2]
    assert head.split("\t")[:3] == ["单调", "如梦令", "宴桃源"]


def row(tones, *ends):
    """A variant of clauses of three characters."""
    return made_up(
        ["".join(f"平平{tone}{end}" for tone, end in zip(tones, ends, strict=True))],
        "".join(f"平平{tone}" for tone in tones),
        {"0": [3 * n + 2 for n, end in enumerate(ends) if end == "韵"]},
    )


def test_poets_tell_where_the_parts_of_a_tune_meet(maker, parts):
    variant = row("仄平仄平", "句", "韵", "句", "韵")
    stops = frozenset({3, 6, 9, 12})
    texts = [
        *[parts.Text("甲乙", stops, (6,))] * 2,
        *[parts.Text("甲乙", stops, (3,)), parts.Text("丙丁", stops, (9,))],
        *[parts.Text("甲乙", frozenset({12}), (9,))] * 3,
    ]
    assert list(maker.table([tune(variant)], texts))[-1] == (
        "钦\t平平仄，平平平A|平平仄，平平平A"
    )
    assert "|" not in list(maker.table([tune(variant, kind="单调")], texts))[-1]


def test_parts_do_not_meet_where_a_line_only_pauses(maker, parts):
    variant = row("仄平仄平", "读", "韵", "句", "韵")
    texts = [parts.Text("甲乙", frozenset({3, 6, 9, 12}), (3,))]
    assert "|" not in list(maker.table([tune(variant)], texts))[-1]


def test_a_variant_of_one_part_that_is_as_long_as_two_has_two(maker, parts):
    short, long = row("仄平", "句", "韵"), row("仄平仄平", "句", "韵", "句", "韵")
    texts = [parts.Text("甲乙", frozenset({3, 6, 9, 12}), (6,))]
    rows = list(maker.table([tune(short, long, kind="单调")], texts))[3:]
    assert ["|" in one for one in rows] == [False, True]


def test_a_variant_that_nobody_wrote_to_is_parted_like_another_if_it_rhymes_there(
    maker, parts
):
    known = row("仄平仄平", "句", "韵", "句", "韵")
    alike, other = (
        row("平平仄平", "韵", "韵", "句", "韵"),
        row("仄仄平", "句", "句", "韵"),
    )
    texts = [parts.Text("甲乙", frozenset({3, 6, 9, 12}), (6,))]
    rows = list(maker.table([tune(known, alike, other)], texts))[3:]
    assert rows[1] == "钦\t平平平A平平平A|平平仄，平平平A"
    assert "|" not in rows[2]


def test_verse_is_read_with_the_tunes_that_titles_begin_with(parts, tmp_path):
    text = (
        '{"kind": "词", "title": "如夢令·春", "paragraphs": ["甲乙，丙。", "丁。"]}\n'
    )
    path = tmp_path / "verse.jsonl.gz"
    path.write_bytes(gzip.compress((text + '{"kind": "诗"}\n\n').encode()))
    assert list(parts.read(path)) == [parts.Text("如梦令", frozenset({2, 3, 4}), (3,))]
