import gzip
import json
import os

import pytest

STORKS = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
BAIDI = "朝辞白帝彩云间，千里江陵一日还。两岸猿声啼不住，轻舟已过万重山。"
THOUGHT = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"  # 失替, 失粘
SCORES = {
    "poems",
    "form_right",
    "rhyme_right",
    "tones_clean",
    "violations_per_poem",
    "repeat_free",
    "distinct_1",
    "distinct_2",
    "distinct_4",
    "verbatim_lines",
    "longest_shared_run",
}


@pytest.fixture
def measure(write, run):
    """`nlg eval poem` with the shipped checkpoint, opened once."""
    return lambda *arguments, stdin=None: run("eval", "poem", *arguments, stdin=stdin)


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text(f"{STORKS}\n{BAIDI}\n{THOUGHT}\n", "utf-8")
    return path


def test_the_report_of_a_file_is_what_the_page_says(measure, mine):
    result = measure(mine, "--samples", 0, "--json")
    columns = json.loads(result.stdout)["poems"]
    report = columns[str(mine)]
    assert list(columns) == [str(mine), "human 七绝"]
    assert set(columns["human 七绝"]) == SCORES
    assert set(report) >= SCORES
    assert report["poems"] == 3
    assert report["form_right"] == report["rhyme_right"] == 1
    assert report["tones_clean"] == pytest.approx(2 / 3)
    characters = [c for c in STORKS + BAIDI + THOUGHT if c not in "，。"]
    assert report["distinct_1"] == len(set(characters)) / len(characters)


def test_what_the_model_writes_keeps_the_rules(measure):
    options = ("--samples", 8, "--candidates", 1, "--form", "五绝", "--json")
    report = json.loads(measure(*options).stdout)["poems"]["nlg 五绝"]
    assert report["poems"] == 8
    assert report["form_right"] == report["rhyme_right"] == report["tones_clean"] == 1
    assert report["repeat_free"] == 1
    again = json.loads(measure(*options).stdout)["poems"]["nlg 五绝"]
    other = json.loads(measure(*options, "--seed", 2).stdout)["poems"]["nlg 五绝"]
    assert report == again != other


def test_what_it_writes_free_does_not(measure):
    options = ("--samples", 16, "--candidates", 1, "--form", "五绝", "--json", "--free")
    report = json.loads(measure(*options).stdout)["poems"]["nlg 五绝"]
    assert report["form_right"] == 1
    assert report["tones_clean"] < 1


def test_columns_stand_side_by_side(measure, mine):
    result = measure(mine, "-", "--samples", 0, stdin=THOUGHT)
    poems, latent = result.stdout.split("\n\n")
    head, *rows = poems.splitlines()
    assert head.split()[:3] == [str(mine), "-", "human"]
    table = {row.split()[0]: row.split()[1:] for row in rows}
    assert table["poems"][:2] == ["3", "1"]
    assert table["tones_clean"][:2] == ["0.6667", "0.0000"]
    assert set(table) >= SCORES
    names = {row.split()[0] for row in latent.splitlines()}
    assert names >= {"active_units", "kl", "kl_median_unit", "reconstruction_accuracy"}


def test_a_judge_adds_what_it_thinks_of_each(measure, mine, tmp_path):
    (tmp_path / "judge.txt").write_text(STORKS, "utf-8")
    options = ("--samples", 0, "--json", "--judge", tmp_path / "judge.txt")
    columns = json.loads(measure(mine, "-", *options, stdin=STORKS).stdout)["poems"]
    assert columns["-"]["log_prob"] > columns[str(mine)]["log_prob"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no Chinese text in it"),
        (b"To be, or not to be\n", "no Chinese text in it"),
        (STORKS.encode("gbk"), "cannot be read: 'utf-8' codec can't decode"),
        (gzip.compress(STORKS.encode())[:-9], "cannot be read: Compressed file ended"),
        (b"\x1f\x8bgarbage and more", "cannot be read: Unknown compression method"),
    ],
    ids=["empty", "english", "gbk", "cut gzip", "no gzip"],
)
def test_a_judge_without_text_is_refused_before_sampling(
    measure, tmp_path, content, reason
):
    judge = tmp_path / "judge.txt"
    judge.write_bytes(content)
    result = measure("--judge", judge)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: {judge}")
    assert reason in line


def test_a_device_may_be_no_judge_either(measure):
    result = measure("--judge", os.devnull)
    assert result.stderr == f"Error: {os.devnull}: no Chinese text in it\n"


def test_a_folder_is_one_column(measure, mine, tmp_path):
    (tmp_path / "more.txt").write_text(STORKS, "utf-8")
    result = measure(tmp_path, "--samples", 0, "--json")
    columns = json.loads(result.stdout)["poems"]
    assert list(columns) == [str(tmp_path), "human 七绝"]
    assert columns[str(tmp_path)]["poems"] == 4


def test_a_name_given_twice_is_one_column(measure):
    result = measure("-", "-", "--samples", 0, "--json", stdin=STORKS)
    assert json.loads(result.stdout)["poems"]["-"]["poems"] == 1


def test_the_report_goes_to_a_file(measure, mine, tmp_path):
    result = measure(mine, "--samples", 0, "--json", "-o", tmp_path / "report")
    assert result.output == ""
    columns = json.loads((tmp_path / "report").read_text("utf-8"))["poems"]
    assert columns[str(mine)]["poems"] == 3


def test_bad_records_are_named_and_the_rest_is_measured(measure):
    text = "{oops}\n" + json.dumps({"lines": STORKS.split("，")})
    result = measure("-", "--samples", 0, "--json", stdin=text)
    assert result.stderr.startswith("skipped: <stdin>:1: not JSON")
    assert json.loads(result.stdout)["poems"]["-"]["poems"] == 1


@pytest.mark.parametrize(
    ("arguments", "stdin", "exit_code", "reason"),
    [
        (["nowhere.txt"], None, 1, "nowhere.txt: no such file"),
        (["-"], "", 1, "-: no poem in it"),
        (["-"], b"\xff\xfe\x00", 1, "-: no poem in it"),
        (["--samples", "-1"], None, 2, "-1 is not in the range"),
        (["--temperature", "nan"], None, 2, "nan is no finite number"),
        (["--form", "词"], None, 2, "'词' is not one of"),
        (["--samples", "0", "--checkpoint", "nowhere"], None, 1, "no such checkpoint"),
    ],
)
def test_what_cannot_be_measured_is_told(measure, arguments, stdin, exit_code, reason):
    result = measure(*arguments, stdin=stdin)
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert reason in result.stderr.splitlines()[-1]
