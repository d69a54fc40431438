"""The export is here a module of a few lines that says how it was run."""

import json

import pytest

from nlg.errors import NlgError
from nlg.files import write_json
from nlg.training.export_subprocess import export_in_subprocess

SAYS = """
import json, os, pathlib, sys
out = pathlib.Path(sys.argv[2])
out.mkdir()
facts = {
    "arguments": sys.argv[1:],
    "backend": os.environ["KERAS_BACKEND"],
    "kept": os.environ.get("KEPT"),
}
(out / "facts.json").write_text(json.dumps(facts))
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module that only this process's sys.path leads to; return its name."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.syspath_prepend(home)

    def module(source, name="some_export"):
        (home / f"{name}.py").write_text(source, "utf-8")
        return name

    return module


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "run 诗"
    path.mkdir()
    return path


def test_the_module_is_run_with_the_folders_and_what_else_it_needs(
    module, folder, monkeypatch, tmp_path
):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("KEPT", "春")
    monkeypatch.chdir(tmp_path)
    out = export_in_subprocess(module(SAYS), folder, tmp_path / "data.tsv", 7)
    assert out == folder / "checkpoint"
    assert json.loads((out / "facts.json").read_text()) == {
        "arguments": [str(folder), str(out), str(tmp_path / "data.tsv"), "7"],
        "backend": "tensorflow",
        "kept": "春",
    }


@pytest.mark.parametrize(
    ("source", "last"),
    [
        ("import sys\nprint('a\\nb', file=sys.stderr)\nraise ValueError('春')", "春"),
        ("import sys\nsys.exit('no room')", "no room"),
        ("import sys\nsys.exit(3)", ""),
        ("import sys\nsys.stderr.buffer.write(b'\\xff\\n')\nsys.exit(1)", "\ufffd"),
    ],
)
def test_an_export_that_fails_says_so_in_one_line(module, folder, source, last):
    with pytest.raises(NlgError) as error:
        export_in_subprocess(module(source), folder)
    message = str(error.value)
    assert message.startswith(f"{folder} is trained, but the export failed: ")
    assert message.endswith(last)
    assert "\n" not in message


def test_a_module_that_is_not_there_is_a_failure(folder):
    with pytest.raises(NlgError, match="No module named no_such_export"):
        export_in_subprocess("no_such_export", folder)


def test_json_is_written_for_people(tmp_path):
    write_json(tmp_path / "config.json", {"form": "五绝", "units": 8})
    text = (tmp_path / "config.json").read_text("utf-8")
    assert text == '{\n  "form": "五绝",\n  "units": 8\n}\n'
