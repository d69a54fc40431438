import json
import pathlib
import re
import subprocess
import sys

import click
import pytest

import nlg
from nlg.cli.main import main
from nlg.poem.vae.poet import parse_poem
from nlg.runtime import checkpoints_folder

STORKS = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
POEM = ("poem", "--form", "五绝", "--seed", "7", "--candidates", "1")
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0"}


def shape(text):
    return parse_poem(text)[0].name


def test_version_shows_a_hash_that_sha256sum_confirms(run):
    result = run("--version")
    first, *rest = result.stdout.splitlines()
    assert first == f"nlg {nlg.__version__}"
    (shown,) = re.findall(
        r"^checkpoints/poem/vae  sha256:(\w{16})$", "\n".join(rest), re.M
    )
    listing = checkpoints_folder() / "poem" / "vae" / "sha256"
    oracle = subprocess.run(["sha256sum", listing], capture_output=True, check=True)
    assert oracle.stdout.decode().startswith(shown)


def test_an_unknown_command_is_wrong_usage(run):
    result = run("peom")
    assert result.exit_code == 2
    assert "No such command 'peom'" in result.stderr


def test_a_missing_command_shows_the_help(run):
    result = run()
    assert "Usage: " in result.output
    assert result.exit_code == 2


def test_short_help_is_help(run):
    assert run("poem", "-h").stdout == run("poem", "--help").stdout


@pytest.fixture
def failing():
    """Add a command that raises `error`; it is gone after the test."""

    def failing(error):
        def callback():
            raise error

        main.add_command(click.Command("failing", callback=callback))

    yield failing
    main.commands.pop("failing", None)


@pytest.mark.parametrize(
    ("error", "exit_code", "message"),
    [
        (nlg.errors.DataError("a\n b"), 1, "Error: a b\n"),
        (nlg.errors.OptionError("春"), 2, "Error: 春\n"),
        (nlg.errors.CheckpointError("春"), 1, "Error: 春\n"),
        (OSError(28, "No space left"), 1, "Error: [Errno 28] No space left\n"),
        (MemoryError(), 1, "Error: not enough memory; ask for less at once\n"),
        (KeyboardInterrupt(), 1, "Aborted!\n"),
        (BrokenPipeError(32, "Broken pipe"), 1, ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_one_line_and_an_exit_code(run, failing, error, exit_code, message):
    failing(error)
    result = run("failing")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert result.stderr.lstrip() == message


def test_an_error_of_ours_is_not_hidden(run, failing):
    failing(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run("failing")


# --- consoles, in processes of their own


@pytest.mark.parametrize(
    ("environment", "encoding"),
    [
        ({"PYTHONIOENCODING": "gbk"}, "gbk"),
        ({"PYTHONIOENCODING": "ascii"}, "utf-8"),
        ({"PYTHONIOENCODING": "latin-1"}, "utf-8"),
    ],
    ids=["gbk", "ascii", "latin-1"],
)
def test_every_console_gets_its_poem(shell, environment, encoding):
    done = shell(*POEM, environment=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert shape(done.stdout.decode(encoding)) == "五绝"


def test_a_console_without_chinese_still_reads_and_shows_it(shell):
    help_text = shell("--help", environment=C_LOCALE)
    assert "诗甲" in help_text.stdout.decode()
    blend = ("poem", "--interpolate", STORKS, "-", "--steps", "2")
    done = shell(*blend, input=STORKS.encode(), environment=C_LOCALE)
    assert (done.returncode, done.stderr) == (0, b"")
    first, last = done.stdout.decode().split("\n\n")
    assert shape(first) == shape(last) == "五绝"
    assert first.strip() == last.strip()
    wrong = shell("poem", "--form", "六绝", environment=C_LOCALE)
    assert "'六绝' is not one of '五绝'" in wrong.stderr.decode()


def test_a_gbk_console_may_pipe_gbk_and_sees_what_it_lacks(shell):
    gbk = {"PYTHONIOENCODING": "gbk"}
    text = STORKS.encode("gbk")
    done = shell("poem", "--reconstruct", "-", input=text, environment=gbk)
    assert shape(done.stdout.decode("gbk")) == "五绝"
    lacking = shell("poem", "--reconstruct", "𠀀", environment=gbk)
    assert lacking.returncode == 2
    assert rb"\U00020000" in lacking.stderr


def test_a_reader_that_leaves_early_is_no_error():
    poems = f"{sys.executable} -m nlg {' '.join(POEM)} -n 3000"
    done = subprocess.run(
        f"{poems} | head -n 1", shell=True, capture_output=True, timeout=60
    )
    assert done.stderr == b""
    assert len(done.stdout.decode().splitlines()) == 1


def test_a_full_disk_is_told_in_one_line():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nlg", *POEM, "-n", "400", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[0].endswith("No space left on device")
    assert b"Traceback" not in done.stderr


def test_no_colour_reaches_a_pipe(shell):
    plain = {"PYTHONUTF8": "1", "NO_COLOR": "1"}
    for arguments in (POEM, ("poem", "--form", "六绝")):
        done = shell(*arguments, environment=plain)
        assert done.stdout + done.stderr
        assert b"\x1b" not in done.stdout + done.stderr


def test_the_script_beside_the_package_is_the_same_command(run):
    script = pathlib.Path(__file__).parents[2] / "cli.py"
    done = subprocess.run(
        [sys.executable, script, *POEM, "--json"], capture_output=True, check=True
    )
    assert json.loads(done.stdout) == json.loads(run(*POEM, "--json").stdout)
