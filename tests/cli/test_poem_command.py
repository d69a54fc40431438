import json
import shutil

import pytest
from told import told

from nlg.poem.vae.poet import parse_poem
from nlg.runtime import checkpoints_folder
from nlg.runtime.checkpoint import seal
from nlg.text.normalize import to_simplified
from nlg.text.prosody import check

STORKS = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
RIVER = "千山鸟飞绝，万径人踪灭。孤舟蓑笠翁，独钓寒江雪。"
BAIDI = "朝辞白帝彩云间，千里江陵一日还。两岸猿声啼不住，轻舟已过万重山。"
KEYS = ["form", "lines", "rhyme", "tones", "latent", "score", "originality"]
KEYS += ["seed", "number"]
QUICK = ("--form", "五绝", "--candidates", "1")


def objects(result):
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


# --- what is printed


@pytest.mark.parametrize("form", ["五绝", "七绝", "五律", "七律"])
def test_a_poem_is_printed_in_the_form_asked_for(write, form):
    result = write("--form", form, "--candidates", 1, "--seed", 3)
    assert (result.exit_code, result.stderr) == (0, "")
    found, lines = parse_poem(result.stdout)
    assert found.name == form
    assert check(lines).violations == ()
    assert len(result.stdout.splitlines()) == found.lines // 2
    assert all(line[-1] == "。" for line in result.stdout.splitlines())


def test_a_seven_character_quatrain_is_what_comes_unasked(write):
    (poem,) = objects(write("--json", "--seed", 3))
    assert poem["form"] == "七绝"
    assert objects(write("--sample", "-n", 1, "--json", "--seed", 3)) == [poem]


def test_poems_are_parted_by_an_empty_line(write):
    result = write(*QUICK, "-n", 3, "--seed", 3)
    blocks = result.stdout.split("\n\n")
    assert [parse_poem(block)[0].name for block in blocks] == ["五绝"] * 3


def test_json_is_one_object_a_line_with_these_keys(write):
    poems = objects(write(*QUICK, "-n", 2, "--seed", 9, "--json"))
    for poem in poems:
        assert set(poem) == set(KEYS)
        assert len(poem) == len(KEYS)
        verdict = check(poem["lines"])
        assert poem["rhyme"] == verdict.rhyme
        assert poem["tones"] == list(verdict.tones)
        assert poem["seed"] == 9
    assert [poem["number"] for poem in poems] == [1, 2]
    for poem in poems:
        assert set(poem["originality"]) == {"known_lines", "longest_shared_run"}
    assert poems[0]["lines"] != poems[1]["lines"]


def test_the_same_seed_gives_the_same_bytes_whatever_n(write):
    three = write(*QUICK, "-n", 3, "--seed", 5).stdout
    one = write(*QUICK, "--seed", 5).stdout
    assert three.startswith(one)
    assert write(*QUICK, "--seed", 6).stdout != one


def test_the_seed_that_was_drawn_gives_the_poem_again(write):
    (poem,) = objects(write(*QUICK, "--json"))
    assert objects(write(*QUICK, "--json", "--seed", poem["seed"])) == [poem]


def test_traditional_is_the_same_poem_in_other_characters(write):
    plain = objects(write(*QUICK, "-n", 8, "--seed", 5, "--json"))
    other = objects(write(*QUICK, "-n", 8, "--seed", 5, "--json", "--traditional"))
    assert [p["lines"] for p in other] != [p["lines"] for p in plain]
    for a, b in zip(plain, other, strict=True):
        assert [to_simplified(line) for line in b["lines"]] == a["lines"]
        assert a | {"lines": 0} == b | {"lines": 0}


def test_free_poems_may_break_the_rules(write):
    poems = objects(write(*QUICK, "-n", 20, "--seed", 5, "--json", "--free"))
    verdicts = [check(poem["lines"]) for poem in poems]
    assert {verdict.form for verdict in verdicts} == {"五绝"}
    assert any(verdict.violations for verdict in verdicts)


# --- modes


@pytest.mark.parametrize("mode", ["--reconstruct", "--near"])
def test_a_poem_typed_in_any_way_gives_the_same(write, mode):
    traditional = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
    typed = (STORKS, traditional, STORKS.replace("，", "").replace("。", ""))
    results = [write(mode, text, "--seed", 1, "--json") for text in typed]
    piped = write(mode, "-", "--seed", 1, "--json", stdin=f"\n{STORKS}\n")
    (poem,) = objects(piped)
    assert poem["form"] == "五绝"
    assert all(objects(result) == [poem] for result in results)


def test_standard_input_may_start_with_a_byte_order_mark(write):
    result = write("--reconstruct", "-", "--seed", 1, stdin="\ufeff" + STORKS)
    assert parse_poem(result.stdout)[0].name == "五绝"


def test_the_ends_of_an_interpolation_are_the_poems_rebuilt(write):
    way = objects(write("--interpolate", STORKS, RIVER, "--seed", 4, "--json"))
    ends = [
        objects(write("--reconstruct", text, "--seed", 4, "--json"))[0]
        for text in (STORKS, RIVER)
    ]
    assert len(way) == 5
    assert [way[0], way[-1]] == ends
    middle = [(a + b) / 2 for a, b in zip(*(e["latent"] for e in ends), strict=True)]
    assert way[2]["latent"] == pytest.approx(middle, abs=2e-4)


def test_steps_say_how_many_poems_lie_on_the_way(write):
    way = write("--interpolate", STORKS, RIVER, "--steps", 3, "--json", "--seed", 1)
    assert len(objects(way)) == 3


def test_poems_near_radius_zero_are_the_poem_rebuilt(write):
    here = objects(
        write("--near", STORKS, "--radius", 0, "-n", 2, "--json", "--temperature", 0)
    )
    (rebuilt,) = objects(write("--reconstruct", STORKS, "--json"))
    same = {"seed": 0, "number": 0}
    assert [poem | same for poem in here] == [rebuilt | same] * 2
    around = objects(write("--near", STORKS, "-n", 2, "--json", "--seed", 4))
    assert len({str(poem["latent"]) for poem in [*around, rebuilt]}) == 3


def test_a_latent_that_was_printed_gives_its_poem_back(write, tmp_path):
    printed = write("--sample", "-n", 3, "--seed", 4, "--json").stdout
    (tmp_path / "z").write_text(printed, "utf-8")
    back = objects(write("--z", tmp_path / "z", "--json"))
    piped = objects(write("--z", "-", "--json", stdin=printed))
    assert back == piped
    assert back == [json.loads(line) for line in printed.splitlines()]
    (third,) = objects(write("--z", "-", "--json", stdin=printed.splitlines()[2]))
    assert third == back[2]


def test_a_seed_that_is_typed_rules_over_that_of_printed_latents(write):
    printed = write("--sample", "--seed", 4, "--json").stdout
    (again,) = objects(write("--z", "-", "--seed", 5, "--json", stdin=printed))
    (first,) = objects(write("--sample", "--seed", 4, "--json"))
    assert again["seed"] == 5 and again["latent"] == first["latent"]
    assert again["lines"] != first["lines"]


def test_bare_latents_take_the_form_asked_for(write, poet):
    latents = "".join(f"{[x] * poet.latent_units}\n" for x in (0, 0.5))
    poems = objects(write("--z", "-", "--form", "七律", "--json", stdin=latents))
    assert [poem["form"] for poem in poems] == ["七律", "七律"]
    (poem,) = objects(write("--z", "-", "--json", stdin=latents.splitlines()[0]))
    assert poem["form"] == "七绝"


def test_characters_that_the_model_does_not_know_are_named(write):
    result = write("--reconstruct", STORKS.replace("黄", "𠀀"), "--seed", 1)
    assert result.exit_code == 0
    assert result.stderr == "note: 𠀀 not in the vocabulary; read as unknown\n"
    assert check(parse_poem(result.stdout)[1]).form == "五绝"


# --- files


def test_output_goes_to_the_file_and_not_to_the_screen(write, tmp_path):
    path = tmp_path / "诗.txt"
    path.write_text("old", "utf-8")
    result = write(*QUICK, "--seed", 5, "-o", path)
    assert (result.exit_code, result.output) == (0, "")
    assert path.read_text("utf-8") == write(*QUICK, "--seed", 5).stdout
    assert [p.name for p in tmp_path.iterdir()] == ["诗.txt"]


def test_a_failure_leaves_the_old_output(write, tmp_path, poet, monkeypatch):
    path = tmp_path / "poems"
    path.write_text("old", "utf-8")
    told(write("--reconstruct", "春", "-o", path), 2)
    written = type(poet).write

    def one_and_no_more(*arguments):
        yield next(written(*arguments))
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(type(poet), "write", one_and_no_more)
    assert "Input/output" in told(write(*QUICK, "-n", 2, "-o", path), 1)
    assert path.read_text("utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["poems"]


@pytest.mark.parametrize("name", ["", "no/poems", "x" * 300])
def test_an_output_that_cannot_be_written_is_named(write, tmp_path, name):
    message = told(write(*QUICK, "-o", tmp_path / name), 1)
    assert f"{tmp_path / name} cannot be written: " in message


# --- wrong usage


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--form", "六绝"], "'六绝' is not one of '五绝', '七绝', '五律', '七律'"),
        (["-n", "0"], "0 is not in the range x>=1"),
        (["-n", "-3"], "-3 is not in the range x>=1"),
        (["-n", "many"], "not a valid integer"),
        (["--candidates", "0"], "0 is not in the range"),
        (["--seed", "-1"], "-1 is not in the range"),
        (["--temperature", "11"], "11.0 is not in the range"),
        (["--temperature", "nan"], "nan is no finite number"),
        (["--latent-temperature", "inf"], "inf is not in the range"),
        (["--near", STORKS, "--radius", "nan"], "nan is no finite number"),
        (["--near", STORKS, "--radius", "1e300"], "is not in the range"),
        (["--reconstruct", "白日依山尽黄河入海流欲穷千里目更上一层"], "it has 19"),
        (["--reconstruct", "To see a world in a grain of sand"], "it has no Chinese"),
        (["--reconstruct", ""], "an empty text is no 五绝"),
        (["--near", "白日依山尽\n黄河入海流\n欲穷千里目"], "it has 5+5+5"),
        (["--reconstruct", "春" * 2000], "it has 2000"),
        (["--interpolate", STORKS, BAIDI], "五绝 and 七绝 are two forms; give one"),
        (["--interpolate", STORKS, "春"], "春 is no 五绝"),
        (["--interpolate", STORKS], "requires 2 arguments"),
        (["--interpolate", STORKS, RIVER, "--steps", "1"], "1 is not in the range"),
        (["--sample", "--near", STORKS], "--sample and --near exclude each other"),
        (["--z", "-", "--reconstruct", STORKS], "--reconstruct and --z exclude"),
        (["--reconstruct", STORKS, "-n", "2"], "--count goes with --sample or --near"),
        (
            ["--reconstruct", STORKS, "--form", "五绝"],
            "--form goes with --sample or --z",
        ),
        (["--near", STORKS, "--candidates", "2"], "--candidates goes with --sample"),
        (["--near", STORKS, "--steps", "3"], "--steps goes with --interpolate"),
        (["--radius", "1"], "--radius goes with --near, not with --sample"),
        (["--z", "-", "--latent-temperature", "0"], "--latent-temperature goes with"),
        (["--device", "tpu"], "'tpu' is not one of 'cpu', 'gpu'"),
        (["--colour"], "No such option"),
        (["床前明月光"], "unexpected extra argument"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_wrong_usage_is_told_in_one_line(write, arguments, reason):
    assert reason in told(write(*arguments), 2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1, 2, 3]", "latents of 3 numbers, the model's have 128"),
        ("春眠不觉晓", "-:1: not JSON"),
        ("", "- is empty"),
        ("[NaN, 1]", "latent 1 is no list of numbers between -1000 and 1000"),
    ],
)
def test_latents_of_no_use_are_told_in_one_line(write, text, reason):
    assert reason in told(write("--z", "-", stdin=text), 1)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**400])
def test_a_latent_with_a_number_of_no_use_is_refused(write, poet, number):
    latent = [*[0.0] * (poet.latent_units - 1), number]
    message = told(write("--z", "-", stdin=json.dumps(latent)), 1)
    assert "between -1000 and 1000" in message


def test_a_file_of_latents_that_is_not_there_is_named(write, tmp_path):
    assert "nowhere cannot be read" in told(write("--z", tmp_path / "nowhere"), 1)


def test_latents_of_another_form_than_asked_for_are_refused(write, poet):
    line = json.dumps({"form": "五绝", "latent": [0] * poet.latent_units})
    message = told(write("--z", "-", "--form", "七绝", stdin=line), 2)
    assert "--form 七绝: - holds latents of 五绝" in message


def test_standard_input_that_is_no_text_is_told(write):
    message = told(write("--reconstruct", "-", stdin=b"\xff\xfe\x00\xd8"), 1)
    assert "standard input is no UTF-8 text" in message


def test_gpu_without_cuda_is_told_in_one_line(write):
    onnxruntime = pytest.importorskip("onnxruntime")
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has CUDA")
    message = told(write("--device", "gpu"), 2)
    assert "--device gpu: ONNX Runtime sees no CUDA" in message
    assert "--device cpu" in message


# --- checkpoints


def emptied(folder):
    for path in folder.iterdir():
        path.unlink()


def rewritten(folder, **facts):
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(config | facts), "utf-8")
    seal(folder)


def cut(path, sealed=False):
    content = path.read_bytes()[: path.stat().st_size // 2]
    path.unlink()  # it is a link to the shipped file
    path.write_bytes(content)
    if sealed:
        seal(path.parent)


def altered(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (shutil.rmtree, "no such checkpoint folder"),
        (emptied, "no list of files (sha256); it is empty, half-written"),
        (lambda f: (f / "sha256").unlink(), "it is empty, half-written or no check"),
        (lambda f: (f / "model.onnx").unlink(), "model.onnx is missing; copy"),
        (lambda f: cut(f / "weights.safetensors"), "weights.safetensors is not the"),
        (lambda f: altered(f / "known.npz"), "known.npz is not the file it should be"),
        (lambda f: rewritten(f, task="couplet"), "was made for couplet, not for poem"),
        (lambda f: rewritten(f, format=99), "has format 99, this nlg reads format 1"),
        (lambda f: cut(f / "model.onnx", sealed=True), "not a graph that runs"),
        (lambda f: cut(f / "known.npz", sealed=True), "no file of known lines"),
        (lambda f: cut(f / "config.json", sealed=True), "config.json cannot be used"),
    ],
    ids=[
        "gone",
        "empty",
        "unlisted",
        "missing",
        "truncated",
        "altered",
        "task",
        "format",
        "graph",
        "known",
        "config",
    ],
)
def test_a_checkpoint_of_no_use_is_told_in_one_line(write, tmp_path, spoil, reason):
    folder = tmp_path / "vae"
    folder.mkdir()
    for path in (checkpoints_folder() / "poem" / "vae").iterdir():
        small = path.stat().st_size < 2**16
        (shutil.copy if small else link)(path, folder / path.name)
    spoil(folder)
    message = told(write(*QUICK, "--checkpoint", folder), 1)
    assert reason in message
    assert str(folder) in message


def link(source, target):
    target.symlink_to(source)


def test_a_name_too_long_for_a_folder_is_told_in_one_line(write):
    assert "too long" in told(write("--checkpoint", "x" * 300), 1)
