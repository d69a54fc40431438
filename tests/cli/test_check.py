import gzip
import importlib.util
import json

import click
import pytest

from nlg.cli.check import shows_colour
from nlg.cli.poem_verdict import poem_rows
from nlg.poem.check import examine
from nlg.text.couplets import check_couplet, parallelism
from nlg.text.width import width

FIRST, SECOND = "晚风摇树树还挺", "晨露润花花更红"
BROKEN = "晨露润花枝更翠"  # 叠字不对, 句脚失对, 下联仄收
STORKS = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
THOUGHT = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"
WEICHENG = "渭城朝雨浥轻尘，客舍青青柳色新。劝君更尽一杯酒，西出阳关无故人。"
MOORING = "移舟泊烟渚，日暮客愁新。野旷天低树，江清月近人。"
SPRING = (
    "國破山河在，城春草木深。感時花濺淚，恨別鳥驚心。"
    "烽火連三月，家書抵萬金。白頭搔更短，渾欲不勝簪。"
)


@pytest.fixture
def couplet(run):
    """`nlg check couplet` without jieba, which takes its time to load."""

    def couplet(*arguments, stdin=None):
        return run("check", "couplet", "--no-parallelism", *arguments, stdin=stdin)

    return couplet


@pytest.fixture
def poem(run):
    return lambda *arguments, stdin=None: run("check", "poem", *arguments, stdin=stdin)


def columns_of(row, sign):
    """The columns on the screen where `sign` begins."""
    return [width(row[:place]) for place, found in enumerate(row) if found == sign]


# --- couplets


def test_both_lines_stand_over_their_tones(couplet):
    result = couplet(FIRST, SECOND)
    assert result.exit_code == 0 and result.stderr == ""
    assert result.stdout == (
        "上联  晚风摇树树还挺\n"
        "      仄平平仄仄平仄\n"
        "下联  晨露润花花更红\n"
        "      平仄仄平平多平\n"
        "\n"
        "合律  no rule is broken\n"
    )


def test_each_fault_is_marked_named_and_counted(couplet):
    rows = couplet(FIRST, BROKEN).stdout.splitlines()
    assert columns_of(rows[2], "＾") == columns_of(rows[5], "＾")
    assert columns_of(rows[5], "＾") == [6 + 2 * 4, 6 + 2 * 6]  # places 5 and 7
    assert rows[7:] == [
        "叠字不对  place 5: 树 repeats place 4, 枝 is new",
        "句脚失对  挺 and 翠 end the lines in the same tone, 仄",
        "下联仄收  翠 ends 下联 in an oblique tone",
        "不合律  3 faults",
    ]


@pytest.mark.parametrize(
    ("first", "second", "row"),
    [
        ("江山，日月", "日水高舟", "字数不等  上联 has 5 characters and marks, 下联 4"),
        ("江山，日月", "日水高，舟", "标点不对  place 3: ， in 上联, 高 in 下联"),
        ("山之高月", "水之落舟", "同位重字  place 2: 之 stands in both lines"),
        ("江山日月", "日水高舟", "异位重字  place 1: 日 stands in 上联 too, at 3"),
        ("江山日月", "高舟山灯", "平仄失对  place 2: 山 and 舟 are both 平"),
        ("江山江月", "雨石落舟", "叠字不对  place 3: 江 repeats place 1, 落 is new"),
        ("江山日月", "雨石雨舟", "叠字不对  place 3: 日 is new, 雨 repeats place 1"),
    ],
)
def test_each_rule_is_told_in_words(couplet, first, second, row):
    assert row in couplet(first, second).stdout.splitlines()


def test_one_fault_is_no_faults(couplet):
    assert couplet("江山日月", "高舟雨灯").stdout.endswith("不合律  1 fault\n")


def test_lines_of_unequal_length_say_what_was_not_compared(couplet):
    assert "inner tones of such lines are not compared" in couplet("江月", "雨").stdout
    assert "not compared" not in couplet("江月", "雨灯").stdout


def test_a_couplet_is_read_however_it_is_typed(couplet):
    typed = couplet(" 晚風搖樹樹還挺； ", "晨露潤花花更紅。")
    assert typed.stdout == couplet(FIRST, SECOND).stdout


def test_narrow_characters_keep_the_tones_in_their_columns(couplet):
    rows = couplet("OK月风", "AB山月").stdout.splitlines()
    assert columns_of(rows[0], "月") == columns_of(rows[1], "仄")[:1]


def test_a_long_line_is_folded(couplet):
    rows = couplet("春江" * 50, "明月" * 50).stdout.splitlines()
    assert max(map(width, rows)) <= 80
    folded = [row for row in rows if "春" in row]
    assert "".join(folded).replace("上联", "").replace(" ", "") == "春江" * 50
    assert [row[:2] for row in rows if row[:1] in "上下"][:2] == ["上联", "下联"]


def test_a_line_of_2000_characters_is_checked(couplet):
    assert couplet("月" * 2000, "春" * 2000).stdout.endswith(
        "合律  no rule is broken\n"
    )


def test_json_holds_what_check_couplet_finds(couplet):
    verdict = check_couplet(FIRST, BROKEN)
    result = couplet(FIRST, BROKEN, "--json")
    assert json.loads(result.stdout) == {
        "first_line": FIRST,
        "second_line": BROKEN,
        "tones": list(verdict.tones),
        "violations": [violation._asdict() for violation in verdict.violations],
        "clean": False,
        "book": "平水韵",
    }


def test_the_book_may_be_todays(couplet):
    assert "下联仄收" in couplet("日月", "山白").stdout
    modern = couplet("日月", "山白", "--book", "中华新韵", "--json")
    assert json.loads(modern.stdout)["clean"]
    assert json.loads(modern.stdout)["book"] == "中华新韵"


def test_particles_may_be_allowed(couplet):
    assert "同位重字" in couplet("山之高月", "水之落舟").stdout
    assert "同位重字" not in couplet("山之高月", "水之落舟", "--allow-particles").stdout


def test_a_verdict_is_no_failure_unless_strict(couplet):
    assert couplet(FIRST, BROKEN).exit_code == 0
    assert couplet(FIRST, BROKEN, "--strict").exit_code == 1
    assert couplet(FIRST, SECOND, "--strict").exit_code == 0


def test_words_that_face_each_other_come_last(run):
    result = run("check", "couplet", "春风织柳线", "秋雨补荷衣")
    *_, verdict, words, shares = result.stdout.splitlines()
    assert verdict == "合律  no rule is broken"
    assert words.startswith("对仗  ")
    found = parallelism("春风织柳线", "秋雨补荷衣")
    for pair in found.pairs:
        assert f"{pair.first_word}/{pair.second_word} {pair.first_class}" in words
    assert f"{found.boundaries:.0%} of the word boundaries" in shares
    as_json = run("check", "couplet", "春风织柳线", "秋雨补荷衣", "--json")
    told = json.loads(as_json.stdout)["parallelism"]
    assert told["boundaries"] == found.boundaries
    assert [one["alike"] for one in told["pairs"]] == [p.alike for p in found.pairs]


def test_without_jieba_the_rules_are_checked_all_the_same(run, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    result = run("check", "couplet", FIRST, SECOND)
    assert result.stdout.endswith("合律  no rule is broken\n")
    assert (
        result.stderr == 'note: 对仗 is left out; it needs pip install "nlg[words]"\n'
    )


# --- many couplets


REGULATED = {
    "title": "春望",
    "author": "杜甫",
    "lines": SPRING.strip("。").replace("。", "，").split("，"),
}
HELD = [(FIRST, SECOND), (FIRST, BROKEN), ("日月", "山")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "\n".join(map("\t".join, HELD))),
        ("a.tsv", "first_line\tsecond_line\n" + "\n".join(map("\t".join, HELD))),
        ("a.txt", "上联\t下联\n" + "\n".join(map("\t".join, HELD))),
        ("a.txt", "\n".join(f"{a}\t{b}\tmine" for a, b in HELD)),
        ("a.txt", "\n".join(map("；".join, HELD))),
        ("a.csv", "上联,下联\n" + "\n".join(map(",".join, HELD))),
        ("a.json", json.dumps([{"first_line": a, "second_line": b} for a, b in HELD])),
    ],
)
def test_a_file_gives_one_json_line_a_couplet(couplet, tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content, "utf-8")
    result = couplet("--input", path)
    assert (result.exit_code, result.stderr) == (0, "")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["id"] for record in records] == [1, 2, 3]
    assert [record["clean"] for record in records] == [True, False, False]
    assert [record["second_line"] for record in records] == [SECOND, BROKEN, "山"]
    assert records[2]["violations"][0]["kind"] == "字数不等"


def test_couplet_of_a_file_gets_what_json_prints(run):
    alone = json.loads(run("check", "couplet", FIRST, SECOND, "--json").stdout)
    row = run("check", "couplet", "--input", "-", stdin=f"{FIRST}\t{SECOND}\n").stdout
    assert json.loads(row) == {"id": 1} | alone and "parallelism" in alone


def test_middle_of_a_regulated_poem_is_two_couplets(couplet):
    row = json.dumps({"id": "d"} | REGULATED)
    found = couplet("--input", "-", stdin=row).stdout.splitlines()
    assert [json.loads(one)["first_line"] for one in found] == [
        "感时花溅泪",
        "烽火连三月",
    ]
    assert {json.loads(one)["id"] for one in found} == {"d"}


def test_a_pipe_and_a_gzipped_file_are_files_too(couplet, tmp_path):
    text = f"{FIRST}\t{SECOND}\n"
    piped = couplet("--input", "-", stdin=text).stdout
    (tmp_path / "a.gz").write_bytes(gzip.compress(text.encode()))
    assert piped == couplet("--input", tmp_path / "a.gz").stdout
    assert json.loads(piped)["clean"]


def test_strict_looks_at_every_couplet(couplet):
    text = f"{FIRST}\t{BROKEN}\n{FIRST}\t{SECOND}\n"
    result = couplet("--input", "-", "--strict", stdin=text)
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: 1 of 2 lines have an error\n",
    )
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["error"] == "not clean: 叠字不对 句脚失对 下联仄收"
    assert first["line"] == 1 and len(first["violations"]) == 3
    assert second["clean"] and "error" not in second


def test_strict_looks_at_every_poem(poem):
    rows = "\n".join([STORKS, FAULTY, "枯藤老树昏鸦"])
    result = poem("--input", "-", "--strict", stdin=rows)
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: 2 of 3 lines have an error\n",
    )
    errors = [json.loads(one).get("error") for one in result.stdout.splitlines()]
    assert errors == [None, "not clean: 失粘 失替 失对 三平尾 出韵", "not clean"]


def test_line_that_is_no_couplet_is_an_error_of_its_own(couplet):
    result = couplet("--input", "-", stdin=f"春风\t秋雨\n春风\n{FIRST}\t{SECOND}\n")
    assert result.exit_code == 1 and "1 of 3 lines have an error" in result.stderr
    second = json.loads(result.stdout.splitlines()[1])
    assert second == {"id": 2, "error": "no TAB between 上联 and 下联", "line": 2}


@pytest.mark.parametrize(
    ("arguments", "stdin", "exit_code", "reason"),
    [
        ([], None, 2, "give two lines, 上联 and 下联, or --input FILES"),
        ([FIRST], None, 2, "give two lines"),
        ([FIRST, SECOND, SECOND], None, 2, "give two lines"),
        ([FIRST, SECOND, "--input", "-"], "", 2, "give two lines"),
        ([FIRST, ""], None, 2, "下联: an empty text has no Chinese characters"),
        (["😀", SECOND], None, 2, "上联: 😀 has no Chinese characters"),
        ([FIRST, SECOND, "--book", "广韵"], None, 2, "'广韵' is not one of"),
        (["--input", "-"], b"\xff\xfe\x00", 1, "-: cannot be read"),
        (["--input", "nowhere"], None, 1, "nowhere: no such file"),
    ],
)
def test_what_is_no_couplet_is_told_in_one_line(
    couplet, arguments, stdin, exit_code, reason
):
    result = couplet(*arguments, stdin=stdin)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert reason in result.stderr.splitlines()[-1]


# --- poems


def test_a_poem_stands_over_its_tones_and_what_is_known_of_it(poem):
    result = poem(STORKS)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "1     白日依山尽\n"
        "      仄仄平平仄\n"
        "2     黄河入海流\n"
        "      平平仄仄平\n"
        "3     欲穷千里目\n"
        "      仄平平仄仄\n"
        "4     更上一层楼\n"
        "      多仄仄平平\n"
        "\n"
        "格律  五绝, 仄起首句不入韵\n"
        "押韵  平水韵 十一尤: 流 楼\n"
        "押韵  中华新韵 七尤: 流 楼\n"
        "押韵  中华通韵 十欧: 流 楼\n"
        "多音  更 4:1 多: either will do; 平 in 39.5 % of its use\n"
        "出处  4 of 4 lines stand in the training set; "
        "one ends as a line there does, for 5 characters\n"
        "合律  no rule is broken\n"
    )


FAULTY = "白日依山尽，黄河入海流。欲不千里目，更上层楼间。"


def test_each_broken_rule_of_a_poem_is_marked_and_named(poem):
    rows = poem(FAULTY).stdout.splitlines()
    assert "格律  五绝, no standard pattern" in rows
    assert rows[-6:] == [
        "失粘  line 3, place 2: the line does not begin as the one before did",
        "失替  line 3, place 4: the even places do not alternate",
        "失对  line 4, place 2: the line does not oppose the one before",
        "三平尾  line 4, place 3: three level tones end the line",
        "出韵  line 4, place 5: 间 does not rhyme in 十一尤",
        "不合律  5 faults",
    ]
    marked = [row for row in rows if "＾" in row]
    assert [columns_of(row, "＾") for row in marked] == [[8, 12], [8, 10, 14]]


def test_old_quatrains_are_named_with_their_rhyme_and_have_no_faults(poem):
    rows = poem(THOUGHT).stdout.splitlines()
    assert "格律  五绝, no standard pattern, 古绝" in rows
    assert rows[-1] == (
        "古绝  it rhymes in 七阳 and is not bound by the rules of regulated verse: "
        "失替 2:4, 失粘 3:2, 失替 3:4, 失对 4:2"
    )
    assert "＾" not in "".join(rows)


def test_a_bent_poem_is_named_with_its_fault(poem):
    rows = poem(WEICHENG).stdout.splitlines()
    assert rows[-1] == (
        "折腰体  the second half does not begin as the first ended, 1 fault"
    )


def test_tones_made_up_for_are_named_and_faults_to_strict_tones(poem):
    rows = poem(MOORING).stdout.splitlines()
    assert "拗救  本句自救  line 1: places 3 and 4 trade tones, 平平仄平仄" in rows
    assert rows[-1] == "合律  no rule is broken"
    strict = poem(MOORING, "--strict-tones").stdout.splitlines()
    assert "拗句  line 1, place 4: 烟 is against the pattern, and made up for" in strict
    assert strict[-1] == "不合律  1 fault"


def test_explain_draws_the_pattern_above_the_characters(poem):
    rows = poem(MOORING, "--explain").stdout.splitlines()
    assert rows[:8] == [
        "1     中平平仄仄",
        "      移舟泊烟渚",
        "      平平仄平仄",
        "      　　〇～",
        "2     中仄仄平平",
        "      日暮客愁新",
        "      仄仄仄平平",
        "3     中仄平平仄",
    ]
    assert columns_of(rows[3], "〇") == [10] and columns_of(rows[3], "～") == [12]
    assert "\x1b" not in "".join(rows)


def test_explain_of_no_form_has_no_pattern_to_draw(poem):
    text = "枯藤老树昏鸦，小桥流水人家"
    assert poem(text, "--explain").stdout == poem(text).stdout


def test_colours_paint_what_the_signs_point_to():
    plain = list(poem_rows(examine(FAULTY), explain=True))
    painted = list(poem_rows(examine(FAULTY), explain=True, colour=True))
    assert any("\x1b[31m" in row for row in painted)
    assert [click.unstyle(row) for row in painted] == plain


@pytest.mark.parametrize(
    ("terminal", "wish", "coloured"),
    [(True, "", True), (True, "1", False), (False, "", False)],
)
def test_a_terminal_gets_colours_unless_it_wants_none(
    monkeypatch, terminal, wish, coloured
):
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    monkeypatch.setenv("NO_COLOR", wish)
    assert shows_colour() is coloured


def test_remarks_stand_apart_from_faults(poem):
    rows = poem(
        "清明时节雨纷纷，路上行人欲断魂。借问酒家何处有，牧童遥指杏花村。"
    ).stdout
    assert "附注  孤雁入群  line 1, place 7: 纷 rhymes in a neighbour of 十三元" in rows
    assert rows.endswith("合律  no rule is broken\n")
    text = MOORING.replace("树", "草")
    assert "上尾" not in poem(text).stdout
    assert "附注  上尾  line 3, place 5: 草 ends in" in poem(text, "--odd-ends").stdout


def test_what_is_not_known_is_told_in_one_row(poem):
    rows = poem(
        "咖日依山尽，黄河入𠀀流。OK，欲穷千里目，更上一层楼。"
    ).stdout.splitlines()
    assert [row for row in rows if row.startswith("附注")] == [
        "附注  咖: in no old book, so with the tone of today and no rhyme",
        "附注  𠀀: not known, so free in tone and rhyme",
        "附注  OK: no Chinese characters, left out",
    ]
    assert rows[-1] == "合律  no rule is broken"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("白日依山尽，黄河入海。", 2),
        ("白日依山尽", 1),
        ("白日依山尽，黄河入海月流。" * 250, 500),
    ],
    ids=["mixed lengths", "one line", "500 lines"],
)
def test_any_poem_gets_tones_and_one_row_on_its_form(poem, text, lines):
    result = poem(text)
    rows = result.stdout.splitlines()
    assert (result.exit_code, result.stderr) == (0, "")
    assert len([row for row in rows if row.startswith("格律  none of 五绝")]) == 1
    assert rows[2 * (lines - 1)].startswith(str(lines))


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (
            "白日依山尽，黄河入海东。欲穷千里目，更上一层楼。",
            "出韵  line 4, place 5: 楼 does not rhyme in 一东",
        ),
        (
            "白日依山尽，黄河入海流。欲穷千里目，更上一层月。",
            "韵脚仄声  line 4, place 5: 月 ends an even line in an oblique tone",
        ),
        (
            "白日依山尽，黄河入海流。欲穷千里目，更上山层楼。",
            "三平尾  line 4, place 3: three level tones end the line",
        ),
        (
            "白日依山尽，月河入海流。欲穷千里目，更上一层楼。",
            "孤平  line 2, place 1: 仄平仄仄平 has one level tone besides the rhyme",
        ),
    ],
)
def test_each_rule_of_a_poem_is_told_in_words(poem, text, row):
    assert row in poem(text).stdout.splitlines()


def test_traditional_characters_are_read(poem):
    rows = poem(SPRING).stdout.splitlines()
    assert rows[0] == "1     国破山河在"
    assert "格律  五律, 仄起首句不入韵" in rows
    assert "押韵  中华新韵 九文: 深 心 金; not 簪" in rows
    assert rows[-1] == "合律  no rule is broken"


def test_a_poem_of_no_form_says_so_and_gets_tones_and_rhyme(poem):
    result = poem("枯藤老树昏鸦，小桥流水人家")
    assert result.stdout.splitlines() == [
        "1     枯藤老树昏鸦",
        "      平平仄仄平平",
        "2     小桥流水人家",
        "      仄平平仄平平",
        "",
        "格律  none of 五绝 七绝 五律 七律, so only tones and rhyme are looked at",
        "押韵  平水韵 六麻: 鸦 家",
        "押韵  中华新韵 一麻: 鸦 家",
        "押韵  中华通韵 一啊: 鸦 家",
        "出处  0 of 2 lines stand in the training set",
    ]


def test_a_poem_of_one_character_is_looked_at(poem):
    assert poem("春").stdout.startswith("1     春\n      平\n\n格律  none of 五绝")


def test_a_poem_as_json(poem):
    facts = json.loads(poem(WEICHENG, "--json").stdout)
    assert facts["lines"][0] == "渭城朝雨浥轻尘"
    assert (facts["form"], facts["pattern"], facts["style"]) == ("七绝", "", "折腰体")
    assert facts["patterns"][0] == "中平中仄仄平平"
    assert facts["violations"] == [{"kind": "失粘", "line": 3, "place": 2}]
    assert (facts["departures"], facts["clean"]) == ([], False)
    assert facts["rescues"] == [
        {"kind": "对句相救", "line": 3, "place": 5, "by_line": 4, "by_place": 5}
    ]
    assert facts["rhymes"]["平水韵"] == {
        "group": "十一真",
        "feet": "尘新人",
        "others": "",
        "tone": "平",
    }
    (polyphone,) = facts["polyphones"]
    assert (polyphone["character"], polyphone["why"]) == ("更", "free")
    assert (facts["known_lines"], facts["book"]) == (4, "平水韵")


def test_json_of_an_old_quatrain_has_departures_and_no_violations(poem):
    facts = json.loads(poem(THOUGHT, "--json").stdout)
    assert (facts["style"], facts["rhyme"], facts["violations"]) == ("古绝", "七阳", [])
    assert facts["departures"][0] == {"kind": "失替", "line": 2, "place": 4}


@pytest.mark.parametrize("book", ["平水韵", "中华新韵", "中华通韵"])
def test_each_book_may_judge(poem, book):
    facts = json.loads(poem(STORKS, "--book", book, "--json").stdout)
    assert facts["book"] == book
    assert facts["rhyme"] == facts["rhymes"][book]["group"] != ""


def test_the_poem_may_come_from_a_pipe(poem):
    assert poem("-", stdin=STORKS).stdout == poem(stdin=STORKS).stdout
    assert poem(stdin=STORKS).stdout == poem(STORKS).stdout


def test_strict_wants_regulated_verse_without_faults(poem):
    assert poem(STORKS, "--strict").exit_code == 0
    assert poem(THOUGHT, "--strict").exit_code == 1
    assert poem("枯藤老树昏鸦", "--strict").exit_code == 1
    assert poem(THOUGHT).exit_code == poem("枯藤老树昏鸦").exit_code == 0


@pytest.mark.parametrize(
    ("text", "stdin", "exit_code", "reason"),
    [
        ("", None, 2, "an empty text has no Chinese characters; give a poem"),
        ("To be", None, 2, "To be has no Chinese characters; give a poem"),
        ("-", "", 2, "an empty text has no Chinese characters"),
        ("-", b"\xff\xfe\x00", 1, "standard input is no UTF-8 text"),
    ],
)
def test_what_is_no_poem_is_told_in_one_line(poem, text, stdin, exit_code, reason):
    result = poem(text, stdin=stdin)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert reason in result.stderr.splitlines()[-1]


def test_a_console_without_chinese_reads_and_shows_the_verdict(shell):
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0"}
    done = shell("check", "couplet", FIRST, SECOND, environment=locale)
    assert (done.returncode, done.stderr) == (0, b"")  # jieba tells nothing either
    assert "合律" in done.stdout.decode()
    assert "对仗" in done.stdout.decode()


# --- 词, 排律, 古风

WINE = (
    "浣溪沙\n一曲新词酒一杯，去年天气旧亭台。夕阳西下几时回？\n"
    "无可奈何花落去，似曾相识燕归来。小园香径独徘徊。"
)
DREAM = (
    "常记溪亭日暮，沉醉不知归路。兴尽晚回舟，误入藕花深处。争渡，争渡，惊起一滩鸥鹭。"
)
AUTUMN = "长安一片月，万户捣衣声。秋风吹不尽，总是玉关情。何日平胡虏，良人罢远征。"


def test_a_ci_is_told_with_its_tune_its_rhyme_and_what_is_no_fault(poem):
    rows = poem(WINE).stdout.splitlines()
    assert rows[0] == "1     一曲新词酒一杯"
    assert "词牌  浣溪沙, 钦谱 1" in rows
    assert "押韵  词林正韵 第三部平: 杯 台 回 徊; not 来" in rows
    assert (
        "附注  通押  line 5, place 7: 来 is of 第五部, which poets rhyme with 第三部"
    ) in rows
    assert rows[-1] == "合律  no rule is broken"
    assert not [row for row in rows if row.startswith("格律")]


def test_each_fault_of_a_ci_is_told_by_its_place(poem):
    broken = DREAM.replace("争渡，惊", "争舟，惊").replace("鸥鹭", "鸥鸟")
    rows = poem(broken).stdout.splitlines()
    assert rows[-4:] == [
        "失律  line 6, place 2: 舟 should be 仄",
        "失叠  line 6, place 2: the clause does not say again what stands before",
        "出韵  line 7, place 6: 鸟 does not rhyme in 第四部",
        "不合律  3 faults",
    ]
    marked = [row for row in rows if "＾" in row]
    assert [columns_of(row, "＾") for row in marked] == [[8], [16]]


def test_explain_draws_the_pattern_of_the_variant_above_each_clause(poem):
    rows = poem(DREAM, "--explain").stdout.splitlines()
    assert rows[:3] == [
        "1     中仄中平中仄",
        "      常记溪亭日暮",
        "      平仄平平仄仄",
    ]


def test_json_of_a_ci_names_tune_variant_and_rhymes(poem):
    facts = json.loads(poem(DREAM, "--json").stdout)
    assert (facts["form"], facts["pattern"], facts["style"]) == (
        *("如梦令", "钦谱 1", "词"),
    )
    assert facts["cilin"] == [
        {"group": "第四部", "feet": "暮路处渡渡鹭", "others": "", "tone": "仄"}
    ]
    assert facts["clean"] and facts["near"] == []


def test_a_tune_and_a_variant_may_be_told(poem):
    told = poem(WINE, "--tune", "浣溪紗", "--variant", "2", "--strict")
    assert told.exit_code == 1
    assert "词牌  浣溪沙, 钦谱 2" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--tune", "浣溪傻"], "no tune '浣溪傻'; near are 浣"),
        (["--tune", "浣溪沙", "--variant", "99"], "浣溪沙 has no variant 99"),
        (["--variant", "1"], "--variant needs --tune"),
    ],
)
def test_a_tune_that_there_is_not_is_told_in_one_line(poem, arguments, reason):
    result = poem(WINE, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in result.stderr.splitlines()[-1]


def test_a_text_that_fits_no_tune_names_the_nearest(poem):
    rows = poem(DREAM.replace("归路", "路")).stdout.splitlines()
    assert [row for row in rows if row.startswith("词牌  fits none; near are 如梦令")]


def test_old_verse_is_named_with_its_rhyme_and_its_tones_are_remarked(poem):
    rows = poem(AUTUMN).stdout.splitlines()
    assert "格律  五言古风" in rows
    assert "押韵  词林正韵 第十一部平: 声 情 征" in rows
    assert "附注  平仄  6 of 6 lines are 律句; tones are free here" in rows
    assert rows[-1] == "古风  it rhymes"
    lost = poem(AUTUMN.replace("远征", "远游")).stdout.splitlines()
    assert lost[-2:] == [
        "出韵  line 6, place 5: 游 does not rhyme with the lines around",
        "古风  1 fault",
    ]


# --- many poems


def test_rows_of_a_file_get_what_json_prints_of_each(run, tmp_path):
    poems = [
        "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。",
        "床前明月光，疑是地上霜。",
    ]
    source, output = tmp_path / "poems.jsonl", tmp_path / "verdicts.jsonl"
    rows = [{"id": "a", "text": poems[0]}, {"lines": poems[1:]}, {"text": "😀"}]
    source.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    result = run("check", "poem", "--input", source, "-o", output)
    assert result.exit_code == 1 and "1 of 3 lines have an error" in result.stderr
    first, second, third = map(json.loads, output.read_text("utf-8").splitlines())
    alone = [json.loads(run("check", "poem", one, "--json").stdout) for one in poems]
    assert first == {"id": "a"} | alone[0]
    assert second == {"id": 2} | alone[1]
    assert third["line"] == 3 and "no Chinese characters" in third["error"]


def test_poem_does_not_go_with_a_file_of_poems(run, tmp_path):
    assert run("check", "poem", "春眠不觉晓", "--input", tmp_path).exit_code == 2
