import json
import pathlib
import random

import pytest

from nlg.errors import DataError
from nlg.qa.data.examples import (
    CleanOptions,
    Example,
    clean,
    cut,
    examples,
    load_examples,
    split,
    write,
)
from nlg.qa.data.read import Passage, Question, Record, read
from nlg.text.collect import Report

SAMPLES = pathlib.Path(__file__).parents[3] / "data" / "samples"
RIVER = "柳宗元在永州写了《江雪》。"
STORKS = "鹳雀楼在永济，王之涣登楼写了一首诗。"
ASKED = "谁写了《江雪》？"
ANSWERED = Passage(RIVER, ("柳宗元",), 0)


def question(*passages, asked=ASKED, source="诗"):
    return Question("1", asked, passages, source)


def cleaned(*found, strict=False, **options):
    report = Report()
    records = [
        Record("qa.json: record 1", each) if isinstance(each, Question) else each
        for each in found
    ]
    return list(clean(records, report, strict, CleanOptions(**options))), report


# --- cleaning


def test_a_good_question_stays_as_it_is():
    asked = question(ANSWERED, Passage(STORKS))
    kept, report = cleaned(asked)
    assert kept == [asked]
    assert (report.read, report.kept) == (1, {"诗": 2})
    assert not report.dropped and not report.changed


def test_an_answer_that_is_not_in_its_passage_is_counted_and_may_be_dropped():
    lost = question(Passage(RIVER, ("王之涣",), -1))
    kept, report = cleaned(lost)
    assert kept == [lost]
    assert report.changed == {"answer not in its passage": 1}
    kept, report = cleaned(lost, extractive=True)
    assert kept == []
    assert report.dropped == {"answer not in its passage": 1}
    assert not report.changed


def test_a_passage_without_an_answer_is_no_lost_answer():
    kept, report = cleaned(question(Passage(RIVER)), extractive=True)
    assert len(kept) == 1
    assert not report.changed


def test_a_long_question_keeps_its_end():
    long = "柳宗元被贬到永州以后，" * 7 + "写了哪首诗？"
    (kept,), report = cleaned(question(ANSWERED, asked=long))
    assert kept.question == long[-64:]
    assert kept.question.endswith("写了哪首诗？")
    assert report.changed == {"question cut to its last 64 characters": 1}
    (kept,), report = cleaned(question(ANSWERED, asked=long), question=0)
    assert kept.question == long


def test_an_answer_that_is_too_long_is_dropped():
    long = question(Passage(RIVER, (RIVER,), 0))
    for options in ({"answer": 5}, {"passage": 5}, {"answer": 0, "passage": 5}):
        kept, report = cleaned(long, **options)
        assert kept == []
        assert report.dropped == {"answer longer than 5 characters": 1}
    assert cleaned(long, answer=0, passage=0)[0] == [long]


def test_a_shorter_answer_that_fits_is_taken_in_place_of_one_that_is_too_long():
    both = question(Passage(RIVER, (RIVER, "柳宗元"), 0))
    kept, report = cleaned(both, answer=3)
    assert kept == [question(Passage(RIVER, ("柳宗元", RIVER), 0))]
    assert report.changed == {"a shorter answer taken": 1} and not report.dropped
    kept, report = cleaned(both, answer=20)
    assert kept == [both] and not report.changed
    _, report = cleaned(both, answer=2)
    assert report.dropped == {"answer longer than 2 characters": 1}


def test_a_shorter_answer_is_taken_where_it_stands():
    later = question(Passage(RIVER, (RIVER, "永州", "江雪"), 0))
    ((kept,), _) = cleaned(later, answer=2)
    assert kept.passages[0].answers[0] == "永州" and kept.passages[0].start == 4


def test_a_passage_that_may_answer_in_other_words_is_no_example():
    unsure = Passage(STORKS, unsure=True)
    kept, report = cleaned(question(ANSWERED, unsure))
    assert kept == [question(ANSWERED)]
    assert report.dropped == {"may answer in other words": 1}


def test_of_examples_with_several_answers_one_that_fits_is_loaded(tmp_path):
    row = {"passage": RIVER, "question": ASKED, "answers": [RIVER, "柳宗元"]}
    (tmp_path / "qa.jsonl").write_text(json.dumps(row))
    load = load_examples
    assert [one.answer for one in load(tmp_path / "qa.jsonl")] == [RIVER]
    assert [one.answer for one in load(tmp_path / "qa.jsonl", 5)] == ["柳宗元"]
    assert [one.start for one in load(tmp_path / "qa.jsonl", 5)] == [0]


def test_an_example_found_twice_is_kept_once():
    twice = question(ANSWERED, ANSWERED, Passage(STORKS))
    other = question(ANSWERED, asked="《江雪》是谁写的？")
    kept, report = cleaned(twice, question(ANSWERED), other)
    assert kept == [question(ANSWERED, Passage(STORKS)), other]
    assert report.dropped == {"duplicate": 2}
    assert report.kept == {"诗": 3}


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_passage_is_dropped(text):
    kept, report = cleaned(question(Passage(text), ANSWERED))
    assert kept == [question(ANSWERED)]
    assert report.dropped == {"empty passage": 1}


def test_a_question_without_passages_is_dropped():
    kept, report = cleaned(question(), question(ANSWERED))
    assert len(kept) == 1
    assert report.dropped == {"no passage": 1}


def test_a_bad_record_is_counted_or_with_strict_an_error():
    bad = Record("qa.json: record 1", problem="not a JSON object")
    kept, report = cleaned(bad, question(ANSWERED))
    assert len(kept) == 1
    assert report.problems == ["qa.json: record 1: not a JSON object"]
    with pytest.raises(DataError, match="record 1: not a JSON object"):
        cleaned(bad, strict=True)


def test_long_passages_are_counted_before_they_are_cut():
    kept, report = cleaned(question(ANSWERED), passage=5)
    assert kept == [question(ANSWERED)]
    assert report.changed == {"passage cut to 5 characters": 1}


# --- windows


@pytest.mark.parametrize("start", range(0, 95, 7))
def test_a_window_holds_the_answer_where_it_says(start):
    passage = "".join(chr(0x4E00 + n) for n in range(100))
    answer = passage[start : start + 6]
    example = Example("", passage, "？", answer, start)
    rng = random.Random(start)
    begins = set()
    for _ in range(50):
        window = cut(example, 20, rng)
        assert len(window.passage) == 20
        assert window.passage in passage
        assert window.passage[window.start : window.start + 6] == answer
        begins.add(window.start)
    # Anywhere, or a model learns to look in one place: all the room there is is used.
    assert len(begins) > 3 or start in (0, 94 // 7 * 7)


def test_a_window_is_the_one_around_the_place_told():
    passage = "江雪" + "。" * 50 + "江雪"
    for start in (0, 52):
        window = cut(Example("", passage, "？", "江雪", start), 10, random.Random(1))
        assert window.passage[window.start :][:2] == "江雪"
        assert window.passage in (passage[start:][:10], passage[-10:], passage[:10])
        assert (window.passage == "江雪" + "。" * 8) == (start == 0)


@pytest.mark.parametrize("answer", ["", "春晓"])
def test_without_a_place_the_window_is_any(answer):
    passage = "".join(chr(0x4E00 + n) for n in range(100))
    rng = random.Random(1)
    example = Example("", passage, "？", answer)
    windows = [cut(example, 20, rng) for _ in range(200)]
    begins = [passage.index(window.passage) for window in windows]
    assert min(begins) < 10 and max(begins) > 70
    assert {(len(window.passage), window.start) for window in windows} == {(20, -1)}


@pytest.mark.parametrize("size", [0, len(RIVER), 256])
def test_a_passage_that_fits_is_not_cut(size):
    example = Example("", RIVER, ASKED, "柳宗元", 0)
    assert cut(example, size, random.Random(1)) is example


def test_each_passage_is_an_example():
    found = examples([question(ANSWERED, Passage(STORKS))], 0, seed=1)
    assert found == [
        Example("诗", RIVER, ASKED, "柳宗元", 0),
        Example("诗", STORKS, ASKED, "", -1),
    ]


def test_the_same_seed_cuts_the_same_windows():
    asked = [question(Passage("春" * 9 + RIVER + "秋" * 9, ("柳宗元",), 9))] * 9
    found = [examples(asked, 16, seed) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


# --- splitting and writing


def test_questions_about_one_passage_stay_on_one_side():
    texts = [f"{RIVER}{n}" for n in range(20)]
    asked = [
        question(Passage(text), asked=f"{ASKED}{n}") for text in texts for n in "甲乙"
    ]
    train, dev = split(asked, 0.25, seed=1)
    sides = [{each.passages[0].text for each in side} for side in (train, dev)]
    assert len(dev) == 10
    assert sides[0].isdisjoint(sides[1])
    assert sorted(train + dev) == sorted(asked)


@pytest.mark.parametrize("name", ["qa.jsonl", "qa.jsonl.gz"])
def test_what_is_written_is_what_is_loaded(tmp_path, name):
    found = [
        Example("诗", RIVER, ASKED, "柳宗元", 0),
        Example("诗", STORKS, ASKED, "", -1),
        Example("诗", "江雪，江雪", ASKED, "江雪", 3),
        Example("诗", STORKS, ASKED, "柳宗元", -1),
    ]
    write(found, tmp_path / name)
    assert load_examples(tmp_path / name) == found


def test_a_written_line_is_json_with_chinese_as_it_is():
    line = Example("诗", RIVER, ASKED, "柳宗元", 0).to_json()
    assert RIVER in line
    keys = ["source", "passage", "question", "answer", "start"]
    assert list(json.loads(line)) == keys


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no question in it; make it with nlg data qa"),
        ('{"passage": 3, "question": "？", "answer": ""}', ":1: no text under passage"),
        ("春眠", ":1: no JSON"),
    ],
)
def test_what_holds_no_examples_is_an_error(tmp_path, content, reason):
    (tmp_path / "qa.jsonl").write_text(content, "utf-8")
    with pytest.raises(DataError, match=reason):
        load_examples(tmp_path / "qa.jsonl")


def test_the_sample_makes_four_examples():
    report = Report()
    records = read(SAMPLES / "questions.json")
    found = examples(clean(records, report, True, CleanOptions()), 256, 1)
    assert [example.answer for example in found] == ["周阿福", "", "白鹭湖", ""]
