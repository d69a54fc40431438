import gzip
import json
import pathlib

import pytest

from nlg.couplet.dataset import load_couplets

ROAD = ("书山有路勤为径", "学海无涯苦作舟")
SEA = ("海纳百川，有容乃大", "壁立千仞，无欲则刚")
POND, CANNON = ("烟锁池塘柳", "桃燃锦江堤"), ("烟锁池塘柳", "炮镇海城楼")
RAW = """\
書山有路勤為徑	學海無涯苦作舟。
海纳百川,有容乃大;	壁立千仞,无欲则□
海纳百川,有容乃大;	壁立千仞,无欲则刚。	林则徐
烟锁池塘柳	桃燃锦江堤
烟锁池塘柳	炮镇海城楼
春眠不觉晓	秋梦忽闻
書山有路勤為徑	學海無涯苦作舟
"""
CLEAN = [ROAD, SEA, POND, CANNON]


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "raw" / "couplets.tsv"
    path.parent.mkdir()
    path.write_text(RAW, "utf-8")
    return path


@pytest.fixture
def partners(tmp_path):
    """A folder as couplet-dataset has them; in.txt and out.txt hold CLEAN."""
    folder = tmp_path / "couplet" / "train"
    folder.mkdir(parents=True)
    for name, lines in zip(("in", "out"), zip(*CLEAN, strict=True), strict=True):
        text = "".join(f"{' '.join(line)} \n" for line in lines)
        (folder / f"{name}.txt").write_text(text, "utf-8")
    return folder


@pytest.fixture
def collect(run, tmp_path):
    """Run `nlg data couplet`; return the result and the path of its output."""

    def collect(*arguments, stdin=None):
        out = tmp_path / "out.tsv"
        return run("data", "couplet", *arguments, "-o", out, stdin=stdin), out

    return collect


def failure(result, exit_code):
    assert result.exit_code == exit_code
    assert "Traceback" not in result.stderr
    message = result.stderr.splitlines()[-1]
    assert message.startswith("Error: ")
    return message


def test_couplets_go_to_the_file_and_the_report_to_stderr(collect, source):
    result, out = collect(source)
    assert (result.exit_code, result.stdout) == (0, "")
    assert load_couplets(out) == CLEAN
    assert "read 7 records; kept 对联 4" in result.stderr
    for reason in ("gaps or foreign", "duplicate", "lines of unequal length"):
        assert f"dropped 1: {reason}" in result.stderr
    assert f"wrote 4 couplets to {out}, 0 kept back for dev" in result.stderr


def test_the_output_is_the_same_byte_for_byte(run, source, tmp_path):
    for name in ("a.tsv.gz", "b.tsv.gz"):
        run("data", "couplet", source, "-o", tmp_path / name, "--dev-share", 0.25)
    for part in ("{}.tsv.gz", "{}.dev.tsv.gz"):
        one, other = ((tmp_path / part.format(x)).read_bytes() for x in "ab")
        assert one == other


@pytest.mark.parametrize("given", [".", "in.txt", "out.txt", ".."])
def test_in_txt_and_out_txt_are_found_together(collect, partners, given):
    result, out = collect(partners / given)
    assert load_couplets(out) == CLEAN
    assert "read 4 records" in result.stderr


def test_gzip_and_standard_input_give_the_same(collect, source, tmp_path):
    _, out = collect(source)
    wanted = out.read_bytes()
    zipped = tmp_path / "couplets.tsv.gz"
    zipped.write_bytes(gzip.compress(RAW.encode()))
    as_json = [json.dumps({"first_line": a, "second_line": b}) for a, b in CLEAN]
    for name, stdin in ((zipped, None), ("-", RAW), ("-", "\n".join(as_json))):
        out.unlink()
        result, _ = collect(name, stdin=stdin)
        assert result.exit_code == 0
        assert out.read_bytes() == wanted


def test_a_couplet_in_two_files_is_kept_once(collect, source, partners):
    result, out = collect(source, partners)
    assert load_couplets(out) == CLEAN
    assert "dropped 5: duplicate" in result.stderr


def test_couplets_that_share_a_line_with_a_test_set_are_dropped(
    collect, source, tmp_path
):
    (tmp_path / "a.tsv").write_text("煙鎖池塘柳\t灯填锦槛波\n", "utf-8")
    (tmp_path / "b.tsv").write_text("勤为径上春来早\t學海，無涯苦作舟\n", "utf-8")
    result, out = collect(
        source, "--exclude", tmp_path / "a.tsv", "--exclude", tmp_path / "b.tsv"
    )
    assert load_couplets(out) == [SEA]
    assert "dropped 4: excluded" in result.stderr


def test_a_folder_of_partners_may_be_excluded(collect, source, partners):
    result, _ = collect(source, "--exclude", partners)
    assert "no couplet in the input" in failure(result, 1)


def test_lines_longer_than_asked_are_dropped(collect, source):
    result, out = collect(source, "--max-length", 7)
    assert load_couplets(out) == [ROAD, POND, CANNON]
    assert "dropped 1: longer than 7 characters" in result.stderr


@pytest.mark.parametrize("seed", range(6))
def test_no_line_of_the_dev_part_is_trained_on(collect, source, tmp_path, seed):
    _, out = collect(source, "--dev-share", 0.5, "--seed", seed)
    dev = load_couplets(tmp_path / "out.dev.tsv")
    assert sorted(load_couplets(out) + dev) == sorted(CLEAN)
    assert (POND in dev) == (CANNON in dev)


def test_an_old_dev_part_does_not_outlive_its_train_part(collect, source, tmp_path):
    dev = tmp_path / "out.dev.tsv"
    collect(source, "--dev-share", 0.5)
    assert dev.exists()
    result, out = collect(source, "--dev-share", 0)
    assert load_couplets(out) == CLEAN
    assert not dev.exists()
    assert f"removed the old {dev}" in result.stderr


def test_bad_records_are_named_and_the_rest_is_kept(collect):
    result, out = collect("-", stdin="春眠不觉晓\n" * 25 + RAW)
    assert result.exit_code == 0
    assert load_couplets(out) == CLEAN
    assert "skipped: <stdin>:1: no TAB between 上联 and 下联" in result.stderr
    assert "skipped: 5 more" in result.stderr
    assert "dropped 25: unreadable record" in result.stderr


def test_strict_stops_at_a_bad_record_and_writes_nothing(collect):
    result, out = collect("-", "--strict", stdin=f"{RAW}oops\n")
    assert "<stdin>:8: no TAB" in failure(result, 1)
    assert not out.exists()


@pytest.mark.parametrize("text", ["", "春\n", "春\t秋月\n", "🐔\t🐔\n", b"\xff\x00\t"])
def test_nothing_to_train_on_leaves_the_old_output(collect, tmp_path, text):
    (tmp_path / "out.tsv").write_text("old", "utf-8")
    result, out = collect("-", stdin=text)
    assert "no couplet in the input" in failure(result, 1)
    assert "read " in result.stderr
    assert out.read_text("utf-8") == "old"


def test_partners_that_do_not_fit_are_one_error(collect, partners):
    with (partners / "in.txt").open("a", encoding="utf-8") as file:
        file.write("春\n")
    result, out = collect(partners)
    message = failure(result, 1)
    assert f"{partners / 'in.txt'} has 5 lines, out.txt 4; line n" in message
    (partners / "out.txt").unlink()
    result, out = collect(partners)
    assert f"{partners / 'out.txt'} cannot be read" in failure(result, 1)
    assert not out.exists()


@pytest.mark.parametrize("option", [[], ["--exclude"]])
def test_what_is_not_there_is_named(collect, source, tmp_path, option):
    result, _ = collect(source, *option, tmp_path / "nowhere.tsv")
    assert "nowhere.tsv: no such file or folder" in failure(result, 1)


def test_an_unreadable_test_set_is_no_test_set(collect, source, tmp_path):
    (tmp_path / "a.tsv").write_text("春眠不觉晓\n", "utf-8")
    result, out = collect(source, "--exclude", tmp_path / "a.tsv")
    assert "a.tsv:1: no TAB" in failure(result, 1)
    assert not out.exists()


def test_an_output_that_cannot_be_written_is_named(run, source, tmp_path):
    result = run("data", "couplet", source, "-o", tmp_path)
    assert f"{tmp_path} cannot be written: " in failure(result, 1)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--dev-share", "1"),
        ("--dev-share", "nan"),
        ("--max-length", "0"),
        ("--max-length", "春"),
        ("--seed", "-1"),
    ],
)
def test_an_option_out_of_its_range_is_wrong_usage(collect, source, option, value):
    result, _ = collect(source, option, value)
    assert option in failure(result, 2)


def test_input_and_output_must_be_named(run, source):
    assert "INPUT" in failure(run("data", "couplet", "-o", "x"), 2)
    assert "--output" in failure(run("data", "couplet", source), 2)


def test_the_length_in_the_help_is_that_of_the_library(run):
    from nlg.couplet.dataset import MAX_LENGTH

    assert f"[default: {MAX_LENGTH};" in " ".join(
        run("data", "couplet", "--help").stdout.split()
    )


def test_the_sample_of_the_project_is_collected_whole(collect):
    samples = pathlib.Path(__file__).parents[2] / "data" / "samples"
    result, out = collect(samples / "couplets.tsv", "--dev-share", 0)
    assert "dropped" not in result.stderr
    assert SEA in load_couplets(out)


def test_it_works_in_a_bare_locale(shell, source, tmp_path):
    out = tmp_path / "对联.tsv"
    done = shell(
        "data", "couplet", str(source), "-o", str(out), environment={"LC_ALL": "C"}
    )
    assert done.returncode == 0
    assert "kept 对联 4" in done.stderr.decode()
    assert load_couplets(out) == CLEAN
