"""The command around a reader that is a rule (`qa.stub`): < and > mark an answer."""

import json

import pytest
from qa.stub import stub_reader
from told import told

from nlg.qa.reader import Reader

POET = "杜甫，字子美，号<少陵>野老。"
OTHER = "李白，号<青莲居士>。"
SILENT = "春眠不觉晓，处处闻啼鸟。"
ASK = ("-q", "杜甫号什么？")


@pytest.fixture
def ask(run, monkeypatch):
    """`nlg qa` with the rule in place of a checkpoint."""
    opened = []

    def from_checkpoint(folder=None, device="cpu", workers=0):
        opened.append((folder, device, workers))
        return stub_reader()

    monkeypatch.setattr(Reader, "from_checkpoint", from_checkpoint)

    def ask(*arguments, stdin=None):
        return run("qa", "--checkpoint", "rule", *arguments, stdin=stdin)

    ask.opened = opened
    return ask


def shown(result):
    assert result.exit_code == 0, result.stderr
    return result.stdout.splitlines()


# --- one question


def test_an_answer_is_one_line_and_nothing_else(ask):
    result = ask(*ASK, "-p", SILENT, "-p", POET)
    assert (shown(result), result.stderr) == (["少陵"], "")


def test_json_has_the_place_and_what_every_passage_says(ask):
    (line,) = shown(ask(*ASK, "-p", SILENT, "-p", POET, "--json"))
    assert json.loads(line) == {
        "answer": "少陵",
        "confidence": 0.9048,
        "passage": 1,
        "start": 9,
        "end": 11,
        "votes": [
            {"no_answer": 0.9, "share": 0.0},
            {"no_answer": 0.05, "share": 1.0},
        ],
        "runners_up": [],
    }


def test_no_answer_is_an_empty_line_and_a_note(ask):
    result = ask(*ASK, "-p", SILENT)
    assert shown(result) == [""]
    assert (
        "note: no passage is likely enough to have an answer (the best: 90% that it "
        "has none); --silence raises the limit"
    ) in result.stderr
    (line,) = shown(ask(*ASK, "-p", SILENT, "--json"))
    assert json.loads(line)["answer"] == "" and json.loads(line)["passage"] == -1


def test_a_passage_is_silent_from_where_it_is_told_on(ask):
    assert shown(ask(*ASK, "-p", POET, "--silence", 0)) == [""]
    assert shown(ask(*ASK, "-p", POET, "--silence", 1)) != [""]
    refused = ask(*ASK, "-p", POET, "--silence", 2)
    assert refused.exit_code == 2 and "--silence" in refused.stderr


def test_below_the_threshold_nothing_is_answered(ask):
    result = ask(*ASK, "-p", POET, "--threshold", 0.95)
    assert shown(result) == [""]
    assert "note: no answer; 少陵 has a confidence of 90%" in result.stderr
    assert shown(ask(*ASK, "-p", POET, "--threshold", 0.9)) == ["少陵"]


def test_the_best_answers_have_their_confidence_and_place(ask):
    agreed = ("-p", OTHER, "-p", f"{OTHER}他是诗人。")
    assert shown(ask(*ASK, "-p", POET, *agreed, "--top-k", 2)) == [
        "青莲居士  90%  passage 2[5:9]",
        "少陵  86%  passage 1[9:11]",  # 90 %, by its share of the vote
    ]


def test_explain_marks_the_place_and_lists_the_passages(ask):
    lines = shown(ask(*ASK, "-p", SILENT, "-p", POET, "--explain"))
    assert lines == [
        "少陵  90%  passage 2[9:11]",
        "",
        "杜甫，字子美，号<【少陵】>野老。",
        "",
        "passage   vote  no answer",
        "      1     0%        90%  春眠不觉晓，处处闻啼鸟。",
        "      2   100%         5%  杜甫，字子美，号<少陵>野老。",
    ]


def test_explain_shows_a_part_of_a_long_passage(ask):
    lines = shown(ask(*ASK, "-p", SILENT * 9 + POET + SILENT * 9, "--explain"))
    marked = lines[2]
    assert marked.startswith("…") and marked.endswith("…") and "【少陵】" in marked
    assert len(marked) == 60 + 4 + 60 + 2


def test_explain_says_which_passages_were_not_read(ask):
    many = [x for n in range(40) for x in ("-p", f"{SILENT}{n}")]
    lines = shown(ask(*ASK, "-p", POET, *many, "--explain"))
    assert sum("not read" in line for line in lines) == 9


# --- where texts come from


def test_passages_come_from_arguments_files_and_standard_input(ask, tmp_path):
    file = tmp_path / "长城 text.txt"
    file.write_text(f"{SILENT}\n\n{POET}\n", "utf-8")
    (line,) = shown(ask(*ASK, "-p", SILENT, "-p", f"@{file}", "--json"))
    found = json.loads(line)
    assert found["passage"] == 1 and found["start"] == len(SILENT) + 2 + 9
    assert shown(ask(*ASK, "-p", "-", stdin=f"\ufeff{POET}\n")) == ["少陵"]
    assert shown(ask("-q", "-", "-p", POET, stdin="杜甫号什么？\n")) == ["少陵"]


@pytest.mark.parametrize(
    "content",
    [
        f"{SILENT}\n\n{POET}\n",
        f"{json.dumps(SILENT)}\n{json.dumps(POET)}\n",
        f'{{"text": "{SILENT}"}}\n{{"passage": "{POET}", "answer": ""}}',
    ],
)
def test_a_file_has_a_passage_a_line(ask, tmp_path, content):
    file = tmp_path / "passages"
    file.write_text(content, "utf-8")
    (line,) = shown(ask(*ASK, "--passages", file, "--json"))
    found = json.loads(line)
    assert (found["answer"], found["passage"]) == ("少陵", 1)
    assert len(found["votes"]) == 2
    (piped,) = shown(ask(*ASK, "--passages", "-", "--json", stdin=content))
    assert piped == line


def test_a_result_may_go_to_a_file(ask, tmp_path):
    out = tmp_path / "answer.txt"
    result = ask(*ASK, "-p", POET, "-o", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert out.read_text("utf-8") == "少陵\n"


def test_what_is_cut_off_a_long_question_is_told(ask):
    result = ask("-q", "一二三四五" * 4 + "杜甫号什么？", "-p", POET)
    assert shown(result) == ["少陵"]
    assert "note: too long a question; not read: 一二三四五一二三四五" in result.stderr
    result = ask("-q", "一二三四五" * 99 + "杜甫号什么？", "-p", POET)
    assert f"not read: {'一二三四五' * 4}…\n" in result.stderr


@pytest.mark.parametrize(
    "text", ["🙂", "国際", "A long time ago", "李" * 2000, "<" * 500, "a\x00b"]
)
def test_odd_texts_do_no_harm(ask, text):
    for arguments in (("-q", text, "-p", POET), (*ASK, "-p", text)):
        result = ask(*arguments)
        assert result.exit_code == 0 and result.stdout.count("\n") == 1


# --- what cannot be


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "give --question and a --passage, or --input"),
        (ASK, 2, "give a --passage, or --passages FILE"),
        (("-q", "", "-p", POET), 2, "the question is empty"),
        ((*ASK, "-p", ""), 2, "passage 1 is empty"),
        ((*ASK, "-p", "@nowhere.txt"), 1, "nowhere.txt cannot be read"),
        ((*ASK, "--passages", "nowhere.txt"), 1, "nowhere.txt cannot be read"),
        ((*ASK, "-p", "-", "--passages", "-"), 2, "can be read once only"),
        ((*ASK, "-p", POET, "--top-k", 9), 2, "top-k"),
        ((*ASK, "-p", POET, "--threshold", "nan"), 2, "no finite number"),
        ((*ASK, "-p", POET, "--answer-type", "place"), 2, "without answer types"),
        ((*ASK, "--input", "a.jsonl"), 2, "--input has questions and passages"),
        (("--explain", "--input", "a.jsonl"), 2, "are for one question"),
        (("--input", "nowhere.jsonl"), 1, "nowhere.jsonl: no such file"),
        ((*ASK, "-p", POET, "--batch-size", 8), 2, "--batch-size is for the questions"),
        (
            ("--input", "a.jsonl", "--batch-size", 0),
            2,
            "0 is not in the range 1<=x<=128",
        ),
        (("--input", "a.jsonl", "--batch-size", "all"), 2, "'all' is not a valid"),
    ],
)
def test_what_cannot_be_done_is_one_line(ask, arguments, code, says):
    assert says in told(ask(*arguments), code)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"passage": 7}', "p:1: no text, and no object with a passage"),
        (b'"a"\n{', "p:2: not JSON"),
        (b'"\\ud840"', "p:1: no text"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"", "no passage to answer from"),
        (b"\n \n", "no passage to answer from"),
    ],
)
def test_a_broken_file_of_passages_is_one_line(ask, tmp_path, content, says):
    file = tmp_path / "p"
    file.write_bytes(content)
    result = ask(*ASK, "--passages", file)
    assert says in told(result, result.exit_code) and result.exit_code in (1, 2)


def test_a_checkpoint_that_is_not_there_is_one_line(run, tmp_path):
    message = told(run("qa", *ASK, "-p", POET, "--checkpoint", tmp_path / "no"), 1)
    assert f"{tmp_path / 'no'}: no such checkpoint folder" in message


# --- many questions

LINES = [
    {"id": "a", "question": "杜甫号什么？", "passages": [SILENT, POET]},
    {"id": 2, "question": "谁？", "passages": [{"passage": OTHER, "answer": "x"}]},
    {"id": "c", "question": "在哪里？", "passages": [SILENT]},
]
ANSWERS = [
    {"id": "a", "answer": "少陵", "confidence": 0.9048, "passage": 1, "start": 9, "end": 11},  # noqa: E501
    {"id": 2, "answer": "青莲居士", "confidence": 0.9048, "passage": 0, "start": 5, "end": 9},  # noqa: E501
    {"id": "c", "answer": "", "confidence": 0.0, "passage": -1, "start": -1, "end": -1},
]  # fmt: skip


def text_of(rows):
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def questions(tmp_path):
    file = tmp_path / "questions.jsonl"
    file.write_text(text_of(LINES), "utf-8")
    return file


def test_a_dash_for_the_output_is_stdout(ask, questions, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = {*tmp_path.iterdir()}
    done = ask("--input", questions, "--output", "-")
    assert done.stdout == ask("--input", questions).stdout != ""
    assert {*tmp_path.iterdir()} == before


def test_each_line_is_answered_in_order(ask, questions, tmp_path):
    printed = ask("--input", questions)
    assert (printed.exit_code, objects(printed.stdout)) == (0, ANSWERS)
    out = tmp_path / "answers.jsonl"
    written = ask("--input", questions, "--output", out)
    assert (written.exit_code, written.stdout, written.stderr) == (0, "", "")
    assert out.read_text("utf-8") == printed.stdout
    assert sorted(x.name for x in tmp_path.iterdir()) == [out.name, questions.name]
    piped = ask("--input", "-", stdin=questions.read_text("utf-8"))
    assert piped.stdout == printed.stdout


@pytest.mark.parametrize(("size", "runs"), [("auto", 1), ("2", 2), ("1", 3)])
def test_so_many_questions_go_through_the_graph_together(
    ask, questions, monkeypatch, size, runs
):
    reader = stub_reader()
    monkeypatch.setattr(Reader, "from_checkpoint", lambda *given: reader)
    result = ask("--input", questions, "--batch-size", size)
    assert objects(result.stdout) == ANSWERS
    assert len(reader.checkpoint.runs) == runs


def test_a_line_that_fails_says_why_and_the_others_are_answered(ask, tmp_path):
    broken = [
        (LINES[0], ""),
        ("{", "not JSON"),
        ({"id": 5}, "no question"),
        ({"id": 6, "question": "谁？"}, "no passages"),
        ({"id": 7, "question": "谁？", "passages": "春"}, "no passages"),
        ({"id": 8, "question": "谁？", "passages": [7]}, "passage 1: no text"),
        ({"id": 9, "question": "谁？", "passages": ["春", " "]}, "passage 2 is empty"),
        ({"id": 10, "question": "", "passages": ["春"]}, "the question is empty"),
        ({"id": 11, "question": "谁？", "passages": []}, "no passage to answer from"),
        ("[" * 5000, "not JSON"),
        ([1], "not a JSON object"),
        ('{"id": 1, "question": "\\ud840", "passages": ["a"]}', "question: no text"),
        (LINES[1], ""),
    ]
    file, out = tmp_path / "questions.jsonl", tmp_path / "answers.jsonl"
    rows = [x if isinstance(x, str) else json.dumps(x) for x, _ in broken]
    file.write_text("\n\n".join(rows), "utf-8")
    result = ask("--input", file, "--output", out)
    assert result.exit_code == 1
    assert "11 of 13 lines have an error" in result.stderr
    found = objects(out.read_text("utf-8"))
    assert [found[0], found[-1]] == ANSWERS[:2]
    for number, (facts, (_, says)) in enumerate(zip(found, broken, strict=True)):
        assert says in facts.get("error", "")
        if says:
            assert facts["answer"] == "" and facts["line"] == 2 * number + 1


def test_line_without_an_id_gets_its_number(ask, tmp_path):
    file = tmp_path / "questions.jsonl"
    rows = [{**LINES[0], "id": 1}, {**LINES[1], "key": "x"}, {**LINES[2]}]
    del rows[2]["id"]
    file.write_text(text_of(rows), "utf-8")
    assert [one["id"] for one in objects(ask("--input", file).stdout)] == [1, 2, 3]
    result = ask("--input", file, "--id-field", "key")
    assert [one["id"] for one in objects(result.stdout)] == [1, "x", 3]


@pytest.fixture
def stop_after(monkeypatch):
    """Let the reader answer so many requests, then fail as a kill would end it."""
    answer_all = Reader.answer_all

    def stop_after(count):
        left = [count]

        def answer(self, requests, options):
            requests = list(requests)
            left[0] -= len(requests)
            if left[0] < 0:
                raise RuntimeError("killed")
            return answer_all(self, requests, options)

        monkeypatch.setattr(Reader, "answer_all", answer)

    return stop_after


def test_a_killed_run_goes_on_where_it_was(ask, questions, tmp_path, stop_after):
    out = tmp_path / "answers.jsonl"
    given = ("--input", questions, "--output", out, "--batch-size", "1")
    stop_after(2)
    with pytest.raises(RuntimeError):
        ask(*given)
    assert not out.exists()
    stop_after(1)
    result = ask(*given)
    assert objects(out.read_text("utf-8")) == ANSWERS
    assert "2 answers of an earlier run were kept" in result.stderr
    assert sorted(x.name for x in tmp_path.iterdir()) == [out.name, questions.name]


@pytest.mark.parametrize("change", ["options", "question"])
def test_answers_to_what_was_asked_otherwise_are_not_kept(
    ask, questions, tmp_path, stop_after, change
):
    out = tmp_path / "answers.jsonl"
    given = ("--input", questions, "--output", out, "--batch-size", "1")
    stop_after(1)
    with pytest.raises(RuntimeError):
        ask(*given)
    if change == "options":
        given += ("--silence", "0.5")
    else:
        rows = [{**LINES[0], "question": "李白号什么？"}, *LINES[1:]]
        questions.write_text(text_of(rows), "utf-8")
    stop_after(3)
    says = ask(*given).stderr
    assert "answered anew" in says and "kept" not in says


def test_answers_that_cannot_be_written_are_one_line(ask, questions, tmp_path):
    result = ask("--input", questions, "--output", tmp_path / "no" / "answers.jsonl")
    assert "answers.jsonl cannot be written" in told(result, 1)


def test_an_empty_file_has_no_answers(ask, tmp_path):
    file, out = tmp_path / "none.jsonl", tmp_path / "answers.jsonl"
    file.write_text("\n", "utf-8")
    assert ask("--input", file, "--output", out).exit_code == 0
    assert out.read_text("utf-8") == ""


def test_a_line_may_hold_what_other_programs_part_lines_at(ask, tmp_path):
    file, out = tmp_path / "questions.jsonl", tmp_path / "answers.jsonl"
    odd = {"id": "a", "question": "号？", "passages": ["号<少\u2028陵>\x85"]}
    file.write_text(text_of([odd]), "utf-8")
    assert ask("--input", file, "--output", out).exit_code == 0
    assert json.loads(out.read_text("utf-8"))["answer"] == "少\u2028陵"


def test_help_has_an_example_in_chinese(run):
    result = run("qa", "--help")
    assert result.exit_code == 0 and "谁号少陵野老？" in result.stdout


def test_the_checkpoint_and_the_device_are_those_asked_for(ask, tmp_path):
    ask(*ASK, "-p", POET, "--device", "gpu")
    assert str(ask.opened[-1][0]) == "rule" and ask.opened[-1][1] == "gpu"


@pytest.mark.parametrize("before", ["", "　　", "\n\n", " \t"])
def test_places_are_those_of_the_text_that_was_given(ask, tmp_path, before):
    text = f"{before}{POET}\n"
    file, lines = tmp_path / "passage.txt", tmp_path / "passages.txt"
    file.write_text(f"\ufeff{text}", "utf-8")
    lines.write_text(f"{SILENT}\n{text}", "utf-8")
    ways = [("-p", text), ("-p", f"@{file}")]
    for way in ways:
        found = json.loads(*shown(ask(*ASK, *way, "--json")))
        assert text[found["start"] : found["end"]] == found["answer"]
    found = json.loads(*shown(ask(*ASK, "--passages", lines, "--json")))
    row = text.split("\n")[-2]
    assert row[found["start"] : found["end"]] == found["answer"]
