"""Two processes as torchrun starts them, against one that takes as many batches."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

from nlg.errors import OptionError
from nlg.training.loop import BEST
from nlg.training.parallel import batch_numbers, is_first, join, place
from nlg.training.run import Run

HERE = pathlib.Path(__file__).parent
# Two processes find each other as torchrun's do. A fork spares the second its imports.
TRAIN = """
import os, pathlib, sys
from nlg.training.backend import choose_backend
from nlg.training.parallel import join
from test_resume import train
together, alone = map(pathlib.Path, sys.argv[1:])
child = os.fork()
number = 0 if child else 1
os.environ |= {"RANK": f"{number}", "LOCAL_RANK": f"{number}", "WORLD_SIZE": "2"}
os.environ |= {"MASTER_ADDR": "localhost", "MASTER_PORT": "29517"}
choose_backend("torch", "float32", 0)
join()
train(together, accumulate=1, steps=4)
assert number == 0, "only the first goes on"
assert os.waitpid(child, 0)[1] == 0, "the second ends well"
import torch
torch.distributed.destroy_process_group()
train(alone, accumulate=2, steps=4)
"""


def means(line):
    return [line[name] for name in ("step", "loss", "dev_loss")]


@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed"
)
def test_two_processes_take_the_path_of_one_with_twice_the_batches(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    path = os.pathsep.join(map(str, (HERE, HERE.parent, HERE.parents[1])))
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, two, one],
        env=os.environ | {"PYTHONPATH": path, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    alone, together = (Run(folder).lines() for folder in (one, two))
    assert [x["step"] for x in together] == [4]
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_allclose(means(a), means(b), rtol=1e-4)
    want, got = (Run(folder).load(BEST)[0] for folder in (one, two))
    assert want.keys() == got.keys()
    for name, weight in want.items():
        np.testing.assert_allclose(got[name], weight, atol=1e-6, err_msg=name)


def test_processes_deal_out_the_batches_of_a_step(monkeypatch):
    def first(number, count):
        monkeypatch.setattr("nlg.training.parallel.place", lambda: (number, count))
        numbers = batch_numbers(3, 2)
        return [next(numbers) for _ in range(4)]

    assert first(0, 1) == [6, 7, 8, 9]
    assert [first(0, 3), first(1, 3), first(2, 3)] == [
        [18, 19, 24, 25],
        [20, 21, 26, 27],
        [22, 23, 28, 29],
    ]


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="of other backends")
def test_other_backends_refuse_several_processes(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(OptionError, match=r"2 processes can only train on torch.*--ba"):
        join()


def test_a_process_by_itself_is_the_first(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    join()
    assert place() == (0, 1) and is_first()
