"""docs/training.md says what is so: its Python runs, its settings exist."""

import pathlib
import re

from nlg.config import apply_settings
from nlg.poem.vae.train.options import VAETraining

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


def test_settings_of_the_guide_are_settings():
    said = re.findall(r"--set (?:'([^']*)'|(\S+))", "\n".join(blocks("sh")))
    settings = [quoted or plain for quoted, plain in said]
    assert len(settings) > 10
    for setting in settings:
        apply_settings(VAETraining(), [setting])
