import gzip
import json

import pytest
from classify.moods import as_json_lines

from nlg.errors import DataError
from nlg.text.labelled import load_labelled, load_rows


def written(tmp_path, text):
    path = tmp_path / "texts.tsv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_line_is_a_text_and_after_its_last_tab_a_label(tmp_path):
    path = written(tmp_path, "服务很好\t1\n\n甲\t乙\t0\r\n没有标签\n")
    rows = [(row.number, row.text, row.label) for row in load_rows(path)]
    assert rows == [(1, "服务很好", "1"), (3, "甲\t乙", "0"), (4, "没有标签", None)]


def test_traditional_characters_are_read_as_simplified(tmp_path):
    (row,) = load_rows(written(tmp_path, " 國破山河在 \t1\n"))
    assert (row.written, row.text) == (" 國破山河在 ", "国破山河在")


def test_json_lines_have_text_or_lines_and_label_or_sentiment(tmp_path):
    rows = [
        {"text": "服务很好", "label": 1, "id": "甲"},
        {"lines": ["國破山河在", "城春草木深"], "sentiment": 2},
        {"text": "未知"},
    ]
    found = load_rows(as_json_lines(rows, tmp_path / "rows.jsonl"))
    assert [(row.text, row.label) for row in found] == [
        ("服务很好", "1"),
        ("国破山河在，城春草木深。", "2"),
        ("未知", None),
    ]


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_is_read_like_lines(tmp_path, indent):
    rows = [{"text": "服务很好", "label": 1}, {"text": "太差", "label": "0"}]
    found = load_rows(written(tmp_path, json.dumps(rows, indent=indent)))
    assert [(row.number, row.text, row.label) for row in found] == [
        (1, "服务很好", "1"),
        (2, "太差", "0"),
    ]


def test_a_text_in_brackets_is_no_array(tmp_path):
    (row,) = load_rows(written(tmp_path, "[好评]服务很好\t1"))
    assert (row.text, row.label) == ("[好评]服务很好", "1")


def test_a_zipped_file_is_read_like_a_plain_one(tmp_path):
    zipped = written(tmp_path, gzip.compress("春\t1\n".encode()))
    assert load_rows(zipped)[0].text == "春"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\xff\xfe", "texts.tsv cannot be read"),
        (b"\x1f\x8b\x08broken", "texts.tsv cannot be read"),
        ('{"text": "春"}\n\n{"text": 3}\n', "texts.tsv:3: not an object with"),
        ('{"text": "春"}\n[1]\n', "texts.tsv:2: not an object with"),
        ('{"text": "春"}\n{\n', "texts.tsv:2: not JSON: Expecting"),
        ('{"lines": []}', "texts.tsv:1: not an object with"),
        ('[{"text": "春"}, 3]', "texts.tsv:2: not an object with"),
        ('[{"text": "春"},\n', "texts.tsv:2: not JSON: "),
        ('{"lines": [1]}', "texts.tsv:1: not an object with"),
        ('{"text": " "}', "texts.tsv:1: not an object with"),
        ('{"text": "\\ud800"}', "texts.tsv:1: half a character"),
        ("春\t1\n \t1\n", "texts.tsv:2: no text"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        load_rows(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("春\t1\n夏\n", "texts.tsv:2: no label, a text or a whole number"),
        ('{"text": "春", "label": 0.5}', "texts.tsv:1: no label"),
        ("春\t1\n夏\t好\n", "texts.tsv:2: label '好' is not in the training data"),
        ("\n", "texts.tsv: no text in it"),
    ],
)
def test_a_text_without_a_known_label_is_named_with_its_line(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        load_labelled(written(tmp_path, text), ["0", "1"])


def test_a_label_is_one_line(tmp_path):
    rows = [{"text": "春", "label": " 很\n好\u2028"}, {"text": "春", "label": " "}]
    found = load_rows(as_json_lines(rows, tmp_path / "rows.jsonl"))
    assert [row.label for row in found] == ["很 好", None]
