import json

import pytest
from known_poems import BAIDI, SPRING, STORKS

from nlg.text.collect import Value
from nlg.text.poem_records import is_table, lines_of, of_table, of_value, parts_of

TYPED = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"


def told(fields):
    """Return title, author, dynasty and lines of each poem of a JSON value."""
    records = of_value(Value("a.json:1", fields))
    return [(r.title, r.author, r.dynasty, r.lines) for r in records]


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "登鹳雀楼", "author": "王之涣", "paragraphs": TYPED.split("。")},
        {"title": "登鹳雀楼", "author": "王之涣", "lines": list(STORKS)},
        {"title": "登鹳雀楼", "author": "王之涣", "content": "|".join(STORKS)},
        {"title": "登鹳雀楼", "poet": "王之涣", "poem": "|".join(STORKS)},
        {
            "title": "登鹳雀楼",
            "poet": "王之涣",
            "poem": "｜".join(map(" ".join, STORKS)),
        },
        {"title": "登鹳雀楼", "author": "王之涣", "content": TYPED},
        {
            "title": "登鹳雀楼",
            "author": "王之涣",
            "content": [[TYPED[:12]], [TYPED[12:]]],
        },
        {"chapter": "登鹳雀楼", "author": "王之涣", "paragraphs": [TYPED]},
        {"题目": "登鹳雀楼", "作者": "王之涣", "内容": TYPED},
    ],
    ids=lambda fields: " ".join(fields),
)
def test_a_poem_is_read_under_any_name_that_collections_give_it(fields):
    assert told(fields) == [("登鹳雀楼", "王之涣", "", STORKS)]


def test_poems_inside_a_book_are_each_a_record_of_their_own():
    book = {
        "title": "唐诗三百首",
        "dynasty": "唐",
        "content": [
            {
                "type": "五言绝句",
                "content": [
                    {"chapter": "登鹳雀楼", "author": "王之涣", "paragraphs": [TYPED]},
                    {"chapter": "残篇", "subchapter": None, "paragraphs": ["春眠"]},
                ],
            },
            {"type": "空", "content": []},
        ],
    }
    assert told(book) == [
        ("登鹳雀楼", "王之涣", "唐", STORKS),
        ("残篇", "", "唐", ("春眠",)),
        ("", "", "唐", ()),
    ]
    (_, second, _) = of_value(Value("a.json:1", book))
    assert second.where == "a.json:1, 1, 2"


def test_a_record_inside_a_book_that_cannot_be_read_leaves_the_others():
    inside = [{"paragraphs": 3}, {"paragraphs": [TYPED]}]
    first, second = of_value(Value("a.json:1", {"content": inside}))
    assert first.problem.startswith("no list of strings") and second.lines == STORKS
    assert first.where == "a.json:1, 1"


def test_what_is_nested_without_end_is_one_problem():
    for inside in ([], {}):
        for _ in range(5000):
            inside = {"content": inside} if isinstance(inside, dict) else [inside]
        (record,) = of_value(Value("a.json:1", {"content": inside}))
        assert record.problem == "nested too deep"


def test_a_ci_keeps_the_tune_that_it_names():
    (record,) = of_value(Value("", {"rhythmic": "如梦令", "paragraphs": ["争渡。"]}))
    assert (record.title, record.tune) == ("如梦令", "如梦令")


def test_a_table_is_read_by_the_names_of_its_columns():
    rows = ["题目,朝代,作者,内容", f'登鹳雀楼,唐,王之涣,"{TYPED}"']
    rows += ['"春, ""望""",唐,杜甫,春眠,多', "", "甲"]
    text = "".join(f"{row}\n" for row in rows)
    first, second, third = of_table("a.csv", text)
    assert first[:5] == ("a.csv:2", STORKS, "登鹳雀楼", "王之涣", "唐")
    assert second[:5] == ("a.csv:3", ("春眠",), '春, "望"', "杜甫", "唐")
    assert (third.where, third.title, third.lines) == ("a.csv:5", "甲", ())
    assert is_table(text) and not is_table(TYPED) and not is_table("")


def test_a_record_over_several_lines_of_a_table_stands_where_it_begins():
    text = '内容,题目\n"春眠\n\n不觉晓",甲\n春眠,乙\n'
    assert [r.where for r in of_table("a.csv", text)] == ["a.csv:2", "a.csv:5"]
    (*_, last) = of_table("a.csv", text + '"' + "春" * 200_000)
    assert last.problem.startswith("no values between commas: field larger")


# --- the text of a poem


@pytest.mark.parametrize(
    "line",
    [
        "更尽一杯「酒」",
        "“更尽一杯酒",
        "更尽《一杯》酒",
        "更尽〈一杯〉酒",
        "更尽一[杯]酒",
        "更尽一〔杯〕酒",
        "更尽［一杯］酒",
        "更尽一杯酒（一作酒一杯）",
        "更尽一杯酒（自注：饯（别）也。）",
        "更尽一杯酒[1]",
        "更尽一杯酒〔一〕",
        "更尽一杯酒[一作杯酒]",
        "更 尽 一 杯 酒",
    ],
)
@pytest.mark.parametrize("form", ["{}，西出无故人。", "西出无故人，{}。"])
def test_marks_notes_and_supplied_characters_are_no_loss(line, form):
    assert sorted(lines_of(form.format(line))) == ["更尽一杯酒", "西出无故人"]


@pytest.mark.parametrize(
    "note",
    ["《全唐诗》", "《全唐诗》卷一二八", "见《诗话》。", "（出《诗话》）", "\n《选》"],
)
def test_the_book_that_a_poem_is_from_is_none_of_its_lines(note):
    assert lines_of(f"{TYPED}{note}") == STORKS
    assert lines_of(f"{note}\n{TYPED}") == STORKS


def test_a_line_that_begins_with_a_book_is_a_line():
    assert lines_of("《阳关》更尽酒，西出无故人。") == ("阳关更尽酒", "西出无故人")


@pytest.mark.parametrize("gap", ["□", "[□]", "x", "？?", "{左口右戶}"])
def test_a_gap_stays_or_parts_the_line(gap):
    assert lines_of(f"更尽一杯{gap}") != ("更尽一杯",) or gap == "？?"


def test_a_text_of_marks_alone_takes_no_long_time():
    for sign in ("[", "(", "\n", " ", "《", "其一", "一\n", "。 "):
        lines_of(sign * 50_000)
        parts_of(sign * 50_000)


# --- several poems that are numbered


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("其一：", "其二："),
        ("其一\n", "其二\n"),
        ("其一 ", "其二 "),
        ("（其一）", "（其二）"),
        ("【其一】\n", "【其二】\n"),
        ("一\n", "二\n"),
        ("一、\n", "二、\n"),
        ("", "其二："),
    ],
)
def test_numbers_part_poems(first, second):
    text = f"{first}{'，'.join(BAIDI)}。\n{second}{TYPED}"
    assert [lines_of(part) for part in parts_of(text)] == [BAIDI, STORKS]
    records = list(of_value(Value("a.json:1", {"title": "二首", "content": text})))
    assert [(r.part, r.lines) for r in records] == [(1, BAIDI), (2, STORKS)]


def test_a_number_before_the_only_poem_is_left_out():
    (record,) = of_value(Value("", {"content": f"其二：{TYPED}"}))
    assert (record.lines, record.part) == (STORKS, 0)


def test_a_line_that_begins_like_a_number_is_a_line():
    text = "其一不可见，其二亦难寻。"
    assert parts_of(text) == [json.loads(json.dumps("其一不可见,其二亦难寻。"))]
    assert lines_of(text) == ("其一不可见", "其二亦难寻")
    assert lines_of("，".join(SPRING)) == SPRING
