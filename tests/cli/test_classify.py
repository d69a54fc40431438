import json

import pytest
from classify.moods import as_json_lines, counting_classifier
from told import told

from nlg.classify.classifier import Classifier
from nlg.files import text_of


@pytest.fixture
def ask(run, monkeypatch, tmp_path):
    """`nlg classify` with a classifier that counts glad and sad characters."""
    classifier = counting_classifier(tmp_path)
    opened = staticmethod(lambda folder, device: classifier)
    monkeypatch.setattr(Classifier, "from_checkpoint", opened)
    return lambda *arguments, stdin=None: run(
        "classify", "--checkpoint", tmp_path, *arguments, stdin=stdin
    )


def as_array(rows, path):
    path.write_text(json.dumps(rows, indent=2), "utf-8")
    return path


# --- a text


def test_labels_of_a_text_are_printed_the_most_probable_first(ask):
    result = ask("春风")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "5\t0.9000\n1\t0.1000\n"


def test_text_comes_from_stdin_and_in_traditional_characters(ask):
    assert ask("-", stdin="春風\n").stdout == "5\t0.9000\n1\t0.1000\n"


def test_a_text_as_json_has_every_probability(ask):
    assert json.loads(ask("春風", "--json").stdout) == {
        "text": "春風",
        "label": "5",
        "probability": 0.9,
        "probabilities": {"1": 0.1, "5": 0.9},
    }


@pytest.mark.parametrize("text", ["A", "🙂", "春" * 2000, "[SEP]", "\u0301"])
def test_any_text_has_a_label(ask, text):
    assert ask(text).stdout.count("\n") == 2


# --- a file


def test_lines_of_a_file_get_their_labels_in_order(ask, tmp_path):
    source = tmp_path / "评论.txt"
    source.write_text("春風春風\n\n雨\n笑\t1\n", "utf-8")
    result = ask("--input", source)
    assert (result.exit_code, result.stderr) == (0, "")
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"id": 1, "text": "春風春風", "label": "5", "probability": 0.9444},
        {"id": 2, "text": "雨", "label": "1", "probability": 0.8333},
        {"id": 3, "text": "笑", "label": "5", "probability": 0.8333},
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["春\t1", "雨\t0", "花\t1"],
        ["1\t春春", "0\t雨雨", "1\t花花"],
        ["label\ttext_a", "1\t春", "0\t雨", "1\t花"],
        ["评论\t得分", "春\t1", "雨\t2", "花\t3"],
        ["微博\tlabel", "春\t1", "雨\t2", "花\t3"],
    ],
    ids=["label last", "label first", "header", "one name", "the other name"],
)
@pytest.mark.parametrize("name", ["a.tsv", "a.txt"])
def test_columns_of_a_table_are_told_as_in_training(ask, tmp_path, lines, name):
    source = tmp_path / name
    source.write_text("\n".join(lines), "utf-8")
    result = ask("--input", source)
    assert (result.exit_code, result.stderr) == (0, "")
    found = [json.loads(line)["label"] for line in result.stdout.splitlines()]
    assert found == ["5", "1", "1"]


def test_columns_that_cannot_be_told_apart_are_refused(ask, tmp_path):
    source = tmp_path / "a.tsv"
    source.write_text("".join(f"{n}\t春{n}\n" for n in range(20)), "utf-8")
    assert "20 rows have 20 different values" in told(ask("--input", source), 1)


def test_what_is_written_can_be_trained_on(ask, tmp_path):
    from nlg.text.labelled import load_labelled

    out = tmp_path / "labelled.tsv"
    assert ask("--input", "-", "--output", out, stdin="春\n雨\n").stdout == ""
    assert [row.label for row in load_labelled(out)] == ["5", "1"]


@pytest.mark.parametrize("layout", [as_json_lines, as_array])
def test_rows_of_json_keep_their_fields(ask, tmp_path, layout):
    rows = [
        {"id": 7, "text": "秋雨", "label": [0.5]},
        {"lines": ["春風", "江天"], "author": "佚名"},
    ]
    source = layout(rows, tmp_path / "rows.json")
    found = [json.loads(x) for x in ask("--input", source).stdout.splitlines()]
    assert found == [
        {"id": 7, "text": "秋雨", "label": "1", "probability": 0.9},
        {"id": 2} | rows[1] | {"label": "5", "probability": 0.9},
    ]


def test_a_field_that_no_utf_8_can_hold_is_kept(ask, tmp_path):
    source, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "春", "id": "\\ud800"}\n')
    assert ask("--input", source, "-o", out).exit_code == 0
    assert json.loads(text_of(out))["id"] == "\ud800"


def test_labelled_poems_are_what_the_writer_is_trained_with(ask, tmp_path):
    from nlg.poem.writer.train.prepare import load_sentiments

    rows = [{"lines": ["春风笑", "江天月"]}, {"lines": ["秋雨愁", "山云水"]}]
    source, out = as_json_lines(rows, tmp_path / "poems.jsonl"), tmp_path / "out.jsonl"
    ask("--input", source, "-o", out)
    assert load_sentiments(out) == {"春风笑，江天月。": 5, "秋雨愁，山云水。": 1}


def test_a_dash_is_standard_output(ask):
    assert ask("--input", "-", "--output", "-", stdin="春\n").stdout.count("\n") == 1


def test_an_empty_file_has_no_labels(ask, tmp_path):
    empty, out = tmp_path / "empty.txt", tmp_path / "out.txt"
    empty.write_text("\n")
    result = ask("--input", empty, "--output", out)
    assert (result.exit_code, text_of(out)) == (0, "")


def test_a_bad_row_is_an_error_of_its_own(ask, tmp_path):
    source, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    rows = ['{"text": "春"}', '{"txt": "b", "c": 1}', '{"text": ', '{"text": " "}']
    source.write_text("\n".join(rows), "utf-8")
    result = ask("--input", source, "-o", out)
    assert result.exit_code == 1 and "3 of 4 lines have an error" in result.stderr
    found = [json.loads(line) for line in text_of(out).splitlines()]
    assert [one.get("error", "")[:8] for one in found] == [
        "",
        "no text,",
        "not JSON",
        "no text",
    ]
    assert [one.get("line") for one in found] == [None, 2, 3, 4]


# --- what is refused


def test_without_a_checkpoint_it_says_how_to_train_one(run):
    said = told(run("classify", "春风"), 1)
    assert "no classifier is shipped" in said
    assert "nlg train classifier --data FILE --dev FILE --out RUN" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give TEXT, or --input FILES"),
        (("春", "--input", "-"), "give TEXT, or --input FILES"),
        (("",), "TEXT is empty"),
        ((" \n",), "TEXT is empty"),
    ],
)
def test_what_is_no_question_is_wrong_usage(ask, arguments, said):
    assert said in told(ask(*arguments), 2)


def test_a_bad_file_leaves_the_old_output_as_it_was(ask, tmp_path):
    source, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"\xff\xfe")
    out.write_text("old")
    assert "rows.jsonl: cannot be read" in told(ask("--input", source, "-o", out), 1)
    assert out.read_text() == "old"


def test_a_folder_that_is_no_classifier_is_refused(run, tmp_path):
    said = told(run("classify", "春", "--checkpoint", tmp_path / "none"), 1)
    assert "no such checkpoint folder" in said


def test_a_checkpoint_of_another_task_is_refused(run):
    from nlg.runtime import checkpoints_folder

    folder = checkpoints_folder() / "couplet"
    said = told(run("classify", "春", "--checkpoint", folder), 1)
    assert "was made for couplet, not for classifier" in said
