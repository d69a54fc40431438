"""Steps against NumPy; test_other_backends.py runs this file on every backend."""

import keras
import numpy as np
import pytest
from given import gradients_of, new_batch, new_model, part_of
from keras import ops

from nlg.training.gradients import Noise, gradient_ops
from nlg.training.layerwise import frozen
from nlg.training.optimizer import averaged, new_optimizer
from nlg.training.options import TrainOptions
from nlg.training.weights import weights_by_name

OPTIONS = TrainOptions(
    steps=4,
    warmup_steps=2,
    decay_share=0.5,
    learning_rate=0.1,
    weight_decay=0.1,
    clip_norm=100.0,
)
RATES = [0.05, 0.1, 0.1, 0.05]  # the trapezoid of OPTIONS, by hand
BATCHES = [new_batch(seed) for seed in range(OPTIONS.steps)]
GRADIENTS = [gradients_of(batch) for batch in BATCHES]


def options(**changes):
    return TrainOptions(**{**vars(OPTIONS), **changes})


def compiled(model, *operations, **changes):
    optimizer = new_optimizer(model.trainable_variables, options(**changes), operations)
    model.compile(optimizer=optimizer)
    return model


def trained(*operations, **changes):
    """Return a model after a step with each of BATCHES."""
    model = compiled(new_model(), *operations, **changes)
    for batch in BATCHES:
        parts = changes.get("accumulate", 1)
        for number in range(parts):
            model.train_on_batch(part_of(batch, number, parts))
    return model


def averages(model):
    return {x.path: ops.convert_to_numpy(y) for x, y in model.optimizer.averages}


def adamw(gradients=GRADIENTS, factor=lambda path: 1.0, clip_norm=100.0):
    """Return the weights after each step: arXiv:1711.05101 with Keras's epsilon."""
    weights, looks = weights_by_name(new_model()), []
    m, v = ({path: 0.0 for path in weights} for _ in range(2))
    for t, (rate, given) in enumerate(zip(RATES, gradients, strict=True), 1):
        norm = np.sqrt(sum((g**2).sum() for g in given.values()))
        for path, g in given.items():
            g = g * min(1.0, clip_norm / norm)
            m[path] = 0.9 * m[path] + 0.1 * g
            v[path] = 0.999 * v[path] + 0.001 * g**2
            step = (m[path] / (1 - 0.9**t)) / (
                np.sqrt(v[path] / (1 - 0.999**t)) + 1e-7 / np.sqrt(1 - 0.999**t)
            )
            decay = 0.0 if path.endswith("bias") else 0.1
            step = step + decay * weights[path]
            weights[path] = weights[path] - rate * factor(path) * step
        looks.append(dict(weights))
    return looks


def assert_equal(found, expected, **tolerance):
    assert found.keys() == expected.keys()
    for path, array in expected.items():
        np.testing.assert_allclose(
            found[path], array, **({"atol": 5e-6} | tolerance), err_msg=path
        )


def test_step_is_that_of_adamw_on_the_rate_of_the_schedule():
    assert_equal(weights_by_name(trained()), adamw()[-1])


def test_norm_that_is_clipped_by_is_that_of_all_gradients():
    expected = adamw(clip_norm=0.5)[-1]
    assert_equal(weights_by_name(trained(clip_norm=0.5)), expected)
    with pytest.raises(AssertionError):  # the clip matters
        assert_equal(expected, adamw()[-1])


def test_each_weight_moves_at_its_own_rate():
    def factor(path):
        if "embeddings" in path:
            return 0.125 * 3
        if "block" in path:
            return 0.25 if "block_0" in path else 0.5
        return 0.0

    rates = ("given/embeddings/*=3", "*/head/*=0")
    model = trained(layer_decay=0.5, rates=rates)
    assert_equal(weights_by_name(model), adamw(factor=factor)[-1])


def test_factor_of_a_gradient_would_do_nothing():
    # What kexue.fm/archives/6418 warns of: Adam divides it out again.
    scaled = [{path: 100 * g for path, g in given.items()} for given in GRADIENTS]
    assert_equal(adamw(scaled, clip_norm=1e9)[-1], adamw(clip_norm=1e9)[-1], rtol=1e-5)


@pytest.mark.parametrize(("parts", "clip_norm"), [(2, 100.0), (3, 0.5)])
def test_accumulated_batches_are_one_large_batch(parts, clip_norm):
    changes = {"clip_norm": clip_norm, "ema": 0.7, "rates": ("*/table=0.5",)}
    whole, split = trained(**changes), trained(**changes, accumulate=parts)
    assert_equal(weights_by_name(split), weights_by_name(whole))
    assert_equal(averages(split), averages(whole))


def test_weights_rest_until_the_last_batch_of_a_step():
    model = compiled(new_model(), accumulate=2, ema=0.5)
    before = weights_by_name(model)
    model.train_on_batch(part_of(BATCHES[0], 0, 2))
    assert_equal(weights_by_name(model), before, atol=0)
    model.train_on_batch(part_of(BATCHES[0], 1, 2))
    moved = weights_by_name(model)
    assert all((moved[path] != before[path]).any() for path in moved)


def test_average_is_the_moving_average_of_the_weights_after_each_step():
    looks = adamw()
    expected = looks[0]
    for look in looks[1:]:
        expected = {path: 0.7 * x + 0.3 * look[path] for path, x in expected.items()}
    model = trained(ema=0.7)
    assert_equal(averages(model), expected)
    assert_equal(weights_by_name(model), looks[-1])  # which go their own way


def test_averages_are_lent_and_the_weights_come_back_to_the_bit():
    model = trained(ema=0.7)
    own, lent = weights_by_name(model), averages(model)
    with pytest.raises(KeyboardInterrupt), averaged(model):
        assert_equal(weights_by_name(model), lent, atol=0)
        raise KeyboardInterrupt
    assert_equal(weights_by_name(model), own, atol=0)
    assert_equal(averages(model), lent, atol=0)


def test_averages_that_are_lent_outlive_a_step_of_testing():
    # JAX gives away the buffers of what it computes with
    model = trained(ema=0.7)
    own, lent = weights_by_name(model), averages(model)
    with averaged(model):
        model.test_on_batch(BATCHES[0])
        assert_equal(weights_by_name(model), lent, atol=0)
    assert_equal(weights_by_name(model), own, atol=0)
    assert_equal(averages(model), lent, atol=0)


def test_model_without_averages_stays_as_it_is():
    model = trained()
    with averaged(model):
        assert_equal(weights_by_name(model), adamw()[-1])
    assert model.optimizer.averages == []


def test_frozen_weights_do_not_move_and_have_no_slot():
    model = new_model()
    before = weights_by_name(model)
    with frozen(model, ["*/embeddings/*", "*/block_0/*"]) as weights:
        assert [x.path for x in weights] == list(before)
        compiled(model)
        for batch in BATCHES:
            model.train_on_batch(batch)
    after, learnt = weights_by_name(model), adamw()[-1]
    for path in before:
        held = "embeddings" in path or "block_0" in path
        expected = before[path] if held else learnt[path]
        np.testing.assert_allclose(after[path], expected, atol=0 if held else 5e-6)
    # the count of steps, and two moments for each of the two weights that learnt
    assert len(model.optimizer.variables) == 1 + 2 * 2
    assert len(model.trainable_variables) == len(before)


def test_each_gradient_is_clipped_on_its_own():
    clipped = [
        {path: g * min(1, 0.3 / np.linalg.norm(g)) for path, g in given.items()}
        for given in GRADIENTS
    ]
    model = trained(gradient_ops=("clip=0.3",))
    assert_equal(weights_by_name(model), adamw(clipped)[-1])


def test_centralised_gradients_leave_the_mean_of_a_unit_where_it_was():
    centred = [
        {path: g - g.mean(0) if g.ndim > 1 else g for path, g in given.items()}
        for given in GRADIENTS
    ]
    assert abs(centred[0]["given/head/kernel"].mean(0)).max() < 1e-7
    model = trained(gradient_ops=("centralise",))
    assert_equal(weights_by_name(model), adamw(centred)[-1])


def test_any_function_may_change_a_gradient_by_name():
    def only_the_head(gradients):
        return {p: g if "head" in p else 0.0 * g for p, g in gradients.items()}

    only = [
        {p: g if "head" in p else 0.0 * g for p, g in given.items()}
        for given in GRADIENTS
    ]
    model = trained(only_the_head)
    assert_equal(weights_by_name(model), adamw(only)[-1])


def test_operations_see_the_average_of_accumulated_batches_once_a_step():
    changes = {"gradient_ops": ("clip=0.3", "centralise"), "ema": 0.5}
    whole, split = trained(**changes), trained(**changes, accumulate=3)
    assert_equal(weights_by_name(split), weights_by_name(whole))


def test_noise_is_drawn_once_a_step_and_kept_with_the_optimizer():
    noise = {"gradient_ops": ("noise=1.0",)}
    whole, split = trained(**noise), trained(**noise, accumulate=2)
    assert_equal(weights_by_name(split), weights_by_name(whole), atol=1e-5)
    kept = {variable.name for variable in whole.optimizer.variables}
    assert {"noise_steps", "seed_generator_state"} <= kept  # so it is saved with a run


def test_noise_is_that_of_the_seed():
    def draw(seed):
        (noise,) = gradient_ops(["noise=1.0"], seed)
        return ops.convert_to_numpy(noise({"w": ops.zeros(9)})["w"])

    np.testing.assert_array_equal(draw(1), draw(1))
    assert (draw(1) != draw(2)).all()


def test_noise_fades_as_its_paper_says():
    noise, zeros = Noise(0.25, seed=3), {"w": ops.zeros((100, 100))}
    draws = [ops.convert_to_numpy(noise(zeros)["w"]) for _ in range(10)]
    for t, draw in enumerate(draws):
        # The deviation of 10,000 draws is off by 0.7 %.
        assert draw.std() == pytest.approx((0.25 / (1 + t) ** 0.55) ** 0.5, rel=0.03)
    assert abs(np.corrcoef(draws[0].ravel(), draws[1].ravel())[0, 1]) < 0.05


def test_oracle_of_this_file_is_kerass_own_optimizer_on_summed_gradients():
    model = new_model()
    peer = keras.optimizers.AdamW(0.05, weight_decay=0.1, global_clipnorm=0.5)
    peer.exclude_from_weight_decay(var_names=["bias"])
    variables = model.trainable_variables
    given = [GRADIENTS[0][x.path].astype("float32") for x in variables]
    peer.apply([ops.convert_to_tensor(g) for g in given], variables)
    assert_equal(weights_by_name(model), adamw(clip_norm=0.5)[0])
