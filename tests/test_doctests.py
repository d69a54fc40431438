import doctest
import importlib
import pathlib

import pytest

import nlg

ROOT = pathlib.Path(nlg.__file__).parent
MODULES = [
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
    for path in sorted(ROOT.rglob("*.py"))
    if ">>>" in path.read_text("utf-8")
]


def test_there_are_examples_to_test():
    assert len(MODULES) > 5


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_right(name):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried
    assert not failed
