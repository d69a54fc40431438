import json
import re

import pytest

from nlg.qa.data.triples import (
    COMPANY,
    MOST_ANSWERS,
    Fact,
    Sentence,
    questions,
    read,
    wordings,
)

CAPITALS = {"法国": "巴黎", "日本": "东京", "德国": "柏林", "英国": "伦敦"}
SENTENCES = [
    Sentence(
        f"made-up:{number}",
        f"{country}的首都{city}有{number}座桥",
        (Fact(country, "首都", city, "国家"),),
    )
    for number, (country, city) in enumerate(CAPITALS.items(), 1)
]


def made(sentences, size=0, seed=1):
    return [x.question for x in questions(sentences, "made-up", size, seed)]


def many(sentences, size=0, seeds=40):
    return [q for seed in range(seeds) for q in made(sentences, size, seed)]


def test_answer_is_the_other_name_of_the_fact():
    for question in many(SENTENCES):
        (answer,) = question.answers
        known = {**CAPITALS, **{v: k for k, v in CAPITALS.items()}}[answer]
        assert known in question.question and answer not in question.question


def test_both_sides_of_a_relation_are_asked_for_in_several_wordings():
    asked = {question.question for question in many(SENTENCES)}
    shapes = {re.sub("|".join([*CAPITALS, *CAPITALS.values()]), "{}", x) for x in asked}
    assert shapes == {*wordings()["首都", "object"], *wordings()["首都", "subject"]}


@pytest.mark.parametrize(("date", "year_is_asked"), [("1936年", 1), ("1936年5月", 0)])
def test_which_year_is_asked_only_for_a_year(date, year_is_asked):
    sentences = [
        Sentence(
            "made-up:1",
            f"长桥镇建于{date}",
            (Fact("长桥镇", "成立日期", date, "机构"),),
        )
    ]
    asked = [q.question for q in many(sentences) if q.answers == (date,)]
    assert any(re.search("哪一?年", x) for x in asked) == year_is_asked
    assert len(set(asked)) > 2


def test_answer_stands_where_it_is_said_to_and_only_its_sentence_has_it():
    for question in many(SENTENCES):
        passage = question.passages[0]
        answer = question.answers[0]
        assert passage.text.startswith(answer, passage.start)
        assert passage.text.count(answer) == 1


def test_other_things_of_the_type_stand_beside_the_answer():
    counts = {
        sum(city in question.passages[0].text for city in CAPITALS.values())
        for question in many(SENTENCES)
    }
    assert min(counts) >= 2 and max(counts) <= 1 + COMPANY[1]


def test_second_passage_states_the_relation_of_another_and_has_no_answer():
    found = many(SENTENCES)
    silent = [question for question in found if len(question.passages) == 2]
    assert 0.2 < len(silent) / len(found) < 0.4
    for question in silent:
        other = question.passages[1]
        assert other.answers == () and "首都" in other.text
        assert question.answers[0] not in other.text
        assert not any(
            name in other.text
            for name in (*CAPITALS, *CAPITALS.values())
            if name in question.question
        )


@pytest.mark.parametrize("size", [1, 20, 40])
def test_company_stays_within_the_size(size):
    longest = max(len(sentence.text) + 1 for sentence in SENTENCES)
    for question in many(SENTENCES, size, 10):
        for passage in question.passages:
            assert len(passage.text) <= max(size, longest)


def sentence(text, *facts):
    return Sentence("x:1", text, tuple(Fact(*fact, "影视作品") for fact in facts))


def test_several_objects_are_one_question_with_the_first_in_the_text_first():
    facts = [("春江", "主演", name) for name in ("李四", "张三")]
    asked = [
        question
        for question in many([sentence("《春江》由张三、李四主演", *facts)], 0, 60)
        if "春江" in question.question
    ]
    assert {q.answers for q in asked} <= {("张三", "李四"), ("张三",), ("李四",)}
    both = [q for q in asked if len(q.answers) == 2]
    assert both and both[0].answers == ("张三", "李四")
    assert both[0].passages[0].start == both[0].passages[0].text.index("张三")


def test_long_list_is_not_asked_for_one_of_it():
    names = ["甲一", "乙二", "丙三", "丁四"]
    assert len(names) > MOST_ANSWERS
    text = f"《春江》由{'、'.join(names)}主演"
    facts = [("春江", "主演", name) for name in names]
    for question in many([sentence(text, *facts)]):
        assert "春江" not in question.question or len(question.answers) <= MOST_ANSWERS


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("《春江》由某人主演", ("春江", "主演", "张三")),  # not in the text
        ("专辑《春江花月》收录《春江》", ("春江", "所属专辑", "春江花月")),  # overlap
        ("《春江》的颜色是绿", ("春江", "颜色", "绿")),  # no wording
    ],
)
def test_fact_that_cannot_be_asked_makes_no_question(text, fact):
    assert many([sentence(text, fact)]) == []


def test_seed_decides_all():
    assert made(SENTENCES, seed=3) == made(SENTENCES, seed=3)
    assert made(SENTENCES, seed=3) != made(SENTENCES, seed=4)


def test_every_wording_has_one_place_and_asks():
    for (_, asked), ways in wordings().items():
        assert asked in ("object", "subject")
        assert len(set(ways)) == len(ways)
        for way in ways:
            assert way.count("{}") == 1 and way.endswith("？")


TRIPLE = {
    "subject": "法国",
    "subject_type": "国家",
    "predicate": "首都",
    "object": "巴黎",
    "object_type": "城市",
}


def test_files_of_dui_e_are_read(tmp_path):
    path = tmp_path / "facts.jsonl"
    record = {"text": "法国的首都是巴黎 ", "triples": [TRIPLE]}
    path.write_text(json.dumps(record, ensure_ascii=False) + "\n", "utf-8")
    (found,) = read(path, 0, 1)
    assert found.where.endswith("facts.jsonl:1")
    assert found.question.passages[0].text == "法国的首都是巴黎。"
    assert found.question.source == "facts"
    array = tmp_path / "facts.json"
    array.write_text(json.dumps([record]), "utf-8")
    assert next(iter(read(array, 0, 1))).question.answers == found.question.answers


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[1]", "not a JSON object with a text"),
        ('{"text": "春"}', "no list of triples"),
        ('{"text": "春", "triples": [{"subject": "春"}]}', "each with the texts"),
        ('{"text": "春", "triples": [3]}', "each with the texts"),
        ("{春", "not JSON"),
    ],
)
def test_line_of_another_layout_is_told_of(tmp_path, line, says):
    path = tmp_path / "facts.jsonl"
    good = json.dumps({"text": "法国的首都是巴黎", "triples": [TRIPLE]})
    path.write_text(f"{good}\n{line}\n", "utf-8")
    problems = [record.problem for record in read(path, 0, 1) if record.problem]
    assert len(problems) == 1 and says in problems[0]
