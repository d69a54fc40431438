import pathlib
import re
import subprocess
import sys
import tomllib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LINES = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
LISTED = [line for line in LINES if line and not line.startswith("#")]


EXTRAS = PROJECT["optional-dependencies"]
HIDE = """
import sys
sys.modules[sys.argv.pop(1)] = None
from nlg.cli.program import run
run()
"""


def installed_by(extra):
    """Return the packages of an extra, those of the extras that it names among them."""
    for line in EXTRAS[extra]:
        named = re.fullmatch(r"nlg\[(.+)\]", line)
        if named:
            for other in named[1].split(","):
                yield from installed_by(other)
        else:
            yield line


def test_requirements_txt_is_the_list_of_pyproject():
    names = ("train", "eval", "batch", "ray", "web")
    every = [
        *PROJECT["dependencies"],
        *(one for name in names for one in installed_by(name)),
    ]
    listed = [line.split("#")[0].strip() for line in LISTED]
    assert listed == list(dict.fromkeys(every))


@pytest.mark.parametrize("line", LISTED)
def test_every_requirement_says_why_it_is_there(line):
    assert len(line.partition("#")[2].split()) >= 3


@pytest.mark.parametrize(
    "name",
    ["bert4keras", "tensorflow", "keras", "jieba", "numpy", "click"],
)
def test_packages_that_the_project_is_named_for_are_listed(name):
    assert any(line.startswith((f"{name}=", f"{name}>")) for line in LISTED)


@pytest.mark.parametrize(
    "name", ["cli.py", "nlg", "data", "checkpoints", "tests", "README.md"]
)
def test_top_level_is_as_promised(name):
    assert (ROOT / name).exists()


@pytest.mark.parametrize(
    ("hidden", "package", "command"),
    [
        ("jieba", "jieba", "poem --theme @PROSE --form 五绝"),
        ("jieba", "jieba", "data cloze TEXT -o OUT"),
        ("jieba", "jieba", "data vectors TEXT -o OUT"),
        ("jieba", "jieba", "check couplet 海阔凭鱼跃 天高任鸟飞"),
        ("sklearn", "scikit-learn", "data vectors TEXT -o OUT"),
        ("sklearn", "scikit-learn", "poem map --poems TEXT"),
        ("matplotlib", "matplotlib", "poem map --png OUT"),
    ],
)
def test_the_extra_that_is_told_has_the_package_and_no_framework(
    hidden, package, command, tmp_path
):
    prose = "昨夜我一个人在西湖边散步，看见一轮明月从山后升起来，想起了远方的故乡。" * 9
    places = {"TEXT": tmp_path / "text.txt", "OUT": tmp_path / "out"}
    places["TEXT"].write_text(prose, "utf-8")
    words = [prose[:40] if w == "@PROSE" else places.get(w, w) for w in command.split()]
    done = subprocess.run(
        [sys.executable, "-c", HIDE, hidden, *words], capture_output=True, text=True
    )
    (told,) = re.findall(r'pip install "nlg\[(.+)\]"', done.stderr)
    names = {re.split("[=<>]", line)[0] for line in installed_by(told)}
    assert package in names and not {"keras", "tensorflow"} & names
    assert "Traceback" not in done.stderr
