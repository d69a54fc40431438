import pytest
from click.testing import CliRunner
from told import told

from nlg.cli.main import main
from nlg.cli.one_line import LONGEST, one_line


def test_a_short_line_is_as_it_was():
    assert one_line("train.tsv:17: 上联 has 7 characters") == (
        "train.tsv:17: 上联 has 7 characters"
    )


@pytest.mark.parametrize("character", "\0\b\x1b\u202e\udcff")
def test_what_no_screen_shows_is_escaped(character):
    line = one_line(f"春{character}眠")
    assert line.isprintable() and line[0] == "春" and line[-1] == "眠"


def test_a_long_line_keeps_its_start_and_its_way_out():
    line = one_line(f"no form {'春' * 5000}; there are 五绝, 七绝")
    assert len(line) < LONGEST + 9
    assert line.startswith("no form 春") and line.endswith("; there are 五绝, 七绝")


@pytest.mark.parametrize(
    "words",
    [
        ["check", "couplet", "春", "秋", "--book", "春\n" * 2000],
        ["couplet", "--theme", "春眠，" * 900],
        ["check", "poem", "\b"],
        ["春" * 2000],
        ["--" + "春" * 2000],
    ],
)
def test_what_is_quoted_is_on_one_line(words):
    result = CliRunner().invoke(main, words)
    message = told(result, 2)
    assert message.isprintable() and len(message) < 800
