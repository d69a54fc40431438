"""The examples of README.md and docs/python.md run, and print what they say."""

import contextlib
import io
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
PRINTED = re.compile(r"print\(.*\)  # (.+)")
PAGES = ("README.md", "README.zh.md", "docs/python.md")


@pytest.mark.parametrize("page", PAGES)
def test_examples_run_and_print_what_they_say(page):
    blocks = BLOCK.findall((ROOT / page).read_text("utf-8"))
    names, out = {}, io.StringIO()
    for block in blocks:
        with contextlib.redirect_stdout(out):
            exec(compile(block, page, "exec"), names)
    promised = [line for block in blocks for line in PRINTED.findall(block)]
    printed = out.getvalue().splitlines()
    assert len(printed) >= len(blocks) - 1  # all but the import alone
    assert [line for line in promised if line not in printed] == []


def test_the_page_shows_every_name():
    import nlg

    text = (ROOT / "docs/python.md").read_text("utf-8")
    names = [name for name in nlg.__all__ if not name.startswith("_")]
    assert [name for name in names if f"`nlg.{name}`" not in text] == []
