import gzip
import json

import pytest

from nlg.poem.dataset import load_poems

STORKS = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
RIVER = "千山鸟飞绝，万径人踪灭。孤舟蓑笠翁，独钓寒江雪。"
BAIDI = "朝辞白帝彩云间，千里江陵一日还。两岸猿声啼不住，轻舟已过万重山。"
TEXT = f"{STORKS}\n{RIVER}\n{BAIDI}\n{STORKS}\n春眠不觉晓\n"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "raw" / "poems.txt"
    path.parent.mkdir()
    path.write_text(TEXT, "utf-8")
    return path


@pytest.fixture
def collect(run, tmp_path):
    """Run `nlg data poem`; return the result and the path of its output."""

    def collect(*arguments, stdin=None):
        out = tmp_path / "out.jsonl"
        return run("data", "poem", *arguments, "-o", out, stdin=stdin), out

    return collect


def test_poems_go_to_the_file_and_the_report_to_stderr(collect, source):
    result, out = collect(source)
    assert (result.exit_code, result.stdout) == (0, "")
    assert [poem.form for poem in load_poems(out)] == ["五绝", "五绝", "七绝"]
    report = result.stderr
    assert "read 5 records; kept 五绝 2, 七绝 1" in report
    assert "dropped 1: duplicate" in report
    assert "dropped 1: not a regulated form" in report
    assert f"wrote 3 poems to {out}, 0 kept back for dev" in report
    assert "nlg train asks for --dev; a larger --dev-share keeps some back" in report


def test_a_folder_standard_input_and_gzip_give_the_same(collect, source, tmp_path):
    _, out = collect(source)
    wanted = out.read_bytes()
    zipped = tmp_path / "poems.txt.gz"
    zipped.write_bytes(gzip.compress(TEXT.encode()))
    for inputs, stdin in (([source.parent], None), ([zipped], None), (["-"], TEXT)):
        out.unlink()
        result, _ = collect(*inputs, stdin=stdin)
        assert result.exit_code == 0
        assert out.read_bytes() == wanted


def test_a_poem_in_two_files_is_kept_once(collect, source):
    other = source.with_name("other.txt")
    other.write_text(f"{RIVER}\n", "utf-8")
    result, out = collect(source, other)
    assert len(load_poems(out)) == 3
    assert "dropped 2: duplicate" in result.stderr


def test_only_the_forms_asked_for_are_kept(collect, source):
    result, out = collect(source, "--form", "七绝", "--form", "七律")
    assert [poem.form for poem in load_poems(out)] == ["七绝"]
    assert "dropped 3: a form not asked for" in result.stderr


def test_the_share_for_dev_lies_beside_the_output(collect, source, tmp_path):
    result, out = collect(source, "--dev-share", 0.34)
    dev = load_poems(tmp_path / "out.dev.jsonl")
    assert len(dev) == 1
    assert not set(dev) & set(load_poems(out))
    assert "wrote 2 poems" in result.stderr


def test_an_old_dev_part_does_not_outlive_its_train_part(collect, source, tmp_path):
    dev = tmp_path / "out.dev.jsonl"
    collect(source, "--dev-share", 0.5)
    assert dev.exists()
    result, out = collect(source, "--dev-share", 0)
    assert len(load_poems(out)) == 3
    assert not dev.exists()
    assert f"removed the old {dev}" in result.stderr
    result, _ = collect(source, "--dev-share", 0)
    assert "removed" not in result.stderr


def test_the_same_seed_keeps_the_same_poems_back(collect, source, tmp_path):
    kept = []
    for seed in (1, 1, 2, 3, 4, 5):
        collect(source, "--dev-share", 0.34, "--seed", seed)
        kept.append((tmp_path / "out.dev.jsonl").read_bytes())
    assert kept[0] == kept[1]
    assert len(set(kept)) > 1


def test_bad_records_are_named_and_the_rest_is_kept(collect, tmp_path):
    bad = "{oops}\n" * 25
    result, out = collect("-", stdin=bad + json.dumps({"lines": STORKS.split("，")}))
    assert result.exit_code == 0
    assert len(load_poems(out)) == 1
    assert "skipped: <stdin>:1: not JSON" in result.stderr
    assert "skipped: 5 more" in result.stderr
    assert "dropped 25: unreadable record" in result.stderr


def failure(result, exit_code):
    assert result.exit_code == exit_code
    assert "Traceback" not in result.stderr
    message = result.stderr.splitlines()[-1]
    assert message.startswith("Error: ")
    return message


def test_strict_stops_at_a_bad_record_and_writes_nothing(collect):
    result, out = collect("-", "--strict", stdin="{}\n{oops}\n")
    assert "<stdin>:1: no list of strings" in failure(result, 1)
    assert not out.exists()


@pytest.mark.parametrize("text", ["", "春眠不觉晓\n", "[]", b"\xff\x00garbage"])
def test_nothing_to_train_on_leaves_the_old_output(collect, tmp_path, text):
    (tmp_path / "out.jsonl").write_text("old", "utf-8")
    result, out = collect("-", stdin=text)
    assert "no regulated poem in the input" in failure(result, 1)
    assert "read " in result.stderr
    assert out.read_text("utf-8") == "old"


@pytest.mark.parametrize("name", ["nowhere.txt", "x" * 300])
def test_an_input_that_is_not_there_is_named(collect, tmp_path, name):
    result, _ = collect(tmp_path / name)
    assert name in failure(result, 1)


def test_a_dash_is_stdout_and_nothing_is_kept_back(run, collect, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    told = run("data", "poem", "-", "-o", "-", "--dev-share", "0.5", stdin=TEXT)
    assert told.exit_code == 0
    _, out = collect("-", "--dev-share", "0", stdin=TEXT)
    assert told.stdout == out.read_text("utf-8")
    assert "0 kept back for dev" in told.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_an_output_that_cannot_be_written_is_named(run, source, tmp_path):
    result = run("data", "poem", source, "-o", tmp_path)
    assert f"{tmp_path} cannot be written: " in failure(result, 1)


@pytest.mark.parametrize("share", ["1", "-0.1", "nan", "half"])
def test_a_share_that_is_none_is_wrong_usage(collect, source, share):
    result, _ = collect(source, "--dev-share", share)
    assert "--dev-share" in failure(result, 2)


def test_input_and_output_must_be_named(run, source):
    assert "INPUT" in failure(run("data", "poem", "-o", "x"), 2)
    assert "--output" in failure(run("data", "poem", source), 2)
