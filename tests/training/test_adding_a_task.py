"""docs/adding-a-task.md: its Python runs, and its run is resumed as any other."""

import pathlib
import re

import keras
import numpy as np
from same_run import assert_same_run

from nlg.training.run import Run
from nlg.training.task import fit_task

GUIDE = pathlib.Path(__file__).parents[2] / "docs" / "adding-a-task.md"
WORDS = ["春风", "江南", "明月", "山", "水", "归来", "又", "照"]


def blocks():
    return re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.M | re.S)


def write_lines(path, count, seed):
    rng = np.random.default_rng(seed)
    lines = [" ".join(rng.choice(WORDS, rng.integers(2, 6))) for _ in range(count)]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def test_task_of_the_guide_learns_is_resumed_and_answers(tmp_path, monkeypatch, eager):
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "train.txt", 200, seed=0)
    write_lines(tmp_path / "dev.txt", 30, seed=1)
    names = {"__name__": "guide"}
    for block in blocks():
        exec(compile(block, GUIDE.name, "exec"), names)
    assert names["done"]["dev_loss"] < 0.2 < 0.69  # nats; a coin has log 2
    found = names["begins"](pathlib.Path("runs/words/checkpoint"), ["明月照江南"])
    assert (found[0] > 0.5).tolist() == [True, False, True, True, False]
    halfway(names, tmp_path)


def halfway(names, tmp_path):
    """Stop after a third, go on: the same run, to the bit."""
    paths, options = names["paths"], names["options"]
    folders = [tmp_path / "straight", tmp_path / "halfway"]
    steps = {"steps": 6, "eval_every": 2, "save_every": 2, "decay_share": 0.0}
    whole = names["WordsTraining"](**{**vars(options), **steps})
    part = names["WordsTraining"](**{**vars(whole), "steps": 2})
    for folder, first in zip(folders, (whole, part), strict=True):
        keras.utils.set_random_seed(1)
        fit_task(names["words_task"](*paths, folder, first))
    keras.utils.set_random_seed(9)
    fit_task(names["words_task"](*paths, folders[1], whole))
    assert Run(folders[1]).load("state.safetensors")[1]["step"] == 6
    assert_same_run(*folders)


def test_the_example_is_of_about_a_hundred_lines():
    code = [line for line in blocks()[0].splitlines() if line.strip()]
    assert len([line for line in code if "import " not in line]) < 115
