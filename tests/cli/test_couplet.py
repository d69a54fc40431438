import json
import pathlib
import shutil
import subprocess
import sys

import pytest
from couplet.oracle import assert_answers, letters
from told import told

from nlg.couplet.inputs import LONGEST
from nlg.couplet.responder import ReplyOptions
from nlg.couplet.results import Reply
from nlg.couplet.rules import RULES
from nlg.runtime import checkpoints_folder
from nlg.runtime.checkpoint import seal
from nlg.text.couplets import check_couplet
from nlg.text.normalize import to_simplified
from nlg.text.readings import tones

TREES = "晚风摇树树还挺"
SEA = "海阔凭鱼跃，天高任鸟飞"
SHIPPED = checkpoints_folder() / "couplet"
HARD = ("--temperature", "1", "--seed", "3")


@pytest.fixture
def answer(run, responder, monkeypatch):
    """`nlg couplet` with the shipped checkpoint, which is opened once for all tests."""
    opened = type(responder).from_checkpoint

    def once(folder, device="cpu"):
        shipped = (folder, device) == (None, "cpu")
        return responder if shipped else opened(folder, device)

    monkeypatch.setattr(type(responder), "from_checkpoint", once)
    return lambda *arguments, stdin=None: run("couplet", *arguments, stdin=stdin)


@pytest.fixture
def terminal(answer, monkeypatch):
    """The same as if `typed` came from a person."""

    def terminal(*arguments, typed):
        with monkeypatch.context() as patch:
            patch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)
            return answer(*arguments, stdin=typed)

    return terminal


def objects(result, exit_code=0):
    assert result.exit_code == exit_code, result.stderr
    return [json.loads(line) for line in result.stdout.removesuffix("\n").split("\n")]


# --- what is printed


def test_an_answer_is_one_line(answer, responder):
    result = answer(TREES)
    assert (result.exit_code, result.stderr) == (0, "")
    (line,) = result.stdout.splitlines()
    assert [line] == [reply.second_line for reply in responder.reply(TREES)]
    assert_answers(TREES, line)


def test_more_answers_come_with_their_scores_best_first(answer, responder):
    result = answer(TREES, "-n", 3)
    rows = [row.split("  ") for row in result.stdout.splitlines()]
    wanted = responder.reply(TREES, ReplyOptions(count=3))
    assert rows == [[reply.second_line, f"{reply.score:.2f}"] for reply in wanted]
    scores = [float(score) for _, score in rows]
    assert scores == sorted(scores, reverse=True)


def test_json_is_one_object_a_line_with_these_fields(answer, responder):
    found = objects(answer(TREES, "-n", 6, "--json"))
    wanted = responder.reply(TREES, ReplyOptions(count=6))
    assert found == [reply.to_dict() for reply in wanted]
    assert [*found[0]] == ["first_line", "second_line", "score"]


def test_the_first_of_four_is_the_one_that_comes_alone(answer):
    (one,) = objects(answer(SEA, "--json"))
    assert objects(answer(SEA, "--json", "-n", 4))[0] == one


@pytest.mark.parametrize(
    "line",
    ["春", "春风 又绿", "Go 2024", "3.14", "😀春🎉", "晚風搖樹樹還挺", "「春」，"],
    ids=ascii,
)
def test_lines_as_people_type_them_are_answered(answer, line):
    result = answer(line)
    assert result.exit_code == 0
    assert_answers(line, result.stdout.removesuffix("\n"))


def test_characters_that_the_model_does_not_know_are_named(answer):
    result = answer("䶮𠀀，春䶮")
    assert result.exit_code == 0
    assert result.stderr == "note: 䶮𠀀 not in the vocabulary; read as unknown\n"
    assert_answers("䶮𠀀，春䶮", result.stdout.removesuffix("\n"))


def test_traditional_is_the_same_couplet_in_other_characters(answer):
    plain = objects(answer("春风又绿江南岸，云开", "-n", 4, "--json"))
    other = objects(answer("春风又绿江南岸，云开", "-n", 4, "--json", "--traditional"))
    assert other[0]["first_line"] == "春風又綠江南岸，雲開"
    for a, b in zip(plain, other, strict=True):
        assert to_simplified(b["second_line"]) == a["second_line"]
        assert a["score"] == b["score"]


def test_traditional_explanations_are_in_its_characters_too(answer):
    given = ("葉葉聲聲", "--explain", "--scroll")
    plain, other = (answer(*given, *more).stdout for more in ((), ("--traditional",)))
    assert "葉" in other and "叶" not in other
    assert to_simplified(other) == plain
    (found,) = objects(answer(*given, "--json", "--traditional"))
    assert [place["given"] for place in found["places"]] == list("葉葉聲聲")


@pytest.mark.parametrize("given", [(TREES, *HARD), ("--theme", "春风", "--seed", 3)])
def test_what_chance_had_a_part_in_tells_its_seed(answer, given):
    (found,) = objects(answer(*given, "--json"))
    assert found["seed"] == 3
    assert "seed" not in objects(answer(TREES, "--seed", 3, "--json"))[0]


def test_reverse_prints_the_first_line(answer, responder):
    result = answer(SEA, "--reverse")
    (reply,) = responder.reply(SEA, ReplyOptions(reverse=True))
    assert result.stdout == f"{reply.first_line}\n"
    (found,) = objects(answer(SEA, "--reverse", "--json"))
    assert found["second_line"] == SEA


def test_a_scroll_of_four_other_characters_hangs_above(answer):
    result = answer(SEA, "--scroll")
    line, scroll = result.stdout.splitlines()
    assert scroll.startswith("横批  ")
    assert len(scroll.removeprefix("横批  ")) == 4
    assert not set(scroll.removeprefix("横批  ")) & set(SEA + line)
    (found,) = objects(answer(SEA, "--scroll", "--json"))
    assert found["scroll"] == scroll.removeprefix("横批  ")


def test_a_couplet_that_leaves_no_scroll_has_an_empty_one(
    answer, responder, monkeypatch
):
    monkeypatch.setattr(type(responder.scrolls), "choose", lambda *_: [])
    (found,) = objects(answer(SEA, "--scroll", "--json"))
    assert found["scroll"] == ""
    plain = answer(SEA, "--scroll")
    assert "横批" not in plain.stdout
    assert plain.stderr == "note: no 横批 goes with these lines\n"


# --- what a user wants


def test_what_is_to_be_kept_stands(answer):
    line = answer(TREES, "--keep", "_雨___＿花").stdout.removesuffix("\n")
    assert (line[1], line[6]) == ("雨", "花")


def test_banned_characters_do_not_stand(answer):
    free = answer(TREES).stdout.removesuffix("\n")
    banned = answer(TREES, "--ban", free).stdout.removesuffix("\n")
    assert not set(free) & set(banned)
    assert_answers(TREES, banned)


@pytest.mark.parametrize(
    ("left_out", "broken"),
    [
        ("marks", {"标点不对"}),
        ("reuse", {"同位重字", "异位重字"}),
        ("repeat", {"叠字不对"}),
        ("ends", {"句脚失对"}),
        ("tones", {"平仄失对"}),
    ],
)
def test_a_rule_that_is_left_out_may_be_broken(answer, left_out, broken):
    lines = [f"春{c}花，山水{c}{d}山" for c in "风来开江" for d in "月云雪光一"]
    given = ("--input", "-", "--without", left_out, "--temperature", 3, "--seed", 1)
    found = set()
    for couplet in objects(answer(*given, stdin="\n".join(lines))):
        found |= check_couplet(couplet["first_line"], couplet["second_line"]).broken
    assert found & broken
    assert found <= broken | {"平仄失对", "下联仄收"}


def test_bad_line_among_those_of_standard_input_does_not_stop_the_others(answer):
    lines = ["春风", "春" * 70, "", "夏天"]
    result = answer("-", "--json", stdin="\n".join(lines))
    found = [json.loads(row)["first_line"] for row in result.stdout.splitlines()]
    assert found == ["春风", "夏天"] and result.exit_code == 1
    assert result.stderr.count("\n") == 1 and "at most 64" in result.stderr


def test_rules_may_be_left_out_together(answer):
    options = [word for rule in RULES for word in ("--without", rule)]
    line = answer(SEA, *options).stdout.removesuffix("\n")
    assert letters(line) == [*range(len(SEA))]


def test_the_rules_of_the_help_are_those_there_are():
    from nlg.cli.couplet import RULES as NAMED

    assert tuple(RULES) == NAMED


# --- chance


def test_the_same_seed_gives_the_same_answer_and_others_mostly_others(answer):
    found = {
        seed: answer(TREES, "--temperature", 2, "--seed", seed).stdout
        for seed in range(6)
    }
    assert answer(TREES, "--temperature", 2, "--seed", 3).stdout == found[3]
    assert len(set(found.values())) > 3


def test_without_a_seed_chance_takes_its_own(answer):
    lines = {answer(TREES, "--temperature", 2).stdout for _ in range(4)}
    assert len(lines) > 1


def test_a_seed_gives_a_line_its_answer_in_any_batch(answer):
    alone = [{"id": 2} | one for one in objects(answer(TREES, "--json", *HARD))]
    lines = f"春风又绿江南岸\n{TREES}\n海阔凭鱼跃\n"
    assert objects(answer("--input", "-", *HARD, stdin=lines))[1:2] == alone


# --- themes


def test_a_theme_gives_both_lines(answer):
    first, second = answer("--theme", "春风", "--seed", 1).stdout.splitlines()
    assert len(first) == len(second) == 7
    assert "春风" in first
    assert not set(first) & set(second)


def test_two_words_stand_face_to_face_in_lines_of_the_length_asked_for(answer):
    given = ("--theme", "山 水", "--length", 5, "-n", 3, "--seed", 1, "--json")
    for couplet in objects(answer(*given)):
        assert len(couplet["first_line"]) == len(couplet["second_line"]) == 5
        assert couplet["first_line"].index("山") == couplet["second_line"].index("水")


def test_a_theme_may_come_from_a_pipe_and_end_in_a_scroll(answer):
    result = answer("--theme", "-", "--seed", 1, "--scroll", stdin="春風 秋月\n")
    first, second, scroll = result.stdout.splitlines()
    assert first.index("春风") == second.index("秋月")
    assert scroll.startswith("横批  ")


def test_a_theme_with_a_seed_comes_again(answer):
    one, same, other = (
        answer("--theme", "江南", "--seed", seed, "-n", 3).stdout for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


# --- explanations


def test_each_character_is_explained_with_what_else_could_stand_there(
    answer, responder
):
    (reply,) = responder.reply(TREES)
    line, *rows = answer(TREES, "--explain").stdout.splitlines()
    assert line == reply.second_line
    verdict = check_couplet(*reply[:2])
    assert rows[0] == f"上联  {TREES}" and rows[1].split() == [verdict.tones[0]]
    places = responder.explain(reply)
    for row, place in zip(rows[-7:], places, strict=True):
        number, given, tone, _, character, own, chance, *_ = row.split()
        assert [int(number), given, tone, character, own] == list(place[:5])
        assert chance == f"{place.probability:.0%}"
        best = place.runners_up[0]
        assert f"{best.character} {best.probability:.0%}" in row
        for other in place.runners_up:
            assert all(rule in row for rule in other.breaks)


def test_an_explanation_as_json_has_a_record_for_each_place(answer, responder):
    (found,) = objects(answer(SEA, "--explain", "--json"))
    reply = Reply(found["first_line"], found["second_line"], found["score"])
    places = responder.explain(reply)
    assert len(found["places"]) == 10
    for record, place in zip(found["places"], places, strict=True):
        assert [*record] == [*place._fields]
        others = [
            {**other._asdict(), "breaks": list(other.breaks)}
            for other in place.runners_up
        ]
        assert record == {**place._asdict(), "runners_up": others}


def test_explained_answers_are_parted_by_an_empty_line(answer):
    text = answer("春风", "-n", 2, "--explain").stdout
    assert text.count("上联") == 2
    blocks = text.split("\n\n")
    assert sum("上联" in block for block in blocks) == 2


def test_the_first_line_of_a_second_one_is_explained(answer, responder):
    (found,) = objects(answer(SEA, "--reverse", "--explain", "--json"))
    assert "".join(place["given"] for place in found["places"]) == SEA.replace("，", "")
    assert found["places"][-1]["given_tone"] in tones(SEA[-1])


# --- many lines


def test_a_file_gives_json_lines_in_its_order(answer, responder, tmp_path):
    lines = [TREES, "春", SEA, "春风又绿江南岸", "天", "明月几时有", TREES]
    path = tmp_path / "上联.txt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    found = objects(answer("--input", path))
    replies = [responder.reply(line)[0].to_dict() for line in lines]
    assert found == [{"id": n} | reply for n, reply in enumerate(replies, 1)]
    assert objects(answer("--input", "-", stdin="\n".join(lines))) == found
    rows = [{"id": f"x{n}", "上联": line} for n, line in enumerate(lines)]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    of_json = objects(answer("--input", path, "--text-field", "上联"))
    assert of_json == [one | {"id": f"x{n}"} for n, one in enumerate(found)]


@pytest.mark.parametrize(
    "text",
    ["春风\r\n明月\r\n", "\ufeff春风\n明月", "  春风 \n\t明月\n"],
    ids=["Windows", "mark of order", "spaces"],
)
def test_line_ends_of_any_system_are_no_part_of_a_line(answer, text):
    found = objects(answer("--input", "-", stdin=text))
    assert [couplet["first_line"] for couplet in found] == ["春风", "明月"]


@pytest.mark.parametrize("sign", "\u2028\x0c\x0b\x85\x1c")
def test_signs_that_end_lines_elsewhere_do_not_here(answer, sign):
    lines = f"春{sign}风\n明月\n"
    first, second = objects(answer("--input", "-", stdin=lines))
    assert (first["first_line"], second["first_line"]) == (f"春{sign}风", "明月")
    assert first["second_line"][1] == sign


def test_lines_that_cannot_be_answered_are_told_in_their_place(answer):
    lines = f"春风\n\n，\n明月\n{'春' * 65}\n"
    result = answer("--input", "-", stdin=lines)
    found = objects(result, exit_code=1)
    filled = [line for line in lines.splitlines() if line]
    assert [couplet["first_line"] for couplet in found] == filled
    assert [bool(couplet["second_line"]) for couplet in found] == [1, 0, 1, 0]
    assert [couplet.get("line") for couplet in found] == [None, 3, None, 5]
    assert "nothing to answer" in found[1]["error"]
    assert "65 characters, at most 64" in found[3]["error"]
    assert result.stderr == "Error: 2 of 4 lines have an error\n"


def test_blank_last_line_is_no_error(answer):
    result = answer("--input", "-", stdin="春风\n\n \n")
    assert len(objects(result)) == 1 and result.stderr == ""


def test_an_empty_file_gives_nothing(answer):
    result = answer("--input", "-", stdin="")
    assert (result.exit_code, result.output) == (0, "")


def test_a_file_may_be_answered_with_every_option(answer):
    given = ("-n", 2, "--scroll", "--explain", "--traditional", "--keep", "_雨")
    found = objects(answer("--input", "-", *given, stdin="春风\n山川\n春风又绿\n"), 1)
    assert len(found) == 5
    for couplet in found[:4]:
        assert couplet["second_line"][1] == "雨"
        assert len(couplet["places"]) == 2
    assert "has 2 characters, the line 春风又绿 has 4" in found[4]["error"]


def test_a_dash_for_the_output_is_stdout(answer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = answer("--input", "-", "--output", "-", stdin=f"{TREES}\n")
    assert json.loads(result.stdout)["first_line"] == TREES
    assert [*tmp_path.iterdir()] == []


def test_output_goes_to_the_file_and_not_to_the_screen(answer, tmp_path):
    path = tmp_path / "对联.jsonl"
    path.write_text("old", "utf-8")
    result = answer("--input", "-", "--output", path, stdin=f"{TREES}\n春\n")
    assert (result.exit_code, result.output) == (0, "")
    lines = answer("--input", "-", stdin=f"{TREES}\n春\n").stdout
    assert path.read_text("utf-8") == lines
    assert [p.name for p in tmp_path.iterdir()] == ["对联.jsonl"]
    answer(TREES, "-o", path)
    assert path.read_text("utf-8") == answer(TREES).stdout


def test_a_failure_leaves_the_old_output(answer, tmp_path):
    path = tmp_path / "answer"
    path.write_text("old", "utf-8")
    told(answer("，", "-o", path), 2)
    assert path.read_text("utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["answer"]


@pytest.mark.parametrize("name", ["", "no/answer", "x" * 300])
def test_an_output_that_cannot_be_written_is_named(answer, tmp_path, name):
    message = told(answer(TREES, "-o", tmp_path / name), 1)
    assert f"{tmp_path / name} cannot be written: " in message


# --- standard input


def test_a_dash_is_standard_input(answer):
    wanted = answer(TREES).stdout + answer("春").stdout
    assert answer("-", stdin=f"{TREES}\n春\n").stdout == wanted
    assert answer("-", stdin=f"\ufeff{TREES}\r\n\r\n春").stdout == wanted
    assert answer(f"{TREES}\n春").stdout == wanted


def test_standard_input_that_is_no_text_is_told(answer):
    for arguments in (["-"], ["--theme", "-"]):
        message = told(answer(*arguments, stdin=b"\xff\xfe\x00\xd8"), 1)
        assert "standard input is no UTF-8 text" in message
    message = told(answer("--input", "-", stdin=b"\xff\xfe\x00\xd8"), 1)
    assert "-: cannot be read: 'utf-8' codec can't decode" in message


# --- a conversation


def test_a_terminal_is_asked_until_an_empty_line(terminal, answer):
    result = terminal(typed=f"{TREES}\n海阔凭鱼跃\n\n春\n")
    assert result.exit_code == 0
    assert result.stdout == answer(TREES).stdout + answer("海阔凭鱼跃").stdout
    assert result.stderr == "上联: " * 3


@pytest.mark.parametrize("typed", ["", "春\n", "春"])
def test_a_terminal_is_asked_until_the_end_of_input(terminal, answer, typed):
    result = terminal(typed=typed)
    assert result.exit_code == 0
    assert result.stdout == (answer("春").stdout if typed else "")


def test_a_bad_line_does_not_end_the_conversation(terminal, answer):
    result = terminal(typed="，\n䶮\n" + "春" * 65 + "\n春\n")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == answer("春").stdout.strip()
    assert "Error: ，: nothing to answer" in result.stderr
    assert "note: 䶮 not in the vocabulary" in result.stderr
    assert "65 characters, at most 64" in result.stderr


def test_bytes_that_are_no_text_do_not_end_the_conversation(terminal, answer):
    result = terminal(typed="春风".encode("gbk") + b"\n" + "春\n".encode())
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == answer("春").stdout.strip()


def test_a_conversation_heeds_the_options(terminal):
    given = ("--reverse", "-n", 2, "--scroll", "--keep", "_雨")
    result = terminal(*given, typed="春风\n春\n春水\n")
    assert result.stderr.count("下联: ") == 4
    assert "has 2 characters, the line 春 has 1" in result.stderr
    rows = result.stdout.splitlines()
    assert len(rows) == 8
    assert [row[1] for row in rows[::2]] == ["雨"] * 4
    assert all(row.startswith("横批") for row in rows[1::2])


def test_a_conversation_is_not_written_to_a_file(terminal, tmp_path):
    message = told(terminal("-o", tmp_path / "x", typed="春\n"), 2)
    assert "--output goes with LINE, --theme or --input" in message


# --- wrong usage


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "give a line to answer, or - for standard input"),
        ([""], "an empty line: nothing to answer"),
        (["  "], "an empty line: nothing to answer"),
        (["，。"], "，。: nothing to answer; type a line of Chinese"),
        (["😀"], "😀: nothing to answer"),
        (["春" * 65], "65 characters, at most 64 can be answered; cut the line"),
        (["春" * 2000], "2000 characters, at most 64"),
        (["-"], "an empty line: nothing to answer"),
        ([TREES, "--keep", "_雨"], "has 2 characters, the line 晚风摇树树还挺 has 7"),
        ([TREES, "--without", "rhyme"], "'rhyme' is not one of 'marks', 'reuse'"),
        ([TREES, "--theme", "春"], "give LINE, --theme or --input, one of them"),
        ([TREES, "--input", "-"], "give LINE, --theme or --input, one of them"),
        (["--theme", "春", "--input", "-"], "give LINE, --theme or --input"),
        ([TREES, "--length", "5"], "--length goes with --theme"),
        (["--theme", "春", "--reverse"], "--reverse goes with a line, not with"),
        (["--theme", "春", "--keep", "_"], "--keep goes with a line, not with"),
        (["--theme", ""], "a theme is one word, or two that face each other"),
        (["--theme", "，"], "a theme is one word, or two that face each other"),
        (["--theme", "春 夏 秋"], "a theme is one word, or two that face each other"),
        (["--theme", "春风 秋"], "give two words of one length"),
        (["--theme", "春风秋月", "--length", "3"], "does not fit into a line of 3"),
        (["--theme", "春", "--length", "0"], "0 is not in the range 1<=x<=64"),
        ([TREES, "-n", "0"], "0 is not in the range 1<=x<=16"),
        ([TREES, "-n", "17"], "17 is not in the range 1<=x<=16"),
        ([TREES, "--temperature", "11"], "11.0 is not in the range"),
        ([TREES, "--temperature", "nan"], "nan is no finite number"),
        ([TREES, "--seed", "-1"], "-1 is not in the range"),
        ([TREES, "--device", "tpu"], "'tpu' is not one of 'cpu', 'gpu'"),
        ([TREES, SEA], "unexpected extra argument"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_wrong_usage_is_told_in_one_line(answer, arguments, reason):
    assert reason in told(answer(*arguments), 2)


def test_the_longest_theme_line_is_the_longest_line():
    from nlg.cli.couplet import couplet

    (length,) = (option for option in couplet.params if option.name == "length")
    assert length.type.max == LONGEST


def test_a_file_that_is_not_there_or_no_text_is_named(answer, tmp_path):
    assert "nowhere: no such file" in told(answer("--input", tmp_path / "nowhere"), 1)
    path = tmp_path / "gbk.txt"
    path.write_bytes("春风".encode("gbk"))
    assert f"{path}: cannot be read: 'utf-8' codec" in told(answer("--input", path), 1)


def test_gpu_without_cuda_is_told_in_one_line(answer):
    onnxruntime = pytest.importorskip("onnxruntime")
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has CUDA")
    message = told(answer(TREES, "--device", "gpu"), 2)
    assert "--device gpu: ONNX Runtime sees no CUDA" in message


# --- checkpoints


def replaced(path, content):
    path.unlink()  # it may be a link to the shipped file
    path.write_bytes(content)
    seal(path.parent)


def rewritten(folder, **facts):
    config = json.loads((folder / "config.json").read_text("utf-8"))
    replaced(folder / "config.json", json.dumps(config | facts).encode())


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (shutil.rmtree, "no such checkpoint folder"),
        (lambda f: (f / "sha256").unlink(), "it is empty, half-written or no check"),
        (lambda f: (f / "pairs.txt").unlink(), "pairs.txt is missing; copy"),
        (lambda f: (f / "pairs.txt").write_text("春风\n"), "pairs.txt is not the"),
        (lambda f: rewritten(f, task="poem-vae"), "was made for poem-vae, not for"),
        (lambda f: rewritten(f, format=99), "has format 99, this nlg reads format 1"),
        (lambda f: replaced(f / "model.onnx", b"?"), "not a graph that runs"),
        (lambda f: replaced(f / "pairs.txt", b"\xff\n"), "pairs.txt: not two charac"),
        (lambda f: replaced(f / "scrolls.txt", b"\xff"), "scrolls.txt: no list of sc"),
        (lambda f: replaced(f / "scrolls.npz", b"PK\x03\x04"), "scrolls.npz: no vecto"),
    ],
    ids=[
        *("gone", "unlisted", "missing", "altered", "task", "format"),
        *("graph", "pairs", "scrolls", "vectors"),
    ],
)
def test_a_checkpoint_of_no_use_is_told_in_one_line(answer, tmp_path, spoil, reason):
    folder = tmp_path / "couplet"
    folder.mkdir()
    for path in SHIPPED.iterdir():
        if path.stat().st_size < 2**20:
            shutil.copy(path, folder / path.name)
        else:
            (folder / path.name).symlink_to(path)
    spoil(folder)
    message = told(answer("春", "--scroll", "--json", "--checkpoint", folder), 1)
    assert reason in message
    assert str(folder) in message


# --- as a process


def test_it_works_in_a_bare_locale(shell, tmp_path):
    path = tmp_path / "上联.txt"
    path.write_text("海闊憑魚躍\n", "utf-8")
    done = shell(
        *("couplet", "--input", str(path), "--keep", "_高___", "--explain"),
        environment={"LC_ALL": "C"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    (couplet,) = map(json.loads, done.stdout.decode().splitlines())
    assert couplet["second_line"][1] == "高"
    assert_answers("海闊憑魚躍", couplet["second_line"])


def test_a_pipe_that_is_closed_early_is_no_traceback(tmp_path):
    path = tmp_path / "lines"
    path.write_text("春风又绿江南岸\n" * 1200, "utf-8")
    root = pathlib.Path(__file__).parents[2]
    command = [sys.executable, "-m", "nlg", "couplet", "--input", str(path)]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        first = process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()
    assert json.loads(first)["first_line"] == "春风又绿江南岸"
    assert b"Traceback" not in complaint
