import pytest

from nlg.qa.data.examples import Example
from nlg.qa.data.exchange import alike, exchanged
from nlg.qa.data.question_templates import Name

CAPITALS = {"中国": "北京", "法国": "巴黎", "德国": "柏林", "英国": "伦敦"}


def asked(passage, question, answer):
    return Example("试", passage, question, answer, passage.find(answer))


def capitals():
    """Return two questions about each country, of a passage about it alone."""
    found = []
    for country, capital in CAPITALS.items():
        for text in ("{}的首都是{}。", "{}定都{}，人口很多。"):
            passage = text.format(country, capital)
            found.append(asked(passage, f"{country}的首都是哪里？", capital))
    return found


def test_the_twin_asks_about_another_name_of_the_kind_that_the_passage_has_not():
    pairs = list(exchanged(capitals(), 1, seed=1))
    assert [example for example, _ in pairs] == capitals()
    for example, twin in pairs:
        assert (twin.passage, twin.answer, twin.start) == (example.passage, "", -1)
        other = twin.question.removesuffix("的首都是哪里？")
        assert other in CAPITALS and other not in example.passage


def test_the_same_seed_makes_the_same_twins_and_the_share_some_of_them():
    assert list(exchanged(capitals(), 1, 1)) == list(exchanged(capitals(), 1, 1))
    assert list(exchanged(capitals(), 1, 1)) != list(exchanged(capitals(), 1, 2))
    some = list(exchanged(capitals(), 0.5, 1))
    assert 0 < len(some) < len(capitals())
    assert list(exchanged(capitals(), 0, 1)) == []


def test_titles_are_exchanged_for_titles():
    found = [
        asked("曹雪芹写了《红楼梦》。", "《红楼梦》是谁写的？", "曹雪芹"),
        asked("吴承恩写了《西游记》。", "《西游记》是谁写的？", "吴承恩"),
    ]
    questions = [twin.question for _, twin in exchanged(found, 1, 1)]
    assert questions == ["《西游记》是谁写的？", "《红楼梦》是谁写的？"]


@pytest.mark.parametrize(
    ("passage", "question", "answer"),
    [
        ("首都在北方。", "中国的首都在哪？", "北方"),  # not in the passage
        ("中国的首都是北京。", "中国的首都是哪里？", "广州"),  # the answer is not
        ("首都是中国北京。", "中国的首都是哪里？", "中国北京"),  # part of the answer
        ("我去了。", "谁去了？", "我"),  # no name
        ("中国的首都是北京。", "中国的首都是哪里？", ""),
    ],
)
def test_a_question_about_no_name_of_its_passage_has_no_twin(passage, question, answer):
    odd = Example("", passage, question, answer, passage.find(answer or "没有"))
    assert [e for e, _ in exchanged([*capitals(), odd], 1, 1)] == capitals()


def test_half_of_a_name_is_not_exchanged():
    odd = asked("中国·某某来了。", "中国·某某怎么了？", "来了")
    assert [e for e, _ in exchanged([*capitals(), odd], 1, 1)] == capitals()


def test_a_part_of_a_longer_name_is_not_exchanged():
    odd = asked("中国队去了。中国队赢了。", "中国队去了吗？", "赢了")
    assert [e for e, _ in exchanged([*capitals(), odd], 1, 1)] == capitals()


def test_a_name_that_nothing_is_like_has_no_twin():
    alone = [asked("浙江省在东边。", "浙江省在哪边？", "东边")] * 2
    assert list(exchanged(alone, 1, 1)) == []


def test_names_are_alike_by_kind_and_what_they_end_with():
    province, state = Name("浙江省", 0, "place"), Name("法国", 0, "place")
    assert alike(province) == alike(Name("江苏省", 0, "place")) != alike(state)
    assert alike(Name("杜甫", 0, "person")) == alike(Name("李白", 0, "person"))
    assert alike(Name("杜甫", 0, "person")) != alike(Name("杜甫", 0, "title"))
