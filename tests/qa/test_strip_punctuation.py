"""Marks around an answer."""

import pytest

from nlg.qa.strip_punctuation import stripped


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("广州市！", "广州市"),
        ("256..", "256"),
        ("、杜牧 。", "杜牧"),
        ("伫立)", "伫立"),
        ("（1911年", "1911年"),
        ("《论语", "论语"),
        ("）鲁迅（", "鲁迅"),
    ],
)
def test_marks_that_say_nothing_are_left_out(text, answer):
    assert text[slice(*stripped(text))] == answer


@pytest.mark.parametrize(
    "text",
    [
        "《从爱发落》",
        "“三孔”",
        "f(x)",
        "1.5",
        "-5℃",
        "3,000",
        "Yahoo!",
        "U.S.",
        "C++",
        "50%",
    ],
)
def test_marks_that_belong_to_the_answer_stay(text):
    assert stripped(text) == (0, len(text))


@pytest.mark.parametrize("text", ["", "。", "…… ，", "）"])
def test_of_marks_alone_nothing_is_left(text):
    start, end = stripped(text)
    assert start == end
