from nlg.metrics.table import table
from nlg.text.width import width


def test_scores_stand_under_their_titles():
    text = table({"human": {"couplets": 2000, "clean": 0.75}, "nlg": {"clean": 1.0}})
    head, *rows = text.splitlines()
    assert head.split() == ["human", "nlg"]
    assert [row.split() for row in rows] == [
        ["couplets", "2,000", "-"],
        ["clean", "0.7500", "1.0000"],
    ]


def test_rows_are_as_wide_as_each_other_under_a_chinese_title():
    text = table({"甲的下联模型": {"couplets": 3}, "b": {"couplets": None}})
    assert len(set(map(width, text.splitlines()))) == 1


def test_a_column_has_room_for_every_number():
    (*_, row) = table({"a": {"one": 1}}).splitlines()
    assert row == "one" + " " * 11 + "1"


def test_a_score_that_only_one_column_has_gets_a_row():
    text = table({"a": {"one": 1}, "b": {"two": 2}})
    assert [row.split()[0] for row in text.splitlines()[1:]] == ["one", "two"]


def test_no_columns_are_an_empty_table():
    assert table({}) == ""
