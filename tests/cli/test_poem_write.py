import json
import re

import pytest
from poem.writer.writers import small_composer
from told import told

from nlg.poem.vae.poet import parse_poem
from nlg.poem.writer.composer import Composer
from nlg.text.normalize import to_simplified
from nlg.text.prosody import check

QUICK = ("--form", "五绝", "--candidates", "1", "--seed", "3")
STORKS = "白日依山尽，黄河入海流。_____，_____。"
FACTS = ["form", "lines", "rhyme", "pattern", "tones", "score", "originality", "source"]


@pytest.fixture(scope="module")
def composer(tmp_path_factory):
    return small_composer(tmp_path_factory.mktemp("writer"))


@pytest.fixture
def ask(run, composer, monkeypatch, tmp_path):
    """`nlg poem` with a writer of random weights."""
    monkeypatch.setattr(Composer, "from_checkpoint", lambda folder, device: composer)
    return lambda *arguments, stdin=None: run(
        "poem", "--checkpoint", tmp_path, *arguments, stdin=stdin
    )


# --- what is printed


@pytest.mark.parametrize(
    "asked",
    [
        ("--theme", "秋思"),
        ("--title", "登鸛雀樓"),
        ("--style", "唐", "--sentiment", "sad", "--author", "李白"),
        ("--rhyme", "七阳"),
        ("--top-p", "0.5"),
        ("--theme", "秋思", "--theme-weight", "2"),
        ("--author", "李白", "--guidance", "1.5"),
        ("--sample-method", "draw"),
    ],
    ids=lambda asked: asked[0],
)
def test_what_only_the_writer_knows_is_asked_of_it(ask, composer, asked):
    before = len(composer.checkpoint.runs)
    result = ask(*asked, *QUICK)
    assert (result.exit_code, result.stderr) == (0, "")
    form, lines = parse_poem(result.stdout)
    assert form.name == "五绝" and check(lines).violations == ()
    assert result.stdout.count("\n") == 2 and len(composer.checkpoint.runs) > before


@pytest.mark.parametrize(
    ("asked", "picture"),
    [
        (("--acrostic", "春夏秋冬"), "春.{6}，夏.{6}。\n秋.{6}，冬.{6}。\n"),
        (
            ("--acrostic", "月天路年", "--acrostic-at", "tail"),
            ".{6}月，.{6}天。\n.{6}路，.{6}年。\n",
        ),
        (("--first-line", "白日依山尽，"), "白日依山尽，.{5}。\n.{5}，.{5}。\n"),
        (("--keep", STORKS), "白日依山尽，黄河入海流。\n.{5}，.{5}。\n"),
    ],
)
def test_what_must_stand_stands(ask, asked, picture):
    result = ask(*asked, "--candidates", 1, "--seed", 1)
    assert re.fullmatch(picture, result.stdout), result.output


def test_what_to_keep_is_read_from_a_pipe(ask):
    typed = ask("--keep", STORKS, *QUICK).stdout
    assert ask("--keep", "-", *QUICK, stdin=STORKS + "\n").stdout == typed


def test_json_says_what_is_known_of_each_poem(ask):
    result = ask("--theme", "秋思", *QUICK, "-n", 2, "--json")
    poems = [json.loads(line) for line in result.stdout.splitlines()]
    assert [list(poem) for poem in poems] == [[*FACTS, "seed"]] * 2
    assert poems[0]["seed"] == 3 and poems[0]["source"] == "秋思"
    text = ask("--theme", "秋思", *QUICK, "-n", 2).stdout
    printed = [list(parse_poem(block)[1]) for block in text.split("\n\n")]
    assert printed == [poem["lines"] for poem in poems]


def test_a_stream_prints_the_poem_of_one_candidate(ask):
    at_once = ask("--theme", "秋思", *QUICK).stdout
    assert ask("--theme", "秋思", *QUICK, "--stream").stdout == at_once
    *lines, poem = map(
        json.loads,
        ask("--theme", "秋思", *QUICK, "--stream", "--json").stdout.split("\n")[:-1],
    )
    assert [line["line"] for line in lines] == [1, 2, 3, 4]
    assert [line["text"] for line in lines] == poem["lines"]
    assert {line["form"] for line in lines} == {poem["form"]}
    assert lines[-1]["rhyme"] == poem["rhyme"] != ""


def test_at_temperature_zero_every_seed_gives_the_same_poem(ask):
    cold = ("--theme", "秋思", "--form", "五绝", "--candidates", 1, "--temperature", 0)
    assert ask(*cold, "--seed", 1).stdout == ask(*cold, "--seed", 2).stdout != ""


def test_one_poem_is_not_printed_twice(ask):
    cold = ("--theme", "秋思", "--form", "五绝", "-n", 2, "--temperature", 0)
    assert "at temperature 0 there is one poem" in told(ask(*cold), 2)


def test_an_option_of_the_writer_counts_as_given_at_zero(ask):
    assert "--theme-weight goes with --theme" in told(ask("--theme-weight", 0), 2)


def test_a_search_needs_no_seed(ask):
    asked = ("--beam", 2, "--form", "五绝", "-n", 2)
    first, again = ask(*asked).stdout, ask(*asked).stdout
    assert first == again and len(first.split("\n\n")) == 2
    four = ask("--sample-method", "beam", "--form", "五绝").stdout
    assert four == ask("--beam", 4, "--form", "五绝").stdout


def test_traditional_characters_are_printed_if_asked_for(ask):
    simple = ask("--first-line", "黄河入海流", *QUICK)
    result = ask("--first-line", "黃河入海流", *QUICK, "--traditional")
    assert result.stdout.startswith("黃河入海流")
    assert to_simplified(result.stdout) == to_simplified(simple.stdout)


def test_poems_are_written_to_a_file(ask, tmp_path):
    result = ask("--theme", "秋", *QUICK, "-o", tmp_path / "poems.txt")
    assert result.stdout == ""
    assert (tmp_path / "poems.txt").read_text("utf-8") == ask(
        "--theme", "秋", *QUICK
    ).stdout


def test_without_such_an_option_the_vae_writes(ask, composer, monkeypatch):
    before = len(composer.checkpoint.runs)
    assert "no list of files" in told(ask("--form", "五绝"), 1)  # an empty folder
    assert len(composer.checkpoint.runs) == before


# --- what is refused


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            ("--acrostic", "春夏秋"),
            "the acrostic has 3 characters, with 七绝 it takes 4",
        ),
        (("--acrostic", "春夏A冬"), "'A' is no Chinese character"),
        (("--acrostic", "春龘秋冬"), "龘 is too rare"),
        (
            ("--acrostic", "春夏秋冬", "--keep", STORKS),
            "the acrostic has 春, what to keep",
        ),
        (("--author", "李百"), "no author '李百'; did you mean 李白?"),
        (("--theme", "秋" * 500), "the theme has 500 characters, at most 200"),
        (("--theme", "autumn"), "has no Chinese character"),
        (("--keep", "白日__"), "what to keep has 4 characters, with 七绝 it takes 28"),
        (("--keep", "____"), "nothing to keep"),
        (("--rhyme", "一董"), "no rhyme '一董' in level tone; there are 一东"),
        (("--first-line", "白日依山尽", "--form", "七绝"), "the first line has 5"),
        (
            ("--first-line", "山山山山山"),
            "no tone pattern of 五绝 has room for 山山山山山",
        ),
        (("--title", "秋", "--theme", "秋"), "a title and a theme exclude each other"),
        (("--rhyme", "七阳", "--free"), "free verse exclude each other"),
        (("--beam", 2, "-n", 3), "3 poems of 2 beams"),
    ],
)
def test_what_cannot_be_is_one_clear_line(ask, asked, message):
    assert message in told(ask(*asked), 2)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("--theme", ""), "--theme is empty"),
        (("--keep", "-"), "--keep is empty"),
        (("--theme", "秋", "--reconstruct", "x"), "--reconstruct and --theme exclude"),
        (("--sample", "--author", "李白"), "--sample and --author exclude each other"),
        (("--theme", "秋", "--cluster", "2"), "--cluster goes with --sample"),
        (("--theme", "秋", "--latent-temperature", "1"), "not with --theme"),
        (("--theme", "秋", "--acrostic-at", "tail"), "--acrostic-at goes with"),
        (("--beam", 2, "--temperature", 1), "--temperature goes with drawing"),
        (("--beam", 2, "--stream"), "--stream goes with drawing, not with a search"),
        (("--beam", 2, "--sample-method", "draw"), "pass one"),
        (
            ("--stream", "-n", 2),
            "--stream writes one poem as it comes, without --count",
        ),
        (("--title", "秋", "--theme-weight", 2), "--theme-weight goes with --theme"),
        (
            ("--theme", "秋", "--guidance", 2),
            "--guidance goes with --style or --sentiment or --author",
        ),
        (("--theme", "秋", "--theme-weight", "nan"), "nan is no finite number"),
        (("--sentiment", "angry"), "'angry' is not one of"),
        (("--style", "汉"), "'汉' is not one of"),
        (("--beam", 99), "99 is not in the range"),
    ],
)
def test_options_that_do_not_go_together_are_named(ask, asked, message):
    assert message in told(ask(*asked), 2)


def test_a_checkpoint_that_is_not_there_is_one_line(run, tmp_path):
    message = told(run("poem", "--theme", "秋", "--checkpoint", tmp_path / "none"), 1)
    assert f"{tmp_path / 'none'}: no such checkpoint folder" in message


# --- many


def test_rows_of_a_file_get_what_each_would_alone(ask, tmp_path):
    source, out = tmp_path / "rows.csv", tmp_path / "out.jsonl"
    rows = ["甲,秋思,,五绝,5,唐", "乙,,登楼,七绝,,", "丙,,,六绝,,"]
    source.write_text("\n".join(["id,theme,title,form,seed,style", *rows]), "utf-8")
    result = ask("--input", source, "--candidates", 1, "--seed", 3, "-o", out)
    assert result.exit_code == 1 and "1 of 3 lines have an error" in result.stderr
    found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    quick = ("--candidates", "1", "--json")
    first = ask(
        "--theme", "秋思", "--form", "五绝", "--seed", 5, "--style", "唐", *quick
    )
    second = ask("--title", "登楼", "--form", "七绝", "--seed", 3, *quick)
    assert found[0] == {"id": "甲"} | json.loads(first.stdout)
    assert found[1] == {"id": "乙"} | json.loads(second.stdout)
    assert found[2]["id"] == "丙" and "六绝" in found[2]["error"]


def test_a_line_of_text_is_a_theme(ask):
    (row,) = ask("--input", "-", *QUICK, stdin="秋思\n").stdout.splitlines()
    alone = ask("--theme", "秋思", *QUICK, "--json").stdout
    assert json.loads(row) == {"id": 1} | json.loads(alone)


@pytest.mark.parametrize("option", [("--sample",), ("--near", STORKS), ("--stream",)])
def test_what_is_for_one_poem_does_not_go_with_rows(ask, option):
    said = told(ask("--input", "-", *option, stdin="秋思\n"), 2)
    assert f"{option[0]} does not go with --input" in said
