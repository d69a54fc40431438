import json

import pytest

from nlg.errors import DataError, NlgError
from nlg.qa.answer import Answer, Vote
from nlg.qa.data.read import Passage, Question
from nlg.qa.evaluate import answer_by_passage, columns, pair
from nlg.qa.options import AnswerOptions
from nlg.qa.predictions import Prediction, load_predictions

QUESTIONS = [
    Question("1", "谁写了《江雪》？", (), "诗", ("柳宗元",)),
    Question("2", "首都在哪里？", (), "地", ("北京",)),
    Question("3", "省会在哪里？", (), "地", ()),
]


@pytest.fixture
def loaded(tmp_path):
    """Read `content` as the predictions of a file."""

    def loaded(content, **keywords):
        path = tmp_path / "theirs"
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, "utf-8")
        return load_predictions(path, QUESTIONS, **keywords)

    return loaded


# --- reading


def test_json_lines_with_and_without_confidence(loaded):
    lines = [
        {"id": 2, "answer": " 北京 ", "confidence": 0.5, "start": 3},
        {"id": "1", "answer": ""},
    ]
    found = loaded("\n".join(map(json.dumps, lines)) + "\n\n")
    assert found == [Prediction("2", "北京", 0.5), Prediction("1", "", None)]


def test_lines_of_id_and_answer(loaded):
    found = loaded("2\t北京\r\n\n1\t\n")
    assert found == [Prediction("2", "北京"), Prediction("1", "")]


def test_one_object_of_answers_by_id(loaded):
    assert loaded({"1": "柳宗元", "3": ""}) == [
        Prediction("1", "柳宗元"),
        Prediction("3", ""),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "theirs: no prediction in it"),
        ("{}", "theirs: no prediction in it"),
        ("1\t柳宗元\n9\t北京\n", "theirs:2: no question has the id '9'"),
        ("1\t柳宗元\n2\t北京\n1\t杜甫", "theirs:3: id 1 again, after .*theirs:1"),
        ("1\t柳宗元\t0.5\n", "theirs:1: no JSON, and no id TAB answer"),
        ("柳宗元\n", "theirs:1: no JSON, and no id TAB answer"),
        ('{"id": 1, "answer": "柳宗元"}\n{oops}', "theirs:2: not JSON"),
        ('{"id": 1, "answer": "柳宗元"}\n3', "theirs:2: not a JSON object"),
        ({"id": 1}, "theirs:1: no text under answer, of id 1"),
        ({"id": 1, "answer": 3}, "theirs:1: no text under answer, of id 1"),
        ({"1": 3}, "theirs:1: no text under answer, of id 1"),
        ({"id": None, "answer": ""}, "theirs:1: the id is no text and no number"),
        ({"id": 1, "answer": "", "confidence": "高"}, "confidence of id 1 is no fin"),
        ({"id": 1, "answer": "", "confidence": True}, "confidence of id 1 is no fin"),
        ('{"id": 1, "answer": "", "confidence": NaN}', "confidence of id 1 is no fin"),
    ],
)
def test_what_is_no_prediction_is_told_with_its_place(loaded, content, reason):
    with pytest.raises(DataError, match=reason):
        loaded(content)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", "1\t北京".encode("gbk")])
def test_what_is_no_text_is_told(tmp_path, content):
    (tmp_path / "theirs").write_bytes(content)
    with pytest.raises(DataError, match="theirs: cannot be read"):
        load_predictions(tmp_path / "theirs", QUESTIONS)


# --- scoring

SAID = [Prediction("1", "柳宗元", 0.9), Prediction("3", "成都", 0.1)]


def test_a_question_without_a_prediction_scores_nothing_and_is_counted():
    scores = columns(pair(QUESTIONS, SAID), ["sogou"], "source")["all"]
    assert scores == {
        "questions": 3,
        "missing": 1,
        "sogou_accuracy": 1 / 3,
        "sogou_f1": 1 / 3,
        "sogou_final": 1 / 3,
        "answered": 1 / 2,
        "left_empty": 0.0,
        "risk_coverage": 1 / 4,
        "ece": pytest.approx(0.1),
    }


def test_as_submitted_only_what_was_said_counts_and_twice_is_two(loaded):
    said = loaded("1\t柳宗元\n1\t柳宗元\n2\t上海\n", repeats=True)
    scores = columns(pair(QUESTIONS, said, as_submitted=True), ["sogou"], "source")
    assert scores["all"]["questions"] == 3
    assert scores["all"]["missing"] == 0
    assert scores["all"]["sogou_accuracy"] == 2 / 3


def test_each_source_has_a_column_where_there_are_several():
    scores = columns(pair(QUESTIONS, SAID), ["squad"], "source")
    assert list(scores) == ["all", "诗", "地"]
    assert scores["诗"]["squad_exact_match"] == 1
    assert scores["地"]["squad_exact_match"] == 0
    assert scores["地"]["missing"] == 1
    assert list(columns(pair(QUESTIONS[1:], []), ["squad"], "source")) == ["all"]


def test_each_type_of_answer_may_have_one_instead():
    scores = columns(pair(QUESTIONS, SAID), ["squad"], "type")
    assert list(scores) == ["all", "person", "place"]
    assert scores["place"]["questions"] == 2


def test_the_first_metric_says_what_is_wrong():
    questions = [Question("1", "哪些？", (), "地", ("甲 乙", "甲乙"))]
    pairs = pair(questions, [Prediction("1", "乙 甲", 1.0)])
    assert columns(pairs, ["sogou", "squad"], "source")["all"]["risk_coverage"] == 0
    assert columns(pairs, ["squad", "sogou"], "source")["all"]["risk_coverage"] == 1


# --- answers of single passages


def told(text, confidence, no_answer):
    return Answer(text, confidence, 0, 0, len(text), (Vote(no_answer, 1.0),), ())


class Telling:
    """A reader that has its answers from the test, in the order of the passages."""

    def __init__(self, *answers):
        self.answers = answers

    def answer_all(self, asked, options):
        assert all(len(one.passages) == 1 for one in asked)
        return iter(self.answers)


@pytest.mark.parametrize(
    ("first", "second", "surest"),
    [
        (told("北京", 0.5, 0.1), told("上海", 0.6, 0.1), "上海"),
        (told("北京", 0.5, 0.2), told("上海", 0.5, 0.1), "上海"),  # has one more likely
        (told("北京", 0.5, 0.1), told("上海", 0.5, 0.1), "北京"),
        (told("", 0.0, 0.9), told("上海", 0.0, 0.9), "上海"),
        (NlgError("passage 1 is empty"), told("", 0.0, 0.9), ""),
    ],
)
def test_the_surest_passage_is_the_one_with_the_most_confidence(first, second, surest):
    question = Question("2", "首都？", (Passage("北"), Passage("上")), "地", ("上海",))
    reader = Telling(first, second)
    found = answer_by_passage(reader, [question], AnswerOptions(), "squad")
    assert [said.answer for said in found.surest] == [surest]


def test_the_best_place_is_where_most_answers_are_right():
    two = (Passage("上"), Passage("北"))
    questions = [
        Question("1", "首都？", two, "地", ("北京",)),
        Question("2", "首都？", two[:1], "地", ("上海",)),
        Question("3", "首都？", two, "地", ("北京",)),
    ]
    shanghai, beijing = told("上海", 0.9, 0.1), told("北京", 0.5, 0.1)
    reader = Telling(shanghai, beijing, shanghai, shanghai, beijing)
    found = answer_by_passage(reader, questions, AnswerOptions(), "squad")
    assert found.place == 1
    assert found.best == [Prediction("1", "北京", 0.5), Prediction("3", "北京", 0.5)]
    assert [said.answer for said in found.surest] == ["上海"] * 3
