"""docs/training.md says what is so: its Python runs, its settings exist."""

import pathlib
import re

from nlg.cli.train import TRAININGS, named
from nlg.config import apply_settings

GUIDE = pathlib.Path(__file__).parents[2] / "docs" / "training.md"


def blocks(language):
    text = GUIDE.read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_python_of_the_guide_runs_from_top_to_bottom(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "guide"}
    for block in blocks("python"):
        exec(compile(block, GUIDE.name, "exec"), names)
    assert "'step': 20" in capsys.readouterr().out
    assert len(list((tmp_path / "runs").iterdir())) == 6


def test_settings_of_the_guide_are_settings_of_the_training_they_stand_by():
    defaults = {row.name: named(row.settings)() for row in TRAININGS}
    count = 0
    for line in "\n".join(blocks("sh")).replace("\\\n", " ").splitlines():
        task = re.search(r"nlg train (\S+)", line)
        for quoted, plain in re.findall(r"--set (?:'([^']*)'|(\S+))", line):
            apply_settings(defaults[task[1]], [quoted or plain])
            count += 1
    assert count > 10
