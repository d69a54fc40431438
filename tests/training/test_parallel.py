"""Two processes as torchrun starts them, against one that takes as many batches."""

import os

import keras
import numpy as np
import pytest
from training.everything import train

from nlg.errors import OptionError
from nlg.training.loop import BEST
from nlg.training.parallel import batch_numbers, is_first, join, place
from nlg.training.run import Run

BACKEND = keras.backend.backend()


def train_as(number, folder):
    """Train as the process of this number of two, as torchrun starts them."""
    import torch

    torch.set_num_threads(1)  # a fork has not the threads of its parent
    about = {"RANK": f"{number}", "LOCAL_RANK": f"{number}", "WORLD_SIZE": "2"}
    meet = {"MASTER_ADDR": "localhost", "MASTER_PORT": "29517"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (about | meet).items():
            patch.setenv(name, value)
        join()
        try:
            train(folder, accumulate=1, steps=4)
        finally:
            torch.distributed.destroy_process_group()


def means(line):
    return [line[name] for name in ("step", "loss", "dev_loss")]


@pytest.mark.skipif(BACKEND != "torch", reason="see test_other_backends")
def test_two_processes_take_the_path_of_one_with_twice_the_batches(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    second = os.fork()
    if not second:
        code = 1
        try:
            train_as(1, two)
        except SystemExit as end:  # only the first comes out of `fit`
            code = 7 if end.code == 0 else 1
        finally:
            os._exit(code)
    train_as(0, two)
    assert os.waitstatus_to_exitcode(os.waitpid(second, 0)[1]) == 7
    train(one, accumulate=2, steps=4)
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


@pytest.mark.skipif(BACKEND == "torch", reason="of other backends")
def test_other_backends_refuse_several_processes(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(OptionError, match=r"2 processes can only train on torch.*--ba"):
        join()


def test_a_process_by_itself_is_the_first(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    join()
    assert place() == (0, 1) and is_first()
