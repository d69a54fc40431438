import json

import numpy as np
import pytest

import nlg.training.run as run_module
from nlg.errors import DataError
from nlg.training.run import Run

CONFIG = {"seed": 1, "train": {"steps": 10, "rate": 0.1}}


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "runs" / "vae")


def test_saved_tensors_and_notes_come_back(run):
    tensors = {"a/b": np.arange(6, dtype="float32").reshape(2, 3), "n": np.array(3)}
    run.save("state", tensors, step=5, means={"loss": 0.1 + 0.2})
    loaded, notes = run.load("state")
    assert notes == {"step": 5, "means": {"loss": 0.1 + 0.2}}
    assert loaded.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(loaded[name], tensor)
        assert loaded[name].dtype == tensor.dtype


def test_file_that_was_never_saved_is_none(run):
    assert run.load("state") is None


def test_save_that_fails_half_way_leaves_the_old_file_whole(run, monkeypatch):
    run.save("state", {"x": np.zeros(3)}, step=1)

    def full_disk(tensors, path, notes):
        path.write_bytes(b"half of i")
        raise OSError("No space left on device")

    monkeypatch.setattr(run_module, "save_file", full_disk)
    with pytest.raises(OSError, match="No space"):
        run.save("state", {"x": np.ones(3)}, step=2)
    tensors, notes = run.load("state")
    assert notes == {"step": 1} and not tensors["x"].any()
    assert [path.name for path in run.folder.iterdir()] == ["state"]


def test_log_is_one_json_line_a_look(run):
    assert run.lines() == []
    for step in (2, 4):
        run.log({"step": step, "dev_loss": 1 / step})
    text = (run.folder / "log.jsonl").read_text()
    assert [json.loads(line) for line in text.splitlines()] == run.lines()
    assert run.lines() == [{"step": 2, "dev_loss": 0.5}, {"step": 4, "dev_loss": 0.25}]


def test_last_line_that_a_kill_cut_short_is_left_out(run):
    run.log({"step": 2})
    with (run.folder / "log.jsonl").open("a") as file:
        file.write('{"step": 4, "dev_l')
    assert run.lines() == [{"step": 2}]
    run.forget_after(9)
    run.log({"step": 4})
    assert run.lines() == [{"step": 2}, {"step": 4}]


def test_lines_after_the_saved_step_are_forgotten(run):
    for step in (2, 4, 6):
        run.log({"step": step})
    assert run.forget_after(4) == run.lines() == [{"step": 2}, {"step": 4}]
    assert run.forget_after(0) == run.lines() == []


def test_folder_is_claimed_by_its_first_config_and_by_the_same_again(run):
    run.claim(CONFIG)
    run.claim(CONFIG)
    assert json.loads((run.folder / "config.json").read_text("utf-8")) == CONFIG


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        ({**CONFIG, "seed": 2}, "seed = 1, not 2"),
        ({**CONFIG, "train": {"steps": 10, "rate": 0.2}}, r"train.rate = 0.1, not 0.2"),
        ({**CONFIG, "new": "x"}, "new = None, not x"),
        ({"seed": 1}, "train.rate = 0.1, not None"),
    ],
)
def test_other_config_is_refused_and_the_key_is_named(run, other, complaint):
    run.claim(CONFIG)
    with pytest.raises(DataError, match=complaint):
        run.claim(other, may_change=("train.steps",))
    assert json.loads((run.folder / "config.json").read_text("utf-8")) == CONFIG


def test_more_steps_are_the_same_run_where_that_is_allowed(run):
    run.claim(CONFIG)
    longer = {**CONFIG, "train": {"steps": 20, "rate": 0.1}}
    run.claim(longer, may_change=("train.steps",))
    assert json.loads((run.folder / "config.json").read_text("utf-8")) == longer
