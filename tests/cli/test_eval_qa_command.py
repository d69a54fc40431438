import json
import pathlib

import pytest

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


def test_the_report_goes_to_a_file(score, tmp_path):
    options = ("--data", QUESTIONS, "--predictions", ANSWERS, "--json")
    result = score(*options, "-o", tmp_path / "report")
    assert result.output == ""
    assert "systems" in json.loads((tmp_path / "report").read_text("utf-8"))


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
        (["--data", QUESTIONS], "", 2, "Missing option '--predictions'"),
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
