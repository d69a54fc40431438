import pytest

from nlg.text.normalize import (
    fold_width,
    is_han,
    simplified_in_place,
    to_simplified,
    verses,
)
from nlg.text.traditional import to_traditional


def test_conversion_reads_phrases_and_not_only_characters():
    pytest.importorskip("opencc")
    assert to_simplified("國破山河在") == "国破山河在"
    assert to_traditional("国破山河在") == "國破山河在"
    assert to_traditional("皇后后来") == "皇后後來"
    assert to_simplified("乾坤") == "乾坤"


def test_simplified_text_is_left_as_it_is():
    pytest.importorskip("opencc")
    assert to_simplified("白日依山尽") == "白日依山尽"


def test_a_phrase_that_would_change_its_length_is_converted_by_characters(monkeypatch):
    converted = {"國際": "国国际", "國": "国", "際": "際際", "皇后": "皇后"}
    monkeypatch.setattr("nlg.text.normalize.to_simplified", converted.get)
    assert simplified_in_place("國際") == "国際"
    assert simplified_in_place("皇后") == "皇后"
    assert simplified_in_place("") == ""


def test_full_width_letters_digits_and_marks_become_half_width():
    assert fold_width("ＡＢ１２，！\u3000") == "AB12,! "
    assert fold_width("春眠。") == "春眠。"


@pytest.mark.parametrize("text", ["春", "〇", "㐀", "䶿", "一鿿", "𠀀", "𬟽"])
def test_ideographs_of_every_block_are_han(text):
    assert is_han(text)


@pytest.mark.parametrize("text", ["", "a", "春a", "。", "春 眠", "あ", "\u3400\n"])
def test_anything_else_is_not_han(text):
    assert not is_han(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("白日依山尽，黄河入海流。", ["白日依山尽", "黄河入海流"]),
        ("春眠\r\n不觉 晓\n\n", ["春眠", "不觉", "晓"]),
        ("。，", []),
        ("", []),
        ("𠀀山/水", ["𠀀山", "水"]),
    ],
)
def test_verses_are_what_stands_between_the_marks(text, expected):
    assert verses(text) == expected
