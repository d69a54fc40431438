import dataclasses

import pytest

from nlg.errors import OptionError
from nlg.poem.options import VAETraining
from nlg.training.options import TrainOptions


def test_defaults_can_run():
    assert TrainOptions().steps > 0


@pytest.mark.parametrize(
    ("name", "value", "least"),
    [
        ("steps", 0, 1),
        ("batch_tokens", 0, 1),
        ("eval_every", 0, 1),
        ("save_every", 0, 1),
        ("learning_rate", -1.0, 0),
        ("learning_rate", float("nan"), 0),
        ("learning_rate", float("inf"), 0),
        ("decay_share", 2.0, 0),
        ("warmup_steps", -5, 0),
        ("clip_norm", 0.0, 1e-6),
        ("patience", -1, 0),
        ("seed", 2**32, 0),
        ("units", 0, 1),
        ("dev_poems", 0, 1),
        ("metric_samples", 0, 1),
        ("context_dropout", 1.5, 0),
    ],
)
def test_what_cannot_run_is_refused_by_name(name, value, least):
    with pytest.raises(OptionError, match=f"{name} is .*between {least} and"):
        VAETraining(**{name: value})


def test_look_at_dev_between_two_saves_is_refused():
    with pytest.raises(OptionError, match=r"eval_every \(25\) .* save_every \(10\)"):
        TrainOptions(eval_every=25, save_every=10)
    assert TrainOptions(eval_every=30, save_every=10).eval_every == 30


def test_options_cannot_be_changed_after_they_were_checked():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainOptions().steps = 0
