"""The shipped reader answers what anyone can, and is silent where no one could."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from nlg.errors import OptionError
from nlg.qa.options import AnswerOptions
from nlg.qa.reader import Reader

RIVER = "长江全长6300余公里，是亚洲第一长河，发源于青藏高原。"
PALACE = "故宫博物院成立于1925年，位于北京市中心，是在明清皇宫的基础上建立的。"
PARIS = "巴黎是法国的首都，也是法国最大的城市，位于塞纳河畔。"
NOVEL = "《红楼梦》是清代作家曹雪芹创作的章回体长篇小说，中国古典四大名著之一。"
WALK = "今天天气很好，我们去公园散步。"


@pytest.fixture(scope="module")
def reader():
    return Reader.from_checkpoint()


@pytest.mark.parametrize(
    ("question", "passage", "answers"),
    [
        ("长江全长多少公里？", RIVER, {"6300余公里"}),
        ("长江有多长？", RIVER, {"6300余公里"}),
        ("长江发源于哪里？", RIVER, {"青藏高原"}),
        ("故宫博物院什么时候成立？", PALACE, {"1925", "1925年"}),
        ("法国的首都是哪里？", PARIS, {"巴黎"}),
    ],
)
def test_what_a_sentence_says_is_found_with_its_place(
    reader, question, passage, answers
):
    found = reader.answer(question, [passage])
    assert found.text in answers and found.text == passage[found.start : found.end]
    assert 0 < found.confidence <= 1 and found.passage == 0


def test_the_passage_that_answers_outvotes_those_that_do_not(reader):
    found = reader.answer("法国的首都是哪里？", [WALK, PARIS, RIVER])
    assert (found.text, found.passage) == ("巴黎", 1)
    assert found.votes[0].no_answer > found.votes[1].no_answer


def test_traditional_characters_are_answered_as_they_stand(reader):
    passage = "巴黎是法國的首都，也是法國最大的城市，位於塞納河畔。"
    assert reader.answer("法國的首都是哪裏？", [passage]).text == "巴黎"
    found = reader.answer("長江發源於哪裏？", ["長江全長6300餘公里，發源於青藏高原。"])
    assert found.text == "青藏高原"


def test_a_stricter_limit_of_silence_keeps_a_plain_answer_back(reader):
    found = reader.answer("谁写了红楼梦？", [NOVEL])
    assert found.text == "曹雪芹" and found.votes[0].no_answer > 0.01
    strict = AnswerOptions(no_answer_threshold=0.01)
    assert reader.answer("谁写了红楼梦？", [NOVEL], strict).text == ""


def test_a_passage_about_something_else_has_no_answer(reader):
    found = reader.answer("谁是法国总统？", [WALK])
    assert found.text == "" and found.votes[0].no_answer > 0.5


def test_an_answer_is_found_late_in_a_long_document(reader):
    found = reader.answer("法国的首都是哪里？", [WALK * 60 + PARIS + WALK * 60])
    assert found.text == "巴黎" and found.start == 60 * len(WALK)


def test_an_answer_that_is_not_sure_enough_is_withheld(reader):
    sure = reader.answer("法国的首都是哪里？", [PARIS]).confidence
    options = AnswerOptions(threshold=min(1.0, sure + 0.01))
    found = reader.answer("法国的首都是哪里？", [PARIS], options)
    assert found.text == "" and found.runners_up[0].text == "巴黎"


def test_threads_that_share_it_get_the_answers_of_one_thread():
    requests = [
        ("法国的首都是哪里？", [PARIS]),
        ("长江发源于哪里？", [RIVER, WALK]),
    ] * 4
    shared = Reader()  # no graph is loaded before the threads ask for it
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda one: shared.answer(*one), requests))
    assert found == [shared.answer(*one) for one in requests]
    assert [answer.text for answer in found] == ["巴黎", "青藏高原"] * 4


def test_a_device_that_is_none_is_one_clear_error():
    with pytest.raises(OptionError, match="device is 'tpu'; choose cpu, gpu"):
        Reader(device="tpu").answer("法国的首都是哪里？", [PARIS])


def test_its_metrics_say_how_good_it_is(reader):
    metrics = reader.checkpoint.metrics
    assert metrics["dev"]["questions"] > 3000 and metrics["dev"]["f1"] > 0.5
    assert metrics["calibration"]["ece"] < 0.05
