"""What people may type, pipe or name to a command that answers, and what it owes them.

Inputs are drawn by hypothesis from the options that click knows of a command: texts,
numbers, files and streams, odd ones and good ones. A command ends with 0, 1 or 2; one
that fails says why in one line; nothing is raised.
"""

import contextlib
import functools
import importlib
import os
import pathlib
import tempfile

import click
import pytest
from click.testing import CliRunner
from hypothesis import strategies as st

from nlg.cli.main import main

STORKS = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
RIVER = "千山鸟飞绝，万径人踪灭。孤舟蓑笠翁，独钓寒江雪。"
POET = "杜甫，字子美，号少陵野老，河南府巩县人。"
LINE = "晚风摇树树还挺"

GOOD_TEXTS = (STORKS, RIVER, POET, LINE, "谁号少陵野老？", "秋思", "山 水", "春夏秋冬")
ODD_TEXTS = (
    *(
        "",
        " ",
        "\n",
        "\t",
        "-",
        "--",
        "@",
        "@missing",
        "_",
        "＿" * 5,
        "\ufeff春",
        "\u3000春",
    ),
    *(
        "🙂",
        "e\u0301",
        "\u202e春眠",
        "\u0085",
        "𠀀𠀁",
        "[SEP]",
        "A" * 9,
        "１２",
        "%s{}\\",
    ),
    *(
        "\udcff",
        "春\udc80",
        "，。！",
        "春" * 65,
        "春眠不觉晓，" * 400,
        '{"a": 1}',
        "[[0]]",
    ),
)
ODD_NUMBERS = (
    *(
        "0",
        "-1",
        "-0",
        "0.5",
        "1e400",
        "nan",
        "-inf",
        "",
        "abc",
        "0x10",
        "1_0",
        "１",
        "²",
    ),
    "9" * 400,
)
GOOD_NUMBERS = ("1", "2", "3")
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
TEXTS = st.one_of(
    st.sampled_from(GOOD_TEXTS),
    st.sampled_from(ODD_TEXTS),
    st.text(st.sampled_from("春眠不觉晓，。 ：\n\tAa1_-🙂"), max_size=12),
    st.text(CHARACTERS, max_size=8),
)
# Name of a file -> what is in it.
FILES = {
    "lines.txt": f"{LINE}\n\n海阔凭鱼跃\r\n",
    "blank.txt": " \n\n",
    "empty.txt": "",
    "bom.txt": f"\ufeff{LINE}\n",
    "binary.txt": bytes(range(256)),
    "gbk.txt": LINE.encode("gbk"),
    "half.jsonl": '{"id": "\\ud800", "question": "谁？", "passages": ["杜甫。"]}\n',
    "questions.jsonl": f'{{"question": "谁号少陵？", "passages": ["{POET}"]}}\n',
    "texts.jsonl": f'{{"text": "{LINE}"}}\n{{"text": 3}}\nnull\n',
    "kinds.jsonl": '{"question": [], "passages": {}}\n[1]\n"春"\n{"passages": [""]}\n',
    "deep.jsonl": "[" * 5000,
    "digits.jsonl": "9" * 5000,
    "couplets.tsv": "晚风\t朝雨\n一栏\n\t\n",
    "table.csv": 'text,id\n海阔凭鱼跃,1\n"春',
    "cut.jsonl.gz": b"\x1f\x8b\x08\x00cut",
    "latents.json": f"[[{', '.join(['0.1'] * 64)}]]",
    "nan.json": "[NaN, 1e999]",
    "poems.jsonl": f'{{"content": ["{STORKS}"]}}\n',
}
NAMES = st.sampled_from((*FILES, "missing", "folder", "/dev/null", "-", "", "a\udcff"))
OUTPUTS = st.sampled_from(
    ("out.txt", "out.csv", "none/out", "folder", "/dev/full", "/dev/null", "")
)
STDIN = st.one_of(
    st.sampled_from(tuple(FILES.values())),
    st.binary(max_size=9),
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
)
WRITTEN = ("output", "html", "png", "out")  # options that name what is made
# Other processes, or more work than a test has time for.
LEFT_OUT = ("help", "workers", "engine", "address", "poems", "dev", "map_folder")

ONE = ("--form", "五绝", "--candidates", "1")
# The ways to ask a command: TEXTS and NAMES are drawn, words are typed as they are.
COMMANDS = {
    ("poem",): [
        ("--sample", *ONE),
        ("--reconstruct", TEXTS),
        ("--near", TEXTS),
        ("--interpolate", TEXTS, TEXTS, "--steps", "2"),
        ("--z", NAMES),
        ("--theme", TEXTS, *ONE),
        ("--title", TEXTS, *ONE),
        ("--acrostic", TEXTS, *ONE),
        ("--first-line", TEXTS, "--candidates", "1"),
        ("--keep", TEXTS, "--candidates", "1"),
        ("--like", TEXTS, "--candidates", "1"),
        (),
    ],
    ("poem", "map"): [()],
    ("couplet",): [(TEXTS,), ("--theme", TEXTS), ("--input", NAMES), ("-",), ()],
    ("qa",): [
        ("-q", TEXTS, "-p", TEXTS),
        ("-q", TEXTS, "-p", POET, "-p", TEXTS),
        ("-q", TEXTS, "--passages", NAMES),
        ("-q", "-", "-p", TEXTS),
        ("--input", NAMES),
        (),
    ],
    ("write",): [("--begin", TEXTS, "--max-length", "9"), ("--class", TEXTS), ()],
    ("classify",): [(TEXTS,), ("--input", NAMES), ("-",), ()],
    ("check", "poem"): [(TEXTS,), ("-",), ()],
    ("check", "couplet"): [(TEXTS, TEXTS), ("--input", NAMES), ()],
}
ANSWERERS = (
    *("nlg.poem.vae.poet:Poet", "nlg.poem.writer.composer:Composer"),
    *("nlg.couplet.responder:Couplets", "nlg.qa.reader:Reader"),
    "nlg.write.reviewer:Reviewer",
)


def command_of(names):
    command = main
    for name in names:
        command = command.get_command(click.Context(command), name)
    return command


def value_of(option):
    """Return a strategy for what somebody may type after an option."""
    if isinstance(option.type, click.Choice):
        return st.one_of(st.sampled_from(option.type.choices), TEXTS)
    if isinstance(option.type, click.Path) or option.name in ("z", "input"):
        return OUTPUTS if option.name in WRITTEN else NAMES
    if hasattr(option.type, "min"):
        odd = [x for x in ODD_NUMBERS if option.name != "count" or len(x) < 9]
        return st.one_of(st.sampled_from(GOOD_NUMBERS), st.sampled_from(odd))
    return TEXTS


@st.composite
def typed(draw, names):
    """Draw the words that somebody types after `nlg`, and what is piped in."""
    ways = draw(st.sampled_from(COMMANDS[names]))
    words = [word if isinstance(word, str) else draw(word) for word in ways]
    options = [
        option
        for option in command_of(names).params
        if isinstance(option, click.Option)
        and option.name not in LEFT_OUT
        and not set(option.opts) & set(words)
    ]
    for option in draw(st.lists(st.sampled_from(options), max_size=2, unique=True)):
        words.append(draw(st.sampled_from(option.opts)))
        if not option.is_flag:
            words += [draw(value_of(option)) for _ in range(option.nargs)]
    return [*names, *words], draw(STDIN)


@contextlib.contextmanager
def opened_once():
    """Let every command have the models that the first one opened."""
    with pytest.MonkeyPatch.context() as patch:
        for place in ANSWERERS:
            module, _, name = place.partition(":")
            answerer = getattr(importlib.import_module(module), name)
            once = functools.cache(answerer.from_checkpoint)
            patch.setattr(answerer, "from_checkpoint", staticmethod(once))
        yield


@contextlib.contextmanager
def a_folder_of_files():
    """Work in a fresh folder that holds `FILES` and an empty folder."""
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        for name, content in FILES.items():
            raw = content if isinstance(content, bytes) else content.encode()
            pathlib.Path(name).write_bytes(raw)
        os.mkdir("folder")
        yield


def assert_told(words, exit_code, stdout, stderr):
    assert exit_code in (0, 1, 2)
    assert "Traceback" not in stderr, stderr[-300:]
    verdict = "--strict" in words and exit_code == 1 and (stdout or "-o" in words)
    if exit_code and not verdict:
        *before, last = stderr.removesuffix("\n").split("\n")
        assert last.startswith("Error: ") and 10 < len(last) < 800
        assert last.isprintable()
        usage = [line for line in before if line.strip()]
        assert all(
            x.startswith(("Usage: ", "Try ", "note: ", "Error: ")) for x in usage
        )


def ask(words, stdin):
    """Run a command in this process, and check what it owes."""
    with a_folder_of_files():
        result = CliRunner().invoke(main, words, input=stdin)
    if isinstance(result.exception, Exception):
        raise result.exception
    assert_told(words, result.exit_code, result.stdout, result.stderr)
