import gzip
import json
import pathlib

import pytest

from nlg.qa.data.examples import load_examples
from nlg.qa.question_type import answer_type

SAMPLES = pathlib.Path(__file__).parents[2] / "data" / "samples"
RIVER = "柳宗元被贬到永州，在那里写了《江雪》。"
EXILE = "刘禹锡被贬到朗州，在那里写了《竹枝词》。"
LINES = [
    {"source": "诗", "passage": RIVER, "question": "谁在永州？", "answer": "柳宗元"},
    {"source": "诗", "passage": EXILE, "question": "谁在朗州？", "answer": "刘禹锡"},
]
TEXT = "\n".join(json.dumps(line, ensure_ascii=False) for line in LINES)
NEWS = (
    "洞庭湖在湖南省的北边。\n夏天，孩子们去看洞庭湖。\n\n"
    "鲁班是春秋时代的木匠。\n传说石桥是鲁班领着大家修的。\n"
)


@pytest.fixture
def collect(run, tmp_path):
    """Run `nlg data qa`; return the result and the path of its output."""

    def collect(*arguments, stdin=None):
        out = tmp_path / "out.jsonl"
        return run("data", "qa", *arguments, "-o", out, stdin=stdin), out

    return collect


@pytest.fixture
def blank(run, tmp_path):
    """Run `nlg data cloze`; return the result and the path of its output."""

    def blank(*arguments, stdin=None):
        out = tmp_path / "clozes.jsonl"
        return run("data", "cloze", *arguments, "-o", out, stdin=stdin), out

    return blank


def failure(result, exit_code):
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert "Traceback" not in result.stderr
    message = result.stderr.splitlines()[-1]
    assert message.startswith("Error: ")
    return message


# --- nlg data qa


def test_examples_go_to_the_file_and_the_report_to_stderr(collect):
    result, out = collect(SAMPLES / "questions.json", "--dev-share", 0)
    assert (result.exit_code, result.stdout) == (0, "")
    answers = [example.answer for example in load_examples(out)]
    assert answers == ["周阿福", "", "白鹭湖", ""]
    assert "read 3 records; kept questions 4" in result.stderr
    assert f"{out}: 4 examples, 0 negatives" in result.stderr
    assert f"wrote 3 questions to {out}, 0 kept back for dev" in result.stderr


def test_files_standard_input_and_gzip_give_the_same(collect, tmp_path):
    (tmp_path / "qa.jsonl.gz").write_bytes(gzip.compress(TEXT.encode()))
    made = []
    for source, stdin in ((tmp_path / "qa.jsonl.gz", None), ("-", TEXT)):
        _, out = collect(source, stdin=stdin)
        made.append(out.read_bytes())
        out.unlink()
    assert made[0] == made[1]
    assert b'"answer": "\xe6\x9f\xb3' in made[0]


def test_the_dev_part_lies_beside_with_passages_of_its_own(collect, tmp_path):
    _, out = collect("-", "--dev-share", 0.5, stdin=TEXT)
    (train,) = load_examples(out)
    (dev,) = load_examples(tmp_path / "out.dev.jsonl")
    assert {train.passage, dev.passage} == {RIVER, EXILE}


def test_questions_come_again_about_another_name(collect):
    titled = [
        line | {"question": f"谁写了《{title}》？"}
        for line, title in zip(LINES, ("江雪", "竹枝词"), strict=True)
    ]
    text = "\n".join(json.dumps(line) for line in titled)
    result, out = collect("-", "--exchanged", 1, stdin=text)
    assert f"{out}: 2 examples, 2 negatives" in result.stderr
    asked = {(x.passage, x.question, x.answer) for x in load_examples(out)}
    assert (RIVER, "谁写了《竹枝词》？", "") in asked
    assert (RIVER, "谁写了《江雪》？", "柳宗元") in asked


def test_negatives_are_made_of_the_passages_of_others(collect):
    result, out = collect("-", "--negatives", 1, stdin=TEXT)
    assert f"{out}: 2 examples, 2 negatives" in result.stderr
    found = {(each.question, each.passage): each.answer for each in load_examples(out)}
    assert found == {
        ("谁在永州？", RIVER): "柳宗元",
        ("谁在朗州？", EXILE): "刘禹锡",
        ("谁在永州？", EXILE): "",
        ("谁在朗州？", RIVER): "",
    }


def test_what_is_changed_or_dropped_is_counted(collect):
    lost = json.dumps({"passage": RIVER, "question": "谁？", "answer": "王之涣"})
    options = ("--max-passage", 9, "--max-question", 4, "--max-answer", 3)
    result, out = collect("-", *options, stdin=f"{TEXT}\n{lost}\n{lost}\n{{oops}}")
    for line in (
        "skipped: <stdin>:5: not JSON",
        "dropped 1: unreadable record",
        "dropped 1: duplicate",
        "changed 3: passage cut to 9 characters",
        "changed 2: question cut to its last 4 characters",
        "changed 1: answer not in its passage",
    ):
        assert line in result.stderr
    assert {len(example.passage) for example in load_examples(out)} == {9}
    result, _ = collect("-", "--extractive", stdin=f"{TEXT}\n{lost}")
    assert "dropped 1: answer not in its passage" in result.stderr


def test_strict_stops_at_a_bad_record_and_writes_nothing(collect):
    result, out = collect("-", "--strict", stdin=f"{TEXT}\n{{oops}}")
    assert "<stdin>:3: not JSON" in failure(result, 1)
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "stdin", "exit_code", "reason"),
    [
        (["-"], "", 1, "no question in the input"),
        (["-"], "春眠", 1, "no question in the input"),
        (["-", "--format", "squad"], TEXT, 1, "no question in the input"),
        (["nowhere.json"], None, 1, "nowhere.json: no such file or folder"),
        (["-", "--format", "xml"], TEXT, 2, "'xml' is not one of"),
        (["-", "--negatives", "2"], TEXT, 2, "2.0 is not in the range"),
        (["-", "--negatives", "nan"], TEXT, 2, "nan is no finite number"),
        (["-", "--max-passage", "-1"], TEXT, 2, "-1 is not in the range"),
        ([], None, 2, "Missing argument 'INPUT...'"),
    ],
)
def test_what_cannot_be_collected_is_told(collect, arguments, stdin, exit_code, reason):
    result, out = collect(*arguments, stdin=stdin)
    assert reason in failure(result, exit_code)
    assert not out.exists()


def test_an_output_that_cannot_be_written_is_named(run, tmp_path):
    result = run("data", "qa", "-", "-o", tmp_path, stdin=TEXT)
    assert f"{tmp_path} cannot be written: " in failure(result, 1)


# --- nlg data cloze


def test_names_that_recur_are_asked_for(blank):
    result, out = blank("-", stdin=NEWS)
    assert (result.exit_code, result.stdout) == (0, "")
    found = load_examples(out)
    assert {example.answer for example in found} == {"洞庭湖", "鲁班"}
    assert all(example.start >= 0 and "（）" in example.question for example in found)
    assert f"wrote {len(found)} questions to {out}" in result.stderr


def test_the_limit_and_the_seed_are_kept(blank):
    made = []
    for seed in (1, 1, 2, 3, 4, 5):
        _, out = blank("-", "--limit", 1, "--seed", seed, stdin=NEWS)
        made.append(out.read_bytes())
        assert len(load_examples(out)) == 1
    assert made[0] == made[1]
    assert len(set(made)) > 1


def test_words_may_ask_of_a_passage_that_has_the_sentence(blank):
    one_sentence = "霍元甲于1910年在上海创立了精武体育会。"
    result, out = blank("-", "--kept", "1", stdin=one_sentence)
    assert result.exit_code == 0
    (example,) = load_examples(out)
    assert example.passage == one_sentence
    assert example.answer not in example.question
    assert answer_type(example.question) != "other"
    _, out = blank("-", "--asked", "1", "--silent", "1", stdin=NEWS * 9)
    assert all("（）" not in example.question for example in load_examples(out))


def test_clozes_may_go_to_stdout(run, blank, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    _, out = blank("-", stdin=NEWS)
    told = run("data", "cloze", "-", "-o", "-", stdin=NEWS)
    assert told.stdout == out.read_text("utf-8")
    assert not (tmp_path / "-").exists()


def test_files_are_read_in_turn(blank, tmp_path):
    first, second = NEWS.split("\n\n")
    (tmp_path / "甲.txt").write_text("\n\n".join([first] * 5), "utf-8")
    (tmp_path / "乙.txt.gz").write_bytes(gzip.compress(second.encode()))
    _, out = blank(tmp_path / "甲.txt", tmp_path / "乙.txt.gz", "--limit", 3)
    sources = [example.source for example in load_examples(out)]
    assert sources == ["甲", "乙", "甲"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "exit_code", "reason"),
    [
        (["-"], "", 1, "no name stands in two sentences"),
        (["-"], "春眠不觉晓。", 1, "no name stands in two sentences"),
        (["nowhere.txt"], None, 1, "nowhere.txt: cannot be read"),
        ([SAMPLES], None, 1, "samples: cannot be read"),
        (["-", "--limit", "0"], NEWS, 2, "0 is not in the range"),
        (["-"], "春眠不觉晓。", 1, "--kept asks"),
        (["-", "--kept", "1"], "春眠不觉晓。", 1, "no name"),
        (["-", "--kept", "1.1"], NEWS, 2, "1.1 is not in the range"),
        (["-", "--max-passage", "1"], NEWS, 2, "1 is not in the range"),
    ],
)
def test_what_makes_no_cloze_is_told(blank, arguments, stdin, exit_code, reason):
    result, out = blank(*arguments, stdin=stdin)
    assert reason in failure(result, exit_code)
    assert not out.exists()


def test_clozes_that_cannot_be_written_are_told(run, tmp_path):
    result = run("data", "cloze", "-", "-o", tmp_path, stdin=NEWS)
    assert f"{tmp_path} cannot be written: " in failure(result, 1)


# --- nlg data vectors

TRIPS = "".join(
    f"我们明天去{town}旅行。动物园喂养{beast}吃东西。\n\n"
    for town in ("北京", "上海", "广州")
    for beast in ("老虎", "狮子", "大象")
    for _ in range(10)
)


def test_vectors_are_made_of_what_is_typed_and_say_how_many(run, tmp_path):
    out = tmp_path / "vectors.txt"
    result = run("data", "vectors", "-", "-o", out, "--units", 3, stdin=TRIPS)
    assert result.exit_code == 0 and result.stdout == ""
    first, *lines = out.read_text("utf-8").splitlines()
    assert first == f"{len(lines)} 3"
    assert {"北京", "上海", "老虎"} <= {line.split()[0] for line in lines}
    assert all(len(line.split()) == 4 for line in lines)
    assert f"wrote {len(lines)} vectors to {out}" in result.stderr
    other = tmp_path / "typed.txt"  # traditional characters are read as simplified
    traditional = TRIPS.replace("广州", "廣州").replace("狮", "獅")
    run("data", "vectors", "-", "-o", other, "--units", 3, stdin=traditional)
    assert other.read_text("utf-8") == out.read_text("utf-8")
    told = run("data", "vectors", "-", "-o", "-", "--units", 3, stdin=TRIPS)
    assert told.stdout == out.read_text("utf-8")


@pytest.mark.parametrize(
    ("output", "stdin", "reason"),
    [
        ("v.txt", "", "0 words and characters stand 20 times or more"),
        ("v.txt", "春眠不觉晓", "vectors of 64 units need more than 64"),
        ("missing/v.txt", TRIPS, "v.txt cannot be written: No such file"),
    ],
)
def test_vectors_that_cannot_be_made_are_told(run, tmp_path, output, stdin, reason):
    units = 3 if stdin == TRIPS else 64
    out = tmp_path / output
    result = run("data", "vectors", "-", "-o", out, "--units", units, stdin=stdin)
    assert result.exit_code == 1 and reason in result.stderr
    assert result.stderr.count("\n") == 1 and not out.exists()


def test_sentences_with_triples_become_questions(collect, tmp_path):
    facts = [("法国", "巴黎"), ("日本", "东京"), ("德国", "柏林")]
    lines = [
        {
            "text": f"{country}的首都是{city}",
            "triples": [
                {
                    "subject": country,
                    "subject_type": "国家",
                    "predicate": "首都",
                    "object": city,
                    "object_type": "城市",
                }
            ],
        }
        for country, city in facts
    ]
    source = tmp_path / "facts.jsonl"
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    source.write_text(text + "\n[]\n", "utf-8")
    arguments = (source, "--format", "triples", "--dev-share", 0, "--seed", 1)
    result, out = collect(*arguments)
    assert result.exit_code == 0 and "facts.jsonl:4: not a JSON object" in result.stderr
    examples = load_examples(out)
    answers = {example.answer for example in examples}
    assert answers - {""} <= {name for fact in facts for name in fact}
    assert sum(bool(example.answer) for example in examples) == 3
    again, _ = collect(*arguments)
    assert load_examples(out) == examples and again.exit_code == 0


def test_long_document_gives_a_part_of_it_without_the_answer(collect):
    passage = "".join(f"第{n}句没有说到它。" for n in range(60)) + "答案是春江。"
    line = {"passage": passage, "question": "答案是什么？", "answer": "春江"}
    stdin = json.dumps(line, ensure_ascii=False)
    options = ("--dev-share", 0, "--same-document", 1)
    result, out = collect("-", *options, stdin=stdin)
    assert result.exit_code == 0 and "1 examples, 1 negatives" in result.stderr
    first, second = load_examples(out)
    assert (first.answer, second.answer) == ("春江", "")
    assert len(second.passage) == 256 and "春江" not in second.passage
    result, out = collect("-", *options, "--max-passage", 0, stdin=stdin)
    assert len(load_examples(out)) == 1  # nothing was cut


def test_sources_and_records_say_the_style_of_their_answers(collect, tmp_path):
    styled = LINES[1] | {"style": "entity"}
    lines = [LINES[0], styled, LINES[0] | {"source": "文", "question": "谁写了诗？"}]
    stdin = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    result, out = collect("-", "--dev-share", 0, "--style", "诗=phrase", stdin=stdin)
    assert result.exit_code == 0
    assert [x.style for x in load_examples(out)] == ["phrase", "entity", ""]
    assert "style" not in json.loads(out.read_text("utf-8").splitlines()[-1])
    odd = json.dumps(styled | {"style": "poem"}, ensure_ascii=False)
    result, _ = collect("-", "--strict", stdin=odd)
    assert "its style is 'poem', which is none of entity, phrase" in result.stderr
    wrong, _ = collect("-", "--style", "poem", stdin=stdin)
    assert "style: poem: write it as pattern=style" in failure(wrong, 2)
