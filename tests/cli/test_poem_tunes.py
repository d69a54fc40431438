import json

import pytest
from told import told


@pytest.fixture
def tunes(run):
    def tunes(*arguments):
        result = run("poem", "tunes", *arguments)
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout.splitlines()

    return tunes


def test_the_list_has_a_row_a_tune(tunes):
    rows = tunes()
    assert len(rows) == 817
    assert "浣溪沙          42  双调   6  浣溪纱 浣纱溪 减字浣溪沙" in rows
    assert len(tunes("--book", "龙谱")) == 163


def test_the_list_as_json_is_an_object_a_line(tunes):
    found = {one["name"]: one for one in map(json.loads, tunes("--json"))}
    assert len(found) == 817
    assert found["归字谣"] == {
        "name": "归字谣",
        "aliases": ["苍梧谣", "十六字令"],
        "characters": 16,
        "kind": "单调",
        "variants": 2,
    }


def test_a_pattern_is_drawn_a_sentence_a_row_and_its_halves_apart(tunes):
    assert tunes("浣溪沙", "--variant", "1") == [
        "浣溪沙  双调; also 浣溪纱 浣纱溪 减字浣溪沙",
        "",
        "1  钦谱, 42 characters, 平韵",
        "   中仄中平中仄平韵",
        "   中平中仄仄平平韵",
        "   中平中仄仄平平韵",
        "",
        "   中仄中平平仄仄句中平中仄仄平平韵",
        "   中平中仄仄平平韵",
    ]


def test_every_variant_is_drawn_and_a_book_leaves_others_out(tunes):
    heads = [row for row in tunes("浣溪沙") if "characters" in row]
    assert [head[:6] for head in heads] == [
        *("1  钦谱,", "2  钦谱,", "3  钦谱,", "4  钦谱,", "5  钦谱,", "6  龙谱,"),
    ]
    assert [
        row for row in tunes("浣溪沙", "--book", "龙谱") if "characters" in row
    ] == [heads[-1]]


def test_other_names_and_traditional_ones_draw_the_same(tunes):
    assert tunes("金縷曲") == tunes("贺新郎") == tunes("乳燕飞")


def test_a_name_of_two_tunes_draws_both(tunes):
    rows = tunes("卖花声", "--variant", "1")
    assert [row.partition(" ")[0] for row in rows if "also" in row] == [
        *("浪淘沙令", "谢池春"),
    ]


def test_json_holds_the_parts_clause_by_clause(tunes):
    (line,) = tunes("忆秦娥", "--variant", "1", "--json")
    (variant,) = json.loads(line)["variants"]
    first, second = variant["parts"]
    assert (variant["number"], variant["book"], variant["rhymes"]) == (
        *(1, "钦谱", "仄韵"),
    )
    assert len(first) == len(second) == 5
    assert first[2] == {"tones": "平平仄", "end": "叠", "rhyme": "a", "repeats": 3}
    assert first[3]["rhyme"] == ""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["浣溪傻"], "no tune '浣溪傻'; near are 浣"),
        (["浣溪沙", "--variant", "77"], "浣溪沙 has no variant 77; there are 1 2 3"),
        (["竹枝", "--book", "龙谱"], "龙谱 has no 竹枝; leave --book out"),
        (["--variant", "1"], "--variant needs the name of a tune"),
        (["浣溪沙", "--book", "词律"], "'词律' is not one of"),
    ],
)
def test_what_there_is_not_is_told_in_one_line(run, arguments, reason):
    assert reason in told(run("poem", "tunes", *arguments), 2)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "reason"),
    [
        (
            ["--tune", "浣溪紗"],
            1,
            "the shipped writer does not write 词 yet; nlg poem ",
        ),
        (["--tune", "浣溪傻"], 2, "no tune '浣溪傻'; near are 浣"),
        (["--tune", "浣溪沙", "--form", "七绝"], 2, "--tune and --form exclude each"),
        (["--tune", "浣溪沙", "--variant", "9"], 2, "浣溪沙 has no variant 9; there"),
        (["--variant", "1"], 2, "--variant goes with --tune"),
        (["--tune", " "], 2, "--tune is empty"),
    ],
)
def test_no_writer_knows_tunes_yet_and_one_line_says_so(
    run, arguments, exit_code, reason
):
    assert reason in told(run("poem", *arguments), exit_code)
