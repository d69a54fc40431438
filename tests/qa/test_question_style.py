"""Questions show whether a name or a piece of a sentence answers them."""

import pytest

from nlg.qa.question_style import answer_style


@pytest.mark.parametrize(
    "question",
    [
        "蝉又称为什么？",
        "“江城”指的是哪座城市",
        "我国最长的河是",
        "水星的邻居叫做什么名字？",
        "發明這種燈的人是誰?",
        "被称作什么",
    ],
)
def test_a_name_is_asked_for(question):
    assert answer_style(question) == "entity"


@pytest.mark.parametrize(
    "question",
    [
        "候鸟为什么南飞？",
        "这座桥有哪些特点？",
        "小镇於何時通車?",
        "怎樣保存茶葉",
        "博物馆由谁捐建？",
        "什么是季风？",
    ],
)
def test_a_piece_of_a_sentence_is_asked_for(question):
    assert answer_style(question) == "phrase"


@pytest.mark.parametrize("question", ["", "？", "这座桥有多长？", "谁捐建了博物馆？"])
def test_a_question_may_tell_no_style(question):
    assert answer_style(question) == ""
