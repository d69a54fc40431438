import random

import pytest

from nlg.qa.data.question_templates import Name, ask, names, question_word
from nlg.qa.question_type import answer_type

FOUNDING = [
    ("霍元甲", "nr"),
    ("于", "p"),
    ("1910", "m"),
    ("年", "m"),
    ("在", "p"),
    ("上海", "ns"),
    ("创立", "v"),
    ("了", "ul"),
    ("精武体育会", "nt"),
    ("，", "x"),
    ("会员", "n"),
    ("有", "v"),
    ("300", "m"),
    ("人", "n"),
    ("。", "x"),
]
SENTENCE = "".join(word for word, _ in FOUNDING)


def questions(name, words=FOUNDING, seeds=range(60)):
    return {ask(words, name, random.Random(seed)) for seed in seeds}


def name_of(text):
    return next(name for name in names(FOUNDING) if name.text == text)


def test_names_stand_where_they_say():
    found = names(FOUNDING)
    assert {(name.text, name.kind) for name in found} == {
        ("霍元甲", "person"),
        ("1910年", "time"),
        ("上海", "place"),
        ("精武体育会", "organisation"),
        ("300", "number"),
    }
    for text, start, _ in found:
        assert SENTENCE[start : start + len(text)] == text


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([("一", "m"), ("种", "q"), ("菊科", "n")], []),  # nobody asks for 一种
        ([("第一", "m"), ("次", "q")], []),
        ([("一九一八", "m"), ("年", "m")], ["一九一八年"]),
        ([("三", "m"), ("个", "q")], ["三个"]),
        ([("几", "m"), ("个", "q")], []),
        ([("弗朗西斯", "nr"), ("·", "x"), ("克里克", "nr")], []),  # halves of a name
        ([("《", "x"), ("北京", "ns"), ("颂", "n"), ("》", "x")], ["北京颂"]),
        ([("他", "r"), ("跑", "v")], []),
        ([], []),
    ],
)
def test_what_nobody_asks_for_is_no_name(words, found):
    assert [name.text for name in names(words)] == found


@pytest.mark.parametrize("text", ["霍元甲", "1910年", "上海", "精武体育会", "300"])
def test_a_question_asks_for_what_its_name_is(text):
    name = name_of(text)
    for question in questions(name):
        assert answer_type(question) == name.kind, question
        assert text not in question


def test_a_count_keeps_its_unit_and_an_end_has_its_word():
    rng = random.Random(1)
    assert question_word(Name("1.5亿元", 0, "number"), rng) == "多少元"
    assert question_word(Name("第三代", 0, "number"), rng) == "多少代"
    found = {question_word(Name("北京大学", 0, "organisation"), rng) for _ in range(40)}
    assert "哪所大学" in found
    assert len(found) > 2


def test_a_question_has_the_words_of_its_sentence_in_their_order():
    name = name_of("上海")
    asks = ("哪里", "哪儿", "什么地方", "哪个地方")
    for question in questions(name):
        word = next(word for word in asks if word in question)
        left = iter(SENTENCE)
        assert all(c in left for c in question.replace(word, "").rstrip("？?"))


def test_a_question_may_be_the_clause_and_may_be_turned_round():
    found = questions(name_of("霍元甲"), seeds=range(300))
    assert any("会员" not in question for question in found)
    assert any("会员有300人" in question for question in found)
    assert any(question.rstrip("？?").endswith("的是谁") for question in found)


def test_a_title_goes_with_its_marks():
    words = [("鲁迅", "nr"), ("写", "v"), ("了", "ul"), ("《", "x"), ("呐喊", "v")]
    words += [("》", "x"), ("和", "c"), ("很多", "m"), ("文章", "n")]
    (title,) = (name for name in names(words) if name.text == "呐喊")
    assert title.kind == "other"
    for question in questions(title, words):
        assert not set(question) & set("《》"), question


def test_a_word_that_the_name_cuts_in_two_stays_beside_it():
    words = [("中国", "ns"), ("人民大学", "nt"), ("建立", "v"), ("了", "ul")]
    asked = questions(Name("人民", 2, "other"), words, range(20))
    assert any("大学建立了" in question for question in asked)
    assert all("人民" not in question for question in asked)
