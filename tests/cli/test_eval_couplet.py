import builtins
import json

import pytest

COUPLETS = (
    "晚风摇树树还挺\t晨露润花花更红\n"
    "雨过溪桥，荷风送晚\t云归山寺，竹露敲秋\n"
    "江山日月\t高舟雨灯\n"  # 平仄失对
)
SECONDS = [line.split("\t")[1] for line in COUPLETS.splitlines()]


@pytest.fixture
def measure(run):
    def measure(*arguments, stdin=None):
        return run("eval", "couplet", "--no-model", *arguments, stdin=stdin)

    return measure


@pytest.fixture
def couplets(tmp_path):
    path = tmp_path / "对联.tsv"
    path.write_text(COUPLETS, "utf-8")
    return path


@pytest.fixture
def theirs(tmp_path):
    path = tmp_path / "theirs.txt"
    path.write_text("\n".join([SECONDS[0], "", SECONDS[2]]) + "\n", "utf-8")
    return path


def rows_of(text):
    return {row.split()[0]: row.split()[1:] for row in text.splitlines() if row}


def test_human_lines_are_one_column_and_each_system_is_another(
    measure, couplets, theirs
):
    result = measure(couplets, "--predictions", theirs)
    assert (result.exit_code, result.stderr) == (0, "")
    head, *_ = result.stdout.splitlines()
    rows = rows_of(result.stdout)
    assert head.split() == ["human", str(theirs)]
    assert rows["couplets"] == ["3", "3"]
    assert rows["clean"] == ["0.6667", "0.3333"]
    assert rows["equal_length"] == ["1.0000", "0.6667"]
    assert rows["bleu"][0] == rows["position_accuracy"][0] == "-"
    assert rows["position_accuracy"][1] == f"{11 / 19:.4f}"


def test_the_signatures_stand_below(measure, couplets, theirs):
    *_, ours, sacrebleu = measure(couplets, "--predictions", theirs).stdout.splitlines()
    assert ours.startswith("couplets|book:平水韵|")
    assert "tok:none" in sacrebleu
    assert measure(couplets).stdout.splitlines()[-1] == ours


def test_the_report_as_json(measure, couplets, theirs, tmp_path):
    other = tmp_path / "other.jsonl"
    lines = (json.dumps({"second_line": line}) + "\n" for line in SECONDS)
    other.write_text("".join(lines), "utf-8")
    asked = ("--predictions", theirs, "--predictions", other, "--json")
    report = json.loads(measure(couplets, *asked).stdout)
    assert list(report["couplets"]) == ["human", str(theirs), str(other)]
    assert report["couplets"]["human"]["bleu"] is None
    assert report["couplets"][str(other)]["bleu"] == pytest.approx(1)
    assert set(report["signatures"]) == {"couplets", "bleu"}


def test_files_follow_each_other_and_one_may_be_a_pipe(measure, couplets):
    result = measure(couplets, "-", "--json", stdin="日月\t山江\n")
    assert json.loads(result.stdout)["couplets"]["human"]["couplets"] == 4


def test_predictions_may_be_a_pipe(measure, couplets):
    asked = (couplets, "--predictions", "-", "--json")
    report = json.loads(measure(*asked, stdin="\n".join(SECONDS)).stdout)
    assert report["couplets"]["-"]["position_accuracy"] == 1


def test_the_report_goes_to_a_file(measure, couplets, tmp_path):
    result = measure(couplets, "--json", "-o", tmp_path / "report")
    assert result.output == ""
    report = json.loads((tmp_path / "report").read_text("utf-8"))
    assert report["couplets"]["human"]["couplets"] == 3


def test_human_lines_need_no_sacrebleu_and_predictions_say_so(
    measure, couplets, theirs, monkeypatch
):
    whole = builtins.__import__

    def without(name, *rest):
        if name.startswith("sacrebleu"):
            raise ImportError(name)
        return whole(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert measure(couplets).exit_code == 0
    result = measure(couplets, "--predictions", theirs)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == 'Error: BLEU needs sacrebleu: pip install "nlg[eval]"\n'


@pytest.mark.parametrize(
    ("predictions", "reason"),
    [
        ("春风\n", "-: 1 second lines for 3 couplets; give one for each"),
        ("", "-: 0 second lines for 3 couplets"),
        ('{"second_line": "春"}\n{}\n{}\n', "-:2: no JSON object with a string"),
        (b"\xff\xfe\x00", "- cannot be read: 'utf-8' codec can't decode"),
    ],
)
def test_predictions_that_do_not_fit_are_told(measure, couplets, predictions, reason):
    result = measure(couplets, "--predictions", "-", stdin=predictions)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert reason in line


@pytest.mark.parametrize(
    ("stdin", "reason"),
    [
        ("", "no couplet in it"),
        ("春风秋雨\n", "<stdin>:1: no TAB between 上联 and 下联"),
        ("春风\t秋\n", "<stdin>:1: 上联 has 2 characters, 下联 1"),
        (b"\xff\xfe\x00", "<stdin>: cannot be read"),
    ],
)
def test_what_holds_no_couplets_is_told(measure, stdin, reason):
    result = measure("-", stdin=stdin)
    assert (result.exit_code, result.stdout) == (1, "")
    assert reason in result.stderr


def test_a_file_of_couplets_is_needed(measure):
    result = measure()
    assert result.exit_code == 2
    assert "Missing argument 'FILE...'" in result.stderr


def test_our_own_model_is_a_column(run, couplets):
    result = run("eval", "couplet", couplets, "--json")
    ours = json.loads(result.stdout)["couplets"]["nlg"]
    assert ours["couplets"] == 3
    assert ours["equal_length"] == ours["marks_mirrored"] == ours["repeats_kept"] == 1
    assert ours["shares_character"] == 0
    assert ours["perplexity"] > 1


def test_a_rule_may_be_left_out_for_our_model(run, tmp_path):
    path = tmp_path / "对联.tsv"
    path.write_text("山山水水处处\t日日风风年年\n", "utf-8")
    asked = ("eval", "couplet", path, "--json", "--without", "marks")
    assert run(*asked).exit_code == 0
    assert run(*asked, "--without", "rhyme").exit_code == 2


def test_our_model_is_a_column_with_the_scores_of_its_own_answers(
    run, couplets, responder, monkeypatch
):
    from nlg.couplet.dataset import load_couplets
    from nlg.couplet.evaluate import model_report
    from nlg.couplet.responder import Couplets

    opened = staticmethod(lambda folder, device: responder)
    monkeypatch.setattr(Couplets, "from_checkpoint", opened)
    result = run("eval", "couplet", couplets, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)["couplets"]["nlg"]
    assert found == model_report(load_couplets(couplets), responder)
