import gzip
import io
import json
import pathlib
import types

import pytest

from nlg.errors import DataError
from nlg.qa.data.read import Passage, Question, find_files, load_questions, read
from nlg.text.collect import Report

SAMPLES = pathlib.Path(__file__).parents[3] / "data" / "samples"
STORKS = "鹳雀楼在永济，王之涣登楼写了一首诗。"
RIVER = "柳宗元在永州写了《江雪》。"
ASKED = "谁写了《江雪》？"


@pytest.fixture
def found(tmp_path):
    """Read `content` from a file; return the records."""

    def found(content, name="qa.json", layout="auto"):
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / name).write_text(text, "utf-8")
        return list(read(tmp_path / name, layout))

    return found


def questions(records):
    records = list(records)
    assert [record.problem for record in records if record.problem] == []
    return [record.question for record in records]


def webqa(*passages, **fields):
    parts = [{"passage": text, "answer": answer} for text, answer in passages]
    return {"id": "Q1", "question": ASKED, "passages": parts, **fields}


def squad(*qas, context=RIVER, **fields):
    return {"data": [{"paragraphs": [{"context": context, "qas": list(qas)}]}]}


# --- layouts


@pytest.mark.parametrize("layout", ["auto", "webqa", "sogou", "jsonl"])
def test_an_array_of_questions_with_passages(found, layout):
    content = [webqa((RIVER, "柳宗元"), (STORKS, ""), ("柳河东作《江雪》", "柳河东"))]
    (question,) = questions(found(content, layout=layout))
    assert question == Question(
        "Q1",
        ASKED,
        (
            Passage(RIVER, ("柳宗元",), 0),
            Passage(STORKS),
            Passage("柳河东作《江雪》", ("柳河东",), 0),
        ),
        "qa",
        ("柳宗元", "柳河东"),
    )


def test_the_answer_of_most_passages_is_the_canonical_one(found):
    passages = [("一、柳河东", "柳河东"), ("二、柳宗元", "柳宗元"), (RIVER, "柳宗元")]
    (question,) = questions(found([webqa(*passages)]))
    assert question.answers == ("柳宗元", "柳河东")


@pytest.mark.parametrize("layout", ["auto", "squad"])
def test_squad_with_references_and_impossible_questions(found, layout):
    content = squad(
        {
            "id": "A",
            "question": ASKED,
            "answers": [
                {"text": "柳宗元", "answer_start": 0},
                {"text": "柳宗元在永州", "answer_start": 0},
                {"text": "柳宗元", "answer_start": 0},
            ],
        },
        {"id": 7, "question": "谁写了《春晓》？", "answers": [], "is_impossible": True},
    )
    first, second = questions(found(content, layout=layout))
    assert first.answers == ("柳宗元", "柳宗元在永州")
    assert first.passages == (Passage(RIVER, first.answers, 0),)
    assert (second.id, second.answers, second.passages) == ("7", (), (Passage(RIVER),))


def test_an_answer_stands_where_the_source_says(found):
    text = "江雪写江上的雪，江雪是一首诗。"
    for start, wanted in ((8, 8), (0, 0), (3, 0), (-1, 0), ("8", 0), (None, 0)):
        answers = [{"text": "江雪", "answer_start": start}]
        qa = {"id": "A", "question": "哪首诗？", "answers": answers}
        (question,) = questions(found(squad(qa, context=text)))
        assert question.passages[0].start == wanted


def test_an_answer_that_is_not_in_the_passage_stands_nowhere(found):
    (question,) = questions(found([webqa((RIVER, "王之涣"))]))
    assert question.passages == (Passage(RIVER, ("王之涣",), -1),)


def test_of_several_answers_those_in_the_passage_come_first(found):
    content = {"passage": RIVER, "question": ASKED, "answers": ["柳河东", "柳宗元"]}
    (question,) = questions(found(content))
    assert question.passages == (Passage(RIVER, ("柳宗元", "柳河东"), 0),)
    assert question.answers == ("柳河东", "柳宗元")


def test_the_first_layout_of_cmrc_is_read_too(found):
    qa = {"query_id": "T_1", "query_text": ASKED, "answers": ["柳宗元", "柳河东"]}
    content = [{"context_id": "T", "context_text": RIVER, "qas": [qa], "title": "诗"}]
    (question,) = questions(found(content))
    assert (question.id, question.question) == ("T_1", ASKED)
    assert question.answers == ("柳宗元", "柳河东")


def test_impossible_may_be_a_text_as_cjrc_writes_it(found):
    qas = [
        {
            "id": str(word),
            "question": ASKED,
            "answers": [{"text": "柳宗元", "answer_start": 0}],
            "is_impossible": word,
        }
        for word in ("true", "false")
    ]
    impossible, possible = questions(found(squad(*qas)))
    assert (impossible.answers, possible.answers) == ((), ("柳宗元",))


def test_json_lines_are_called_by_their_number_past_empty_ones(found):
    line = {"source": "诗", "passage": RIVER, "question": ASKED, "answer": "柳宗元"}
    text = "\n".join([json.dumps(line), "", json.dumps({**line, "answer": ""})])
    first, second = found(text, "诗选.dev.jsonl")
    assert first.question == Question(
        "1", ASKED, (Passage(RIVER, ("柳宗元",), 0),), "诗", ("柳宗元",)
    )
    assert (second.question.id, second.question.answers) == ("2", ())
    assert second.where.endswith("诗选.dev.jsonl:3")


def test_passages_may_be_texts_beside_one_answer(found):
    content = {"question": ASKED, "passages": [RIVER, STORKS], "answer": "柳宗元"}
    (question,) = questions(found(content))
    assert question.passages == (Passage(RIVER, ("柳宗元",), 0), Passage(STORKS))
    content["answer"] = "刘禹锡"  # which no passage knows, but is the answer
    (question,) = questions(found(content))
    assert question.passages == (Passage(RIVER), Passage(STORKS))
    assert question.answers == ("刘禹锡",)


# --- DuReader and Hugging Face


def dureader(*documents, **fields):
    parts = [
        {"is_selected": used, "title": "诗", "paragraphs": list(paragraphs)}
        for used, *paragraphs in documents
    ]
    return {"question_id": 7, "question": ASKED, "documents": parts, **fields}


@pytest.mark.parametrize("layout", ["auto", "dureader", "jsonl"])
def test_documents_are_passages_and_paragraphs_their_lines(found, layout):
    content = dureader(
        (True, "诗人。", RIVER),
        (False, STORKS),
        answers=["唐代的柳宗元写的", "柳宗元"],
    )
    (question,) = questions(found(content, layout=layout))
    assert question == Question(
        "7",
        ASKED,
        (Passage(f"诗人。\n{RIVER}", ("柳宗元",), 4), Passage(STORKS)),
        "qa",
        ("唐代的柳宗元写的", "柳宗元"),
    )


def test_a_document_that_was_used_and_holds_no_answer_is_unsure(found):
    documents = (True, RIVER), (True, STORKS)
    content = dureader(*documents, answers=["柳宗元"])
    (question,) = questions(found(content))
    assert [passage.unsure for passage in question.passages] == [False, True]


def test_where_no_document_holds_an_answer_all_are_unsure(found):
    documents = (True, RIVER), (False, STORKS)
    (question,) = questions(found(dureader(*documents, answers=["子厚"])))
    assert [passage.unsure for passage in question.passages] == [True, True]
    for more in ({"answers": []}, {}):  # nobody answered: silence is right, or unknown
        (question,) = questions(found(dureader(*documents, **more)))
        assert [passage.unsure for passage in question.passages] == [False, False]


def test_the_spans_that_dureader_found_do_for_its_answers(found):
    content = dureader((True, RIVER), answers=["是柳子厚"], fake_answers=["柳宗元"])
    (question,) = questions(found(content))
    assert question.passages == (Passage(RIVER, ("柳宗元",), 0),)
    assert question.answers == ("是柳子厚",)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"documents": 3}, "no list under documents"),
        ({"documents": [3]}, "not a JSON object"),
        ({"documents": [{}]}, "no list under paragraphs"),
        ({"documents": [{"paragraphs": [3]}]}, "no text under paragraphs"),
        ({"documents": [], "fake_answers": [3]}, "no text under answer"),
    ],
)
def test_documents_that_cannot_be_read_are_named(found, broken, said):
    (record,) = found({"question": ASKED, **broken})
    assert record.problem == said


@pytest.mark.parametrize(
    "answers",
    [
        {"text": ["柳宗元", "柳河东"], "answer_start": [0, 9]},
        [{"text": "柳宗元", "answer_start": 0}, {"text": "柳河东"}],
        ["柳宗元", "柳河东"],
    ],
)
@pytest.mark.parametrize("key", ["context", "passage"])
def test_answers_are_read_as_hugging_face_lists_them(found, answers, key):
    content = {"id": "甲", "question": ASKED, key: RIVER, "answers": answers}
    (question,) = questions(found(content))
    both = ("柳宗元", "柳河东")
    assert question == Question("甲", ASKED, (Passage(RIVER, both, 0),), "qa", both)


def test_of_two_places_the_one_that_is_told_counts(found):
    text = "柳宗元是柳宗元。"
    for answers in (
        {"text": ["柳宗元"], "answer_start": [4]},
        [{"text": "柳宗元", "answer_start": 4}],
    ):
        content = {"question": ASKED, "context": text, "answers": answers}
        (question,) = questions(found(content))
        assert question.passages[0].start == 4


def test_an_empty_list_of_answers_is_none(found):
    for answers in ([], {"text": [], "answer_start": []}):
        content = {"question": ASKED, "context": RIVER, "answers": answers}
        (question,) = questions(found(content))
        assert (question.answers, question.passages) == ((), (Passage(RIVER),))


def test_the_gold_file_of_the_scorer_has_no_passages(found):
    text = "10\t柳宗元\t柳宗元|柳河东|\n\n11\t杜甫\t杜甫\r\n"
    first, second = questions(found(text, "gold.tsv"))
    assert first == Question("10", "", (), "gold", ("柳宗元", "柳河东"))
    assert second.answers == ("杜甫",)


def test_a_source_is_the_files_name_unless_it_is_told(found):
    assert questions(found([webqa()], "WebQA.v1.json"))[0].source == "WebQA"
    assert questions(found([webqa(source="甲")]))[0].source == "甲"


# --- sources


def test_a_gzipped_file_and_standard_input_are_read(tmp_path, monkeypatch):
    content = gzip.compress(json.dumps([webqa((RIVER, "柳宗元"))]).encode())
    (tmp_path / "qa.json.gz").write_bytes(content)
    stdin = types.SimpleNamespace(buffer=io.BytesIO(content))
    monkeypatch.setattr("sys.stdin", stdin)
    for name in (str(tmp_path / "qa.json.gz"), "-"):
        (path,) = find_files([name])
        (question,) = questions(read(path))
        assert question.answers == ("柳宗元",)
    assert question.source == "stdin"


def test_the_sample_is_what_the_page_says():
    found = load_questions(SAMPLES / "questions.json", "auto", Report())
    assert [len(question.passages) for question in found] == [2, 1, 1]
    assert [question.answers for question in found] == [("周阿福",), ("白鹭湖",), ()]


# --- what cannot be read


@pytest.mark.parametrize(
    ("content", "where", "problem"),
    [
        ('[{"id": "1"},\n{]', ":2", "not JSON"),
        ('{"id": "1"}\n{"question": }', ":2", "not JSON"),
        ("[" * 100_000, ":1", "not JSON"),
        ("[1]", ": record 1", "not a JSON object"),
        ('["x"]', ": record 1", "not a JSON object"),
        ("[{}]", ": record 1", "no text under question"),
        ([{"question": 3}], ": record 1", "no text under question"),
        ([webqa(question=" ")], ": record 1", "an empty question"),
        ([{"question": ASKED}], ": record 1", "no text under passage"),
        ([webqa(passages="x")], ": record 1", "no list under passages"),
        ([webqa(passages=[3])], ": record 1", "not a JSON object"),
        ([webqa(passages=[{"answer": ""}])], ": record 1", "no text under passage"),
        ([webqa(passages=["x"])], ": record 1", "no text under answer"),
        ([webqa((RIVER, None))], ": record 1", "no text under answer"),
        ([webqa((RIVER, "x"), answers=[3])], ": record 1", "no text under answer"),
        ([webqa((RIVER, "x"), id=[])], ": record 1", "no text under id"),
        ([webqa((RIVER, "x"), id=True)], ": record 1", "no text under id"),
        ([webqa((RIVER, "x"), source=1)], ": record 1", "no text under source"),
        ([webqa((RIVER, "\ud840"))], ": record 1", "half a character"),
        ({"data": 3}, ":1", "no text under context"),
        ({"data": [{"paragraphs": [{}]}]}, "article 1, paragraph 1", "under context"),
        ({"data": [{"context": "x"}]}, ":1, article 1", "no list under qas"),
        (squad(3), "paragraph 1, question 1", "not a JSON object"),
        (squad({"question": ASKED}), "question 1", "no text under answer"),
        (squad({"question": ASKED, "answers": 3}), "question 1", "under answer"),
        ("春眠不觉晓\n", ":1", "no JSON, and no id TAB answer TAB variants"),
        ("1\t二\n", ":1", "no JSON, and no id TAB answer TAB variants"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bad_record_is_yielded_with_its_place(found, content, where, problem):
    record = found(content)[-1]
    assert record.question is None
    assert record.where.endswith(where)
    assert problem in record.problem


def test_a_layout_that_is_told_is_not_guessed(found):
    qa = {"question": ASKED, "answers": ["柳宗元"]}
    (record,) = found(squad(qa), layout="webqa")
    assert record.problem == "no text under question"
    (record,) = found([webqa((RIVER, "柳宗元"))], layout="squad")
    assert record.problem == "no text under context"


def test_one_bad_question_costs_its_paragraph_nothing(found):
    good = {"id": "A", "question": ASKED, "answers": ["柳宗元"]}
    records = found(squad({}, good))
    assert [bool(record.problem) for record in records] == [True, False]
    parts = {"data": [{"paragraphs": [{}]}, {"context": RIVER, "qas": [good]}]}
    records = found(parts)
    assert [bool(record.problem) for record in records] == [True, False]


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", gzip.compress(b"[]")[:-9], "春眠".encode("gbk")],
    ids=["binary", "cut", "gbk"],
)
def test_what_is_no_text_is_one_problem_and_no_crash(tmp_path, content):
    (tmp_path / "qa.json").write_bytes(content)
    (record,) = read(tmp_path / "qa.json")
    assert record.problem.startswith("cannot be read: ")


# --- questions to be scored


def test_two_questions_of_one_id_are_an_error(found, tmp_path):
    found([webqa((RIVER, "柳宗元"), id="甲"), webqa((STORKS, ""), id="甲")])
    with pytest.raises(DataError, match=r"record 2: id 甲 again, after .* record 1"):
        load_questions(tmp_path / "qa.json", "auto", Report())


def test_bad_records_are_counted_or_with_strict_an_error(found, tmp_path):
    found([{}, webqa((RIVER, "柳宗元"))])
    report = Report()
    assert len(load_questions(tmp_path / "qa.json", "auto", report)) == 1
    assert report.dropped == {"unreadable record": 1}
    with pytest.raises(DataError, match="record 1: no text under question"):
        load_questions(tmp_path / "qa.json", "auto", Report(), strict=True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [("", "no question in it"), ("[]", "no question in it"), ("[{}]", "no text under")],
)
def test_a_file_without_questions_is_an_error(found, tmp_path, content, reason):
    found(content)
    with pytest.raises(DataError, match=reason):
        load_questions(tmp_path / "qa.json", "auto", Report())


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.json: cannot be read"):
        load_questions(tmp_path / "nowhere.json", "auto", Report())
