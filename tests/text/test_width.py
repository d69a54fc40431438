import pytest

from nlg.text.width import padded, width


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("nlg", 3), ("春", 2), ("，", 2), ("　", 2), ("七律 a", 6), ("＾", 2)],
)
def test_chinese_takes_two_columns_and_latin_one(text, columns):
    assert width(text) == columns


def test_text_is_filled_up_to_its_columns():
    assert padded("春", 4) == "春  "
    assert padded("OK", 2) == "OK"
    assert padded("春风", 3) == "春风"
