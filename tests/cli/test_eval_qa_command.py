import json
import pathlib

import pytest
from qa.stub import stub_reader

from nlg.qa.reader import Reader
from nlg.runtime.graph import available_cores

SAMPLES = pathlib.Path(__file__).parents[2] / "data" / "samples"
QUESTIONS = SAMPLES / "questions.json"
ANSWERS = SAMPLES / "answers.tsv"  # one right, one near, one silent and rightly so
MORE = [
    {"id": "1", "source": "诗", "passage": "柳宗元写了《江雪》。"},
    {"id": "2", "source": "地", "passage": "首都是北京。"},
]
MORE[0] |= {"question": "谁写了《江雪》？", "answer": "柳宗元"}
MORE[1] |= {"question": "首都在哪里？", "answer": "北京"}


@pytest.fixture
def score(run):
    """Run `nlg eval qa`."""
    return lambda *arguments, stdin=None: run("eval", "qa", *arguments, stdin=stdin)


@pytest.fixture
def more(tmp_path):
    path = tmp_path / "more.jsonl"
    path.write_text("\n".join(map(json.dumps, MORE)), "utf-8")
    return path


def test_all_scores_of_the_sample_are_what_the_page_says(score):
    result = score("--data", QUESTIONS, "--predictions", ANSWERS, "--json")
    (report,) = json.loads(result.stdout)["systems"].values()
    near = 2 * 2 / (2 + 3)  # 白鹭 for 白鹭湖
    wanted = {
        "questions": 3,
        "missing": 1,
        "sogou_accuracy": 1 / 3,
        "sogou_f1": (1 + near) / 3,
        "sogou_final": (1 + 1 + near) / 6,
        "webqa_precision": 1 / 2,
        "webqa_recall": 1 / 2,
        "webqa_f1": 1 / 2,
        "webqa_character_precision": (1 + near) / 2,
        "webqa_character_recall": (1 + near) / 2,
        "webqa_character_f1": (1 + near) / 2,
        "squad_exact_match": 2 / 3,
        "squad_f1": (1 + near + 1) / 3,
        "answered": 1,
        "left_empty": 1,
    }
    assert report["all"] == pytest.approx(wanted)


def test_a_table_stands_above_its_signatures(score):
    result = score("--data", QUESTIONS, "--predictions", ANSWERS, "--metric", "squad")
    name, head, *rows, signature = filter(None, result.stdout.splitlines())
    assert name == str(ANSWERS)
    assert head.split() == ["all"]
    assert dict(row.split() for row in rows)["squad_exact_match"] == "0.6667"
    assert signature.startswith("squad|") and signature.endswith("|version:1")
    assert result.stderr == ""


def test_systems_and_sources_have_their_own_columns(score, more, tmp_path):
    (tmp_path / "a.json").write_text('{"1": "柳宗元", "2": "上海"}', "utf-8")
    stdin = "1\t柳宗元\n2\t北京\n"
    options = ("--predictions", tmp_path / "a.json", "--predictions", "-", "--json")
    result = score("--data", more, *options, "--metric", "webqa", stdin=stdin)
    systems = json.loads(result.stdout)["systems"]
    assert list(systems) == [str(tmp_path / "a.json"), "-"]
    found = {
        (name, column): scores["webqa_f1"]
        for name, report in systems.items()
        for column, scores in report.items()
    }
    theirs = str(tmp_path / "a.json")
    assert found == {
        (theirs, "all"): 1 / 2,
        (theirs, "诗"): 1,
        (theirs, "地"): 0,
        ("-", "all"): 1,
        ("-", "诗"): 1,
        ("-", "地"): 1,
    }


def test_columns_may_be_types_of_answers(score, more):
    options = ("--data", more, "--predictions", "-", "--by", "type", "--json")
    (report,) = json.loads(score(*options, stdin="1\t柳宗元").stdout)[
        "systems"
    ].values()
    assert list(report) == ["all", "person", "place"]


def test_the_scorers_way_of_counting_has_its_own_signature(score, tmp_path):
    (tmp_path / "gold.tsv").write_text(
        "1\t巴西 南非\t巴西南非\n2\t北京\t北京\n", "utf-8"
    )
    options = ("--data", tmp_path / "gold.tsv", "--predictions", "-", "--json")
    options = (*options, "--metric", "sogou")
    said = "1\t南非 巴西\n1\t南非 巴西\n"
    told = json.loads(score(*options, "--as-submitted", stdin=said).stdout)
    (report,) = told["systems"].values()
    assert report["all"]["questions"] == 2
    assert report["all"]["sogou_accuracy"] == 1
    assert "missing:left out" in told["signatures"][0]
    assert "id 1 again" in score(*options, stdin=said).stderr


def test_bad_questions_are_named_and_the_rest_is_scored(score, more):
    text = "{oops}\n" * 25 + more.read_text("utf-8")
    result = score("--data", "-", "--predictions", ANSWERS, stdin=text)
    assert "no question has the id" in result.stderr
    more.with_name("said").write_text("1\t柳宗元", "utf-8")
    result = score(
        "--data", "-", "--predictions", more.with_name("said"), "--json", stdin=text
    )
    assert "skipped: <stdin>:1: not JSON" in result.stderr
    assert "skipped: 5 more" in result.stderr
    (report,) = json.loads(result.stdout)["systems"].values()
    assert report["all"]["questions"] == 2


# --- our own model, a rule here: a passage answers what it has between < and >

POET, OTHER, SILENT = "杜甫，号<少陵>野老。", "李白，号<青莲居士>。", "春眠不觉晓。"
ANOTHER = "李白，自号<青莲居士>。"  # equal passages would have one vote
ASKED = [
    ("甲", "杜甫号什么？", [(SILENT, ""), (POET, "少陵")]),
    ("乙", "谁？", [(POET, ""), (OTHER, "青莲居士"), (ANOTHER, "青莲居士")]),
    ("丙", "在哪里？", [(SILENT, "")]),
]


def voted(rows):
    return [
        {
            "id": name,
            "question": question,
            "passages": [{"passage": text, "answer": right} for text, right in parts],
        }
        for name, question, parts in rows
    ]


@pytest.fixture
def answered(score, monkeypatch, tmp_path):
    """Run `nlg eval qa` on questions of its own, answered by the rule."""
    opened = []

    def from_checkpoint(folder=None, device="cpu", workers=0):
        opened.append({"folder": str(folder), "device": device, "workers": workers})
        return stub_reader()

    def answered(*arguments, rows=ASKED):
        path = tmp_path / "voted.json"
        path.write_text(json.dumps(voted(rows)), "utf-8")
        return score("--data", path, "--checkpoint", "rule", *arguments)

    monkeypatch.setattr(Reader, "from_checkpoint", from_checkpoint)
    answered.opened, answered.path = opened, tmp_path / "voted.json"
    return answered


def test_our_model_answers_where_no_predictions_are_given(answered):
    result = answered("--json")
    (report,) = json.loads(result.stdout)["systems"].values()
    assert (result.exit_code, result.stderr) == (0, "")
    assert report["all"]["squad_exact_match"] == report["all"]["webqa_f1"] == 1
    assert (report["all"]["answered"], report["all"]["left_empty"]) == (1, 1)
    assert report["all"]["missing"] == 0
    assert report["all"]["ece"] == pytest.approx(1 - 0.9048)


def test_answers_that_were_written_score_as_they_did(answered, score, tmp_path):
    ours = answered("--json", "-o", tmp_path / "answers.jsonl")
    assert "systems" in json.loads(ours.stdout)
    rows = (tmp_path / "answers.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(row) for row in rows] == [
        dict(id="甲", answer="少陵", confidence=0.9048, passage=1, start=5, end=7),
        dict(id="乙", answer="青莲居士", confidence=0.9048, passage=1, start=5, end=9),
        dict(id="丙", answer="", confidence=0.0, passage=-1, start=-1, end=-1),
    ]
    options = ("--data", answered.path, "--json", "--predictions")
    again = score(*options, tmp_path / "answers.jsonl")
    (first,), (second,) = (
        json.loads(result.stdout)["systems"].values() for result in (ours, again)
    )
    assert first == second


@pytest.mark.parametrize("name", ["answers.csv", "answers.parquet"])
def test_answers_are_json_lines_and_no_table(answered, tmp_path, name):
    result = answered("-o", tmp_path / name)
    assert result.exit_code == 2 and "gets JSON lines" in result.stderr


def test_scores_are_the_same_where_answers_go_to_a_device(answered):
    assert answered("-o", "/dev/null").stdout == answered().stdout


def test_the_model_is_told_what_the_options_say(answered):
    answered("--device", "gpu")
    cores = available_cores()
    assert answered.opened == [{"folder": "rule", "device": "gpu", "workers": cores}]
    result = answered("--threshold", 0.95, "--metric", "webqa", "--json")
    (report,) = json.loads(result.stdout)["systems"].values()
    assert report["all"]["answered"] == 0
    assert "webqa_precision" in report["all"] and "ece" not in report["all"]
    assert "without answer types" in answered("--answer-type", "time").stderr


def test_single_passages_are_scored_beside_the_vote(answered):
    # By place, the first: 丙 and 丁 right; the second: 甲, 乙 and 丙; the third: 乙, 丙
    # and 丁, where a place that is not there is silent, rightly so in 丙.
    rows = [
        *ASKED,
        ("丁", "谁？", [(OTHER, "青莲居士"), (POET, ""), (ANOTHER, "青莲居士")]),
    ]
    result = answered("--per-passage", "--json", "--metric", "squad", rows=rows)
    systems = json.loads(result.stdout)["systems"]
    found = {
        name: report["all"]["squad_exact_match"] for name, report in systems.items()
    }
    assert found == {
        "nlg": 1,
        "nlg, surest passage": 3 / 4,  # of two that are as sure, the first: 乙 is wrong
        "nlg, passage 2": 3 / 4,
    }
    assert systems["nlg, passage 2"]["all"]["missing"] == 1


def test_a_question_that_cannot_be_answered_scores_nothing_and_is_told(answered):
    rows = [*ASKED, ("丁", "谁？", [(POET, "少陵"), (" ", "")])]
    result = answered("--json", "--per-passage", rows=rows)
    assert result.exit_code == 0
    assert result.stderr == (
        "not answered: id 丁: passage 2 is empty; leave it out or give a text\n"
    )
    report = json.loads(result.stdout)["systems"]["nlg"]["all"]
    assert (report["questions"], report["missing"]) == (4, 1)
    assert report["sogou_accuracy"] == pytest.approx(2 / 4)


def test_of_many_problems_the_first_are_told(answered):
    bad = [(str(n), "谁？", [(" ", "")]) for n in range(23)]
    told = answered(rows=[*ASKED, *bad]).stderr.splitlines()
    assert len(told) == 21 and told[-1] == "not answered: 3 more"


def test_questions_without_passages_are_one_clear_line(answered, tmp_path):
    (tmp_path / "gold.tsv").write_text("1\t北京\t北京\n", "utf-8")
    result = answered("--data", tmp_path / "gold.tsv", "-o", tmp_path / "answers")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no question can be answered: id 1: " in result.stderr
    assert result.stderr.count("\n") == 1


def test_answers_that_cannot_be_written_are_one_clear_line(answered, tmp_path):
    result = answered("-o", tmp_path / "no" / "answers")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "answers cannot be written" in result.stderr


def test_a_checkpoint_that_is_not_there_is_one_line(score, tmp_path):
    result = score("--data", QUESTIONS, "--checkpoint", tmp_path / "no")
    assert result.exit_code == 1 and "no such checkpoint folder" in result.stderr


# --- what cannot be scored


@pytest.mark.parametrize(
    ("arguments", "stdin", "exit_code", "reason"),
    [
        (["--data", "nowhere", "--predictions", "-"], "", 1, "nowhere: cannot be read"),
        (["--data", SAMPLES, "--predictions", "-"], "", 1, "samples: cannot be read"),
        (["--data", QUESTIONS, "--predictions", "nowhere"], "", 1, "nowhere: cannot"),
        (["--data", QUESTIONS, "--predictions", "-"], "", 1, "<stdin>: no prediction"),
        (["--data", QUESTIONS, "--predictions", "-"], "村\t1", 1, "has the id '村'"),
        (["--data", QUESTIONS, "--predictions", "-"], "桥 1", 1, "<stdin>:1: no JSON"),
        (["--data", "-", "--predictions", ANSWERS], "", 1, "<stdin>: no question in"),
        (["--data", "-", "--predictions", "-"], "", 2, "standard input is one file"),
        (
            ["--data", QUESTIONS, "--predictions", ANSWERS, "--answer-type", "time"],
            "",
            2,
            "--answer-type is for our own model, which --predictions takes the place",
        ),
        (
            ["--data", QUESTIONS, "--predictions", ANSWERS, "-o", "answers"],
            "",
            2,
            "--output is for our own model",
        ),
        (["--predictions", ANSWERS], "", 2, "Missing option '--data'"),
        (
            ["--data", QUESTIONS, "--predictions", ANSWERS, "--metric", "rouge"],
            "",
            2,
            "'rouge' is not one of",
        ),
    ],
)
def test_what_cannot_be_scored_is_told(score, arguments, stdin, exit_code, reason):
    result = score(*arguments, stdin=stdin)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    message = result.stderr.splitlines()[-1]
    assert message.startswith("Error: ")
    assert reason in message


def test_answers_do_not_go_among_the_scores_on_stdout(score, more):
    result = score("--data", more, "--output", "-")
    assert result.exit_code == 2
    assert "stdout has the scores; name a file" in result.stderr


def test_what_a_batch_could_not_answer_is_a_question_without_a_prediction(
    score, more, tmp_path
):
    rows = [
        {"id": "1", "answer": "柳宗元", "confidence": 0.9},
        {"id": "2", "answer": "", "error": "no passages", "line": 2},
    ]
    answers = tmp_path / "answers.jsonl"
    answers.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    result = score("--data", more, "--predictions", answers, "--json")
    (report,) = json.loads(result.stdout)["systems"].values()
    assert (report["all"]["questions"], report["all"]["missing"]) == (2, 1)
