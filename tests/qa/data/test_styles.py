"""The style of a question is said by its source, or by itself."""

import pytest

from nlg.errors import OptionError
from nlg.qa.data.read import Question
from nlg.qa.data.styles import styled

QUESTIONS = [
    Question(str(number), "谁？", (), source, style=style)
    for number, (source, style) in enumerate(
        [
            ("webqa_test", ""),
            ("cmrc_train", ""),
            ("cmrc_dev", ""),
            ("cmrc_dev", "entity"),
        ]
    )
]


def styles(*settings):
    return [question.style for question in styled(QUESTIONS, settings)]


def test_a_question_has_the_style_of_the_last_setting_that_fits():
    assert styles() == ["", "", "", "entity"]
    assert styles("cmrc*=phrase") == ["", "phrase", "phrase", "entity"]
    assert styles("entity", "cmrc_d*=phrase") == [
        "entity",
        "entity",
        "phrase",
        "entity",
    ]
    assert styles("cmrc_d*=phrase", "entity") == ["entity"] * 4


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("poem", "style: poem: write it as pattern=style"),
        ("cmrc*=", "a style is entity or phrase"),
        ("drcd*=phrase", r"drcd\* fits no source of the data; the nearest is cmrc_dev"),
    ],
)
def test_a_style_that_is_none_or_of_no_source_is_refused(setting, says):
    with pytest.raises(OptionError, match=says):
        styles(setting)
