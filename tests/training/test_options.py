import dataclasses

import pytest

from nlg.errors import OptionError
from nlg.training.options import TrainOptions


def test_defaults_can_run():
    assert TrainOptions().steps > 0


@pytest.mark.parametrize("name", ["steps", "batch_tokens", "eval_every", "save_every"])
def test_count_of_nothing_is_refused_by_name(name):
    with pytest.raises(OptionError, match=f"{name} is 0; it must be >= 1"):
        TrainOptions(**{name: 0})


def test_look_at_dev_between_two_saves_is_refused():
    with pytest.raises(OptionError, match=r"eval_every \(25\) .* save_every \(10\)"):
        TrainOptions(eval_every=25, save_every=10)
    assert TrainOptions(eval_every=30, save_every=10).eval_every == 30


def test_options_cannot_be_changed_after_they_were_checked():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainOptions().steps = 0
