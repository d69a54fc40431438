import json

import pytest
from told import told
from write.reviews import small_writer

from nlg.write.reviewer import Reviewer


@pytest.fixture(scope="module")
def writer():
    return small_writer()


@pytest.fixture
def ask(run, writer, monkeypatch, tmp_path):
    """`nlg write` with random weights."""
    monkeypatch.setattr(Reviewer, "from_checkpoint", lambda folder, device: writer)
    return lambda *arguments, stdin=None: run(
        "write", "--checkpoint", tmp_path, *arguments, stdin=stdin
    )


# --- what is printed


def test_each_text_is_one_line(ask):
    result = ask("--class", "positive", "-n", 3, "--seed", 7)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 3
    again = ask("--class", "positive", "-n", 2, "--seed", 7)
    assert result.stdout.startswith(again.stdout)


def test_without_a_class_none_is_told(ask, writer):
    assert ask("--seed", 1).exit_code == 0
    assert writer.checkpoint.runs[-1]["class_ids"].tolist() == [[0]] * 4
    assert ask("--class", "positive").exit_code == 0
    assert writer.checkpoint.runs[-1]["class_ids"].tolist() == [[2]] * 4


def test_json_says_what_is_known_of_each_text(ask):
    asked = ("--class", "negative", "--begin", "早餐", "-n", 2, "--seed", 7)
    found = [json.loads(x) for x in ask(*asked, "--json").stdout.splitlines()]
    assert [list(x) for x in found] == [["text", "ended", "score", "class", "seed"]] * 2
    assert found[0]["class"] == "negative" and found[0]["seed"] == 7
    assert [x["text"] for x in found] == ask(*asked).stdout.splitlines()


def test_what_is_drawn_is_as_asked(ask, writer):
    options = ("--temperature", 0, "--top-p", 0.5, "--max-length", 6, "--begin", "房间")
    first, second = (ask(*options).stdout for _ in range(2))
    assert first == second and first.startswith("房间") and len(first.strip()) <= 6
    given = writer.checkpoint.runs[-1]
    assert given["length"] == 4 and given["top_p"] == 0.5
    assert 0 < given["temperature"] < 0.01


def test_one_text_is_not_printed_twice(ask):
    message = told(ask("-n", 2, "--temperature", 0), 2)
    assert "at temperature 0 there is one text; ask for one, or raise" in message
    assert ask("-n", 1, "--temperature", 0).stdout.count("\n") == 1


def test_fewer_texts_than_asked_for_are_told(ask):
    cold = ask("-n", 3, "--temperature", 1e-6, "--class", "positive")
    assert (cold.exit_code, cold.stdout.count("\n")) == (0, 1)
    assert cold.stderr == ("note: only 1 of 3 differ; raise --temperature or --top-p\n")


def test_a_beginning_is_read_from_a_pipe_as_one_line(ask):
    piped = ask("--begin", "-", "--seed", 1, stdin="房间\n很好，\n").stdout
    assert piped == ask("--begin", "房间 很好，", "--seed", 1).stdout
    assert piped.count("\n") == 1


def test_texts_are_written_to_a_file(ask, tmp_path):
    result = ask("--seed", 1, "-n", 2, "-o", tmp_path / "texts.txt")
    assert (result.exit_code, result.stdout) == (0, "")
    expected = ask("--seed", 1, "-n", 2).stdout
    assert (tmp_path / "texts.txt").read_text("utf-8") == expected


def test_a_seed_of_its_own_is_taken_where_none_is_asked_for(ask):
    seeds = {json.loads(ask("--json").stdout)["seed"] for _ in range(3)}
    assert len(seeds) == 3


# --- what is refused


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("--class", "postive"), "no class 'postive'; did you mean positive?"),
        (("--class", "中立"), "there are negative, positive"),
        (("--class", ""), "--class is empty"),
        (("--begin", " \n"), "--begin is empty"),
        (("--begin", "-"), "--begin is empty"),
        (("--begin", "好" * 2000), "the beginning has 2000 tokens"),
        (("--max-length", 17), "max_length is 17"),
        (("--max-length", 0), "0 is not in the range"),
        (("--top-p", 0), "top_p is 0.0; it must be between"),
        (("--guidance", 2), "--guidance goes with --class"),
        (("--temperature", "nan"), "is no finite number"),
        (("-n", 0), "0 is not in the range"),
    ],
)
def test_what_cannot_be_written_is_one_clear_line(ask, asked, message):
    assert message in told(ask(*asked), 2)


def test_a_checkpoint_that_is_not_there_is_one_line(run, tmp_path):
    message = told(run("write", "--checkpoint", tmp_path / "none"), 1)
    assert f"{tmp_path / 'none'}: no such checkpoint folder" in message


def test_a_folder_of_another_task_is_refused(run):
    from nlg.runtime import checkpoints_folder

    folder = checkpoints_folder() / "couplet"
    assert "not for text-writer" in told(run("write", "--checkpoint", folder), 1)


# --- many


def test_rows_of_a_file_get_what_each_would_alone(ask, tmp_path):
    source, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    rows = [
        {"id": "a", "class": "positive", "begin": "房间", "seed": 3, "note": "mine"},
        {"class": "negative", "count": 2},
        {"class": "angry"},
        {"note": "nothing asked"},
        {"count": "2.5"},
    ]
    source.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    result = ask("--input", source, "--begin", "早餐", "--seed", 7, "-o", out)
    assert result.exit_code == 1 and "3 of 5 lines have an error" in result.stderr
    found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    asked = ("--class", "positive", "--begin", "房间", "--seed", 3, "--json")
    assert found[0] == {"id": "a"} | json.loads(ask(*asked).stdout)
    asked = ("--class", "negative", "--begin", "早餐", "-n", 2, "--seed", 7, "--json")
    pair = [json.loads(line) for line in ask(*asked).stdout.splitlines()]
    assert found[1:3] == [{"id": 2} | one for one in pair]
    said = [one["error"] for one in found[3:]]
    assert said[0].startswith("no class 'angry'")
    assert said[1].startswith("it asks for nothing; there are begin, class, count")
    assert said[2] == "the row: count must be of type int"


def test_a_line_of_text_is_a_beginning(ask):
    (row,) = ask("--input", "-", "--seed", 7, stdin="房间\n").stdout.splitlines()
    alone = ask("--begin", "房间", "--seed", 7, "--json").stdout
    assert json.loads(row) == {"id": 1} | json.loads(alone)
