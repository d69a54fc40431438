import dataclasses

import pytest

from nlg.errors import OptionError
from nlg.poem.vae.train.options import VAETraining
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
        ("accumulate", 0, 1),
        ("ema", 1.0, 0),
        ("ema", -0.1, 0),
        ("layer_decay", 1.1, 0.001),
        ("workers", -1, 0),
        ("seed", 2**32, 0),
        ("units", 0, 1),
        ("dev_poems", 0, 1),
        ("metric_samples", -1, 0),
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


@pytest.mark.parametrize(
    "rate", ["*/head/*", "=0.1", "*/head/*=", "a=fast", "a=-1", "a=nan", "a=inf"]
)
def test_rate_without_a_factor_is_refused_and_the_form_shown(rate):
    with pytest.raises(OptionError, match=r"rates: .*: write it as pattern=factor"):
        TrainOptions(rates=("b=1", rate))


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ("clop=1.0", "did you mean clip?"),
        ("", "there are centralise, clip, noise"),
        ("clip", "write it as clip=1.0"),
        ("clip=", "write it as clip=1.0"),
        ("clip=0", "write it as clip=1.0"),
        ("noise=nan", "write it as noise=1.0"),
        ("centralise=1", "write it as centralise"),
        ("centralise=", "write it as centralise"),
    ],
)
def test_gradient_operation_that_is_none_is_refused(operation, reason):
    with pytest.raises(OptionError, match=reason.replace("?", r"\?")):
        TrainOptions(gradient_ops=(operation,))


def test_lists_that_json_brings_are_tuples():
    options = TrainOptions(rates=["a=1"], frozen=["b"], gradient_ops=["clip=1"])
    assert options == TrainOptions(
        rates=("a=1",), frozen=("b",), gradient_ops=("clip=1",)
    )


def test_options_cannot_be_changed_after_they_were_checked():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainOptions().steps = 0
