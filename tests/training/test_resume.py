"""A run with everything on, killed and gone on with: the same run, on every backend."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import numpy as np
import pytest
from given import TOKENS, new_batch, new_model
from same_run import assert_same_run
from training.everything import Noisy, size, train

from nlg.training.loop import BEST, STATE
from nlg.training.run import Run
from nlg.training.weights import load_weights, weights_by_name

HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    train(folder)
    return folder


KILLED = """
import os, pathlib, signal, sys
from given import new_batch
from training.everything import train
def killed(number):
    if number == 11:
        os.kill(os.getpid(), signal.SIGKILL)
    return new_batch(number)
train(pathlib.Path(sys.argv[1]), killed, workers=0)
"""


def test_killed_process_leaves_a_run_that_goes_on(whole, tmp_path):
    path = os.pathsep.join(map(str, (HERE, HERE.parent, HERE.parents[1])))
    command = [sys.executable, "-c", KILLED, tmp_path]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.DEVNULL
    )
    assert done.returncode == -signal.SIGKILL
    assert Run(tmp_path).load(STATE)[1]["step"] == 4
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"step": 8, "lo')  # the kill may have cut a line short
    train(tmp_path, seed=9)  # what the new process starts with must not matter
    assert_same_run(whole, tmp_path)


def test_best_weights_are_the_averages_and_training_goes_on_from_its_own(whole):
    model, best = train(whole)  # which is at its end
    assert best["dev_loss"] == pytest.approx(size(model.trainable_variables), abs=1e-4)
    state, _ = Run(whole).load(STATE)
    raw = {name.partition(" ")[2]: x for name, x in state.items()}
    for name, weight in Run(whole).load(BEST)[0].items():
        assert np.array_equal(weight, raw[name]) == ("block_1" in name)


def test_frozen_weights_are_those_of_the_start(whole):
    kept = Run(whole).load(BEST)[0]
    for name, weight in weights_by_name(new_model(kind=Noisy)).items():
        assert np.array_equal(weight, kept[name]) == ("block_1" in name)


def test_interrupted_run_goes_on_with_any_number_of_workers(whole, tmp_path):
    def interrupted(number):
        if number == 11:
            raise KeyboardInterrupt
        return new_batch(number)

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, interrupted, workers=1)
    assert Run(tmp_path).load(STATE)[1]["step"] == 4
    train(tmp_path, seed=9, workers=0)
    assert_same_run(whole, tmp_path)


def test_checkpoint_opens_in_a_model_that_nothing_froze(whole):
    model = new_model(seed=5, kind=Noisy)
    load_weights(model, Run(whole).load(BEST)[0])
    assert len(model.trainable_variables) == 5


def test_log_is_json_with_a_line_a_look(whole):
    text = (whole / "log.jsonl").read_text()
    found = [json.loads(line) for line in text.splitlines()]
    assert [line["step"] for line in found] == [4, 8]
    tokens = (new_batch(0)["token_ids"] != 0).sum()
    assert tokens == 24 and TOKENS == 5 and found[0]["tokens_per_second"] > 0
