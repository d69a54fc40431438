"""A linear model that drops inputs at random: what a run must carry is all in it."""

import errno
import pathlib
import shutil

import keras
import numpy as np
import pytest
from keras import ops
from same_run import assert_same_run

import nlg.training.run as run_module
from nlg.errors import CheckpointError, DataError, NlgError, OptionError
from nlg.training.loop import BEST, STATE, Means, fit, load_weights, weights_by_name
from nlg.training.options import TrainOptions
from nlg.training.run import Run

WEIGHTS = "checkpoints/poem/vae/weights.safetensors"
HERE = pathlib.Path(__file__).parent
X = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
TRUTH = np.array([1, -2, 3], "float32")
DATA = np.c_[X, X @ TRUTH]  # (64, 4): three inputs and what they give
OPTIONS = TrainOptions(
    steps=10, eval_every=4, save_every=2, warmup_steps=2, learning_rate=0.1
)


class Line(keras.Model):
    def __init__(self):
        super().__init__(name="line")
        self.dropout = keras.layers.Dropout(0.3)
        self.dense = keras.layers.Dense(1, name="dense")
        self.error = keras.metrics.Mean(name="error")

    def build(self, input_shape=None):
        self.dense.build((None, 3))
        self.built = True

    def call(self, rows, training=None):
        guess = self.dense(self.dropout(rows[:, :3], training=training))[:, 0]
        self.error.update_state(ops.abs(guess - rows[:, 3]))
        self.add_loss(ops.mean(ops.square(guess - rows[:, 3])))
        return guess


def new_model(seed=0):
    keras.utils.set_random_seed(seed)
    model = Line()
    model.build()
    return model


def batch_at(step):
    return DATA[np.random.default_rng(step).integers(64, size=8)]


def train(folder, batch_at=batch_at, dev_losses=None, seed=0, **changes):
    """Return model, best line and the weights at each look at dev."""
    model, looks = new_model(seed), []

    def evaluate():
        looks.append(weights_by_name(model))
        if dev_losses is not None:
            loss = dev_losses[len(looks) - 1]
            return {"dev_loss": loss, "dev_f1": loss / 10}
        return {"dev_loss": float(np.mean((model(DATA) - DATA[:, 3]) ** 2))}

    options = TrainOptions(**{**vars(OPTIONS), **changes})
    return model, fit(model, batch_at, evaluate, options, Run(folder)), looks


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    train(folder)
    return folder


def test_run_learns_logs_and_keeps_its_best(whole, tmp_path):
    _, best, _ = train(tmp_path, steps=60, eval_every=20, learning_rate=0.3)
    lines = Run(tmp_path).lines()
    assert [line["step"] for line in lines] == [20, 40, 60]
    assert best == min(lines, key=lambda line: line["dev_loss"])
    assert best["dev_loss"] < 0.1 * np.mean(DATA[:, 3] ** 2)
    names = {"step", "loss", "error", "tokens_per_second", "dev_loss"}
    assert lines[0].keys() == names
    picture = (tmp_path / "loss.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and picture.endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize("at", [1, 4, 7])
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_interrupted_run_goes_on_as_if_nothing_had_been(
    whole, tmp_path, at, interruption
):
    def interrupted(step):
        if step == at:
            raise interruption
        return batch_at(step)

    with pytest.raises(interruption):
        train(tmp_path, interrupted)
    # Another seed: what the new process starts with must not matter, past a save.
    train(tmp_path, seed=9 if at >= OPTIONS.save_every else 0)
    assert_same_run(whole, tmp_path)


def test_kill_between_the_log_and_the_state_repeats_the_look(whole, tmp_path):
    class Killed(BaseException):
        pass

    class FragileRun(Run):
        def save(self, name, tensors, **notes):
            if name == STATE and notes["step"] == 8:
                raise Killed
            super().save(name, tensors, **notes)

    model = new_model()
    with pytest.raises(Killed):
        fit(
            model,
            batch_at,
            lambda: {"dev_loss": float(np.mean((model(DATA) - DATA[:, 3]) ** 2))},
            OPTIONS,
            FragileRun(tmp_path),
        )
    assert [line["step"] for line in Run(tmp_path).lines()] == [4, 8]
    train(tmp_path)
    assert_same_run(whole, tmp_path)


def test_finished_run_is_not_trained_again(whole):
    def refuse(step):
        raise AssertionError(step)

    model, best, looks = train(whole, refuse, seed=9)
    assert looks == []
    assert best == min(Run(whole).lines(), key=lambda line: line["dev_loss"])
    tensors, _ = Run(whole).load(BEST)
    for name, weight in weights_by_name(model).items():
        np.testing.assert_array_equal(weight, tensors[name])


def test_best_weights_are_those_of_the_lowest_dev_loss(tmp_path):
    losses = [3.0, 1.0, 2.0, 1.0, 5.0]
    model, best, looks = train(tmp_path, dev_losses=losses, steps=10, eval_every=2)
    assert (best["step"], best["dev_loss"]) == (4, 1.0)
    for name, weight in weights_by_name(model).items():
        np.testing.assert_array_equal(weight, looks[1][name])
        assert np.any(weight != looks[4][name])


def test_another_score_may_say_what_is_best_and_when_to_stop(tmp_path):
    settings = {"eval_every": 2, "patience": 2, "best_by": "+dev_f1"}
    losses = [2.0, 3.0, 1.0, 2.0, 5.0]  # the last is not reached
    model, best, looks = train(tmp_path, dev_losses=losses, **settings)
    assert (best["step"], best["dev_f1"], len(looks)) == (4, 0.3, 4)
    for name, weight in weights_by_name(model).items():
        np.testing.assert_array_equal(weight, looks[1][name])


def test_a_score_that_a_look_does_not_give_is_named(tmp_path):
    said = r"best_by is '\+dev_em'; a look at dev gives dev_loss"
    with pytest.raises(OptionError, match=said):
        train(tmp_path, best_by="+dev_em")


@pytest.mark.parametrize(
    ("losses", "looks"),
    [
        ([3.0, 2.0, 2.5, 2.2, 1.0], 4),  # two looks without a gain
        ([3.0, 2.0, 2.5, 1.9, 1.8], 5),  # never two in a row
        ([3.0, 3.0, 3.0, 1.0, 1.0], 3),  # as good is no gain
    ],
)
def test_patience_ends_a_run_that_gains_nothing(tmp_path, losses, looks):
    settings = {"eval_every": 2, "patience": 2, "dev_losses": losses}
    assert len(train(tmp_path, **settings)[2]) == looks
    assert len(train(tmp_path, **settings)[2]) == 0  # asked again, it stays ended


def test_nan_loss_stops_the_run_and_its_last_state_survives(whole, tmp_path):
    def spoilt(step):
        return batch_at(step) * (np.nan if step == 5 else 1)

    said = r"loss is nan at step 6, on batch 5, where its input is not .*learning_rate"
    with pytest.raises(DataError, match=said):
        train(tmp_path, spoilt)
    tensors, notes = Run(tmp_path).load(STATE)
    assert notes["step"] == 4
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())
    train(tmp_path)
    assert_same_run(whole, tmp_path)


def test_nan_loss_of_sound_data_blames_the_rate_alone(tmp_path):
    with pytest.raises(DataError, match=r"at step \d+, on batch \d+; .*learning_rate"):
        train(tmp_path, lambda step: batch_at(step) * 1e18, steps=100)


def test_nan_loss_on_dev_is_no_best(tmp_path):
    with pytest.raises(DataError, match=r"loss is nan at step 8, on dev"):
        train(tmp_path, dev_losses=[1.0, float("nan")])
    assert [line["step"] for line in Run(tmp_path).lines()] == [4]
    assert Run(tmp_path).load(BEST)[1]["step"] == 4


def test_weights_that_a_gradient_spoilt_are_never_saved(tmp_path):
    def spoil(gradients):
        return {path: x * np.nan for path, x in gradients.items()}

    model = new_model()
    with pytest.raises(DataError, match=r"line/dense/\w+ is not finite at step 1"):
        fit(
            model,
            batch_at,
            lambda: {"dev_loss": 0.0},
            TrainOptions(**{**vars(OPTIONS), "save_every": 1}),  # before the next loss
            Run(tmp_path),
            gradient_ops=[spoil],
        )
    assert not (tmp_path / STATE).exists()


def test_full_disk_stops_the_run_and_it_goes_on_from_the_state_before(
    whole, tmp_path, monkeypatch
):
    def save_file(tensors, path, notes):
        if notes["step"] == "6":
            path.write_bytes(b"half of i")
            raise OSError(errno.ENOSPC, "No space left on device")
        save(tensors, path, notes)

    save = run_module.save_file
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "save_file", save_file)
        with pytest.raises(NlgError, match=r"state.safetensors cannot .*No space left"):
            train(tmp_path)
    assert Run(tmp_path).load(STATE)[1]["step"] == 4
    train(tmp_path)
    assert_same_run(whole, tmp_path)


def test_state_of_another_run_is_refused_with_the_way_out(whole, tmp_path):
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    for other in (tmp_path / BEST, HERE.parents[1] / WEIGHTS):
        shutil.copy(other, tmp_path / STATE)
        said = rf"{STATE} is of another run \(.*\); .*another folder and start anew"
        with pytest.raises(CheckpointError, match=said) as caught:
            train(tmp_path)
        assert len(str(caught.value)) < 800  # of a hundred wrong names some are shown


def test_state_cut_short_is_refused_with_the_way_out(whole, tmp_path):
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    state = (tmp_path / STATE).read_bytes()
    (tmp_path / STATE).write_bytes(state[:-9])
    with pytest.raises(CheckpointError, match=rf"{STATE} cannot be read .*start anew"):
        train(tmp_path)


def test_checkpoint_keeps_what_was_frozen_too(tmp_path):
    model, _, _ = train(tmp_path, frozen=("*/bias",))
    tensors, _ = Run(tmp_path).load(BEST)
    assert set(tensors) == {"line/dense/kernel", "line/dense/bias"}
    assert (tensors["line/dense/bias"] == 0).all()
    assert len(model.trainable_variables) == 2
    other = new_model(1)
    load_weights(other, tensors)
    np.testing.assert_array_equal(other(DATA), model(DATA))


def test_nothing_left_to_train_is_refused(tmp_path):
    with pytest.raises(OptionError, match="leaves no weight to train"):
        train(tmp_path, frozen=("*",))


def test_run_without_a_look_at_dev_cannot_happen_by_its_length(tmp_path):
    _, best, _ = train(tmp_path, steps=1)
    assert best["step"] == 1


def test_hook_is_told_each_step_before_it_is_taken(tmp_path):
    steps = []
    fit(
        new_model(),
        lambda step: (steps.append(("batch", step)), batch_at(step))[1],
        lambda: {"dev_loss": 0.0},
        TrainOptions(**{**vars(OPTIONS), "steps": 2}),
        Run(tmp_path),
        lambda step: steps.append(("hook", step)),
    )
    assert steps == [("hook", 0), ("batch", 0), ("hook", 1), ("batch", 1)]


def test_step_takes_its_batches_in_order_and_the_hook_is_told_once(tmp_path):
    seen = []
    fit(
        new_model(),
        lambda number: (seen.append(number), batch_at(number))[1],
        lambda: {"dev_loss": 0.0},
        TrainOptions(**{**vars(OPTIONS), "steps": 2, "accumulate": 3}),
        Run(tmp_path),
        lambda step: seen.append(f"step {step}"),
    )
    assert seen == ["step 0", 0, 1, 2, "step 1", 3, 4, 5]


def test_speed_counts_what_the_caller_calls_tokens(tmp_path):
    fit(
        new_model(),
        batch_at,
        lambda: {"dev_loss": 0.0},
        OPTIONS,
        Run(tmp_path),
        count_tokens=lambda batch: 0,
    )
    assert Run(tmp_path).lines()[0]["tokens_per_second"] == 0


def test_weights_that_do_not_fit_are_listed_and_none_is_loaded():
    model = new_model()
    before = weights_by_name(model)
    tensors = {"line/dense/kernel": np.ones((2, 1)), "line/old": np.ones(1)}
    with pytest.raises(CheckpointError) as caught:
        load_weights(model, tensors)
    message = str(caught.value)
    assert "missing 1: line/dense/bias" in message
    assert "unused 1: line/old" in message
    assert "line/dense/kernel is (2, 1), not (3, 1)" in message
    assert "\n" not in message
    for name, weight in weights_by_name(model).items():
        np.testing.assert_array_equal(weight, before[name])


def test_weights_come_back_by_name():
    model, other = new_model(0), new_model(1)
    load_weights(other, weights_by_name(model))
    np.testing.assert_array_equal(other(DATA), model(DATA))


def test_weights_of_a_checkpoint_are_16_bits_and_become_32():
    model, halves = new_model(0), {}
    for name, weight in weights_by_name(model).items():
        halves[name] = weight.astype("float16")
    load_weights(model, halves)
    for name, weight in weights_by_name(model).items():
        assert weight.dtype == "float32"
        np.testing.assert_array_equal(weight, halves[name].astype("float32"))


def test_means_weigh_each_batch():
    means = Means()
    means.add({"loss": 1.0}, 3)
    means.add({"loss": 5.0}, 1)
    assert means.result() == {"loss": 2.0}
    again = Means(means.totals)
    again.add({"loss": 2.0}, 4)
    assert again.result() == {"loss": 2.0} and means.totals != again.totals
