import errno
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

import nlg.training.run as run_module
from nlg.errors import CheckpointError, DataError, NlgError
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
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_module, "save_file", full_disk)
    with pytest.raises(NlgError, match=r"runs/vae/state cannot be .*No space.*room"):
        run.save("state", {"x": np.ones(3)}, step=2)
    tensors, notes = run.load("state")
    assert notes == {"step": 1} and not tensors["x"].any()
    assert [path.name for path in run.folder.iterdir()] == ["state"]


# A limit on the size of files fails as a full disk does, in the library that writes.
FULL = """
import pathlib, resource, signal, sys
import numpy as np
from nlg.errors import NlgError
from nlg.training.run import Run
run = Run(pathlib.Path(sys.argv[1]))
run.save("state", {"x": np.zeros(3)}, step=1)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    run.save("state", {"x": np.ones(10_000)}, step=2)
except NlgError as error:
    print(error)
"""


def test_disk_that_is_full_leaves_the_old_file_whole_and_no_other(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True
    )
    assert "state cannot be written" in done.stdout and "too large" in done.stdout
    tensors, notes = Run(tmp_path).load("state")
    assert notes == {"step": 1} and not tensors["x"].any()
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


@pytest.mark.parametrize("kept", [0, 4, 30, 90])
def test_file_that_was_cut_short_is_named_with_the_way_out(run, kept):
    run.save("state", {"x": np.arange(8.0)}, step=1)
    path = run.folder / "state"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"vae/state cannot be read .*anew"):
        run.load("state")


class Trap:
    def __reduce__(self):
        return pytest.fail, ("a pickle was opened",)


def test_pickle_is_refused_and_never_opened(run):
    (run.folder / "state").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(CheckpointError, match="cannot be read"):
        run.load("state")


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
    run.lock_config(CONFIG)
    run.lock_config(CONFIG)
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
    run.lock_config(CONFIG)
    with pytest.raises(DataError, match=complaint):
        run.lock_config(other, may_change=("train.steps",))
    assert json.loads((run.folder / "config.json").read_text("utf-8")) == CONFIG


def test_more_steps_are_the_same_run_where_that_is_allowed(run):
    run.lock_config(CONFIG)
    longer = {**CONFIG, "train": {"steps": 20, "rate": 0.1}}
    run.lock_config(longer, may_change=("train.steps",))
    assert json.loads((run.folder / "config.json").read_text("utf-8")) == longer


def test_config_is_compared_as_it_is_written(run):
    for config in ({"frozen": ("a", "b")}, {"frozen": ["a", "b"]}):
        run.lock_config(config)
    with pytest.raises(DataError, match=r"frozen = \['a', 'b'\], not \[\]"):
        run.lock_config({"frozen": ()})


def test_folder_older_than_a_setting_had_its_default(run):
    run.lock_config(CONFIG)
    new, defaults = {**CONFIG, "ema": 0.0, "rates": ()}, {"ema": 0.0, "rates": ()}
    run.lock_config(new, defaults=defaults)
    assert json.loads((run.folder / "config.json").read_text("utf-8"))["ema"] == 0
    with pytest.raises(DataError, match=r"ema = 0.0, not 0.9"):
        run.lock_config({**new, "ema": 0.9}, defaults=defaults)


def test_broken_config_of_a_folder_is_named_by_line(run):
    (run.folder / "config.json").write_text('{"seed": 1,\n')
    with pytest.raises(DataError, match=r"config.json:2: not JSON"):
        run.lock_config(CONFIG)
