import pathlib
import tomllib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LINES = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
LISTED = [line for line in LINES if line and not line.startswith("#")]


def test_requirements_txt_is_the_list_of_pyproject():
    extras = PROJECT["optional-dependencies"]
    names = ("train", "eval", "batch", "ray", "web")
    every = [*PROJECT["dependencies"], *(one for name in names for one in extras[name])]
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
