"""Muon against NumPy; test_other_backends.py runs this file on every backend."""

import keras
import numpy as np
import pytest
from given import gradients_of, new_batch, new_model, part_of
from keras import ops

from nlg.errors import OptionError
from nlg.training.muon import directions, matrices, orthogonal
from nlg.training.optimizer import new_optimizer
from nlg.training.options import TrainOptions
from nlg.training.weights import load_state, state_of, weights_by_name

OPTIONS = {
    "optimizer": "muon",
    "steps": 4,
    "warmup_steps": 2,
    "decay_share": 0.5,
    "learning_rate": 0.1,
    "weight_decay": 0.1,
    "clip_norm": 100.0,
}
RATES = [0.05, 0.1, 0.1, 0.05]  # the trapezoid of OPTIONS, by hand
BATCHES = [new_batch(seed) for seed in range(4)]
KERNELS = ("given/block_0/kernel", "given/block_1/kernel")


def compiled(**changes):
    model = new_model()
    options = TrainOptions(**{**OPTIONS, **changes})
    model.compile(optimizer=new_optimizer(model.trainable_variables, options))
    return model


def trained(batches=BATCHES, model=None, **changes):
    """Return a model after a step with each of `batches`."""
    model = model or compiled(**changes)
    parts = changes.get("accumulate", 1)
    for batch in batches:
        for number in range(parts):
            model.train_on_batch(part_of(batch, number, parts))
    return model


def newton_schulz(matrix):
    """Return what five steps of the quintic make of `matrix`, by its singular values.

    X <- aX + b(XX')X + c(XX')^2 X maps each singular value s to as + bs^3 + cs^5 and
    leaves the singular vectors alone.
    """
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    s = s / np.sqrt((s**2).sum())
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return u * s @ v


def muon(path, factor=1.0, clip_norm=100.0):
    """Return the kernel at `path` after OPTIONS' steps, in NumPy."""
    weight, momentum = weights_by_name(new_model())[path].astype(float), 0.0
    for rate, batch in zip(RATES, BATCHES, strict=True):
        given = gradients_of(batch)
        norm = np.sqrt(sum((g**2).sum() for g in given.values()))
        gradient = given[path] * min(1.0, clip_norm / norm)
        momentum = 0.95 * momentum + gradient
        update = newton_schulz(gradient + 0.95 * momentum)
        update *= 0.2 * np.sqrt(max(weight.shape))
        weight = weight - rate * factor * (update + 0.1 * weight)
    return weight


@pytest.mark.parametrize("path", KERNELS)
def test_step_of_a_matrix_in_a_block_is_that_of_numpy(path):
    found = weights_by_name(trained())[path]
    np.testing.assert_allclose(found, muon(path), atol=2e-5)


def test_all_other_weights_are_adamws():
    ours, adamw = (weights_by_name(trained(optimizer=x)) for x in ("muon", "adamw"))
    for path in ours.keys() - set(KERNELS):
        np.testing.assert_array_equal(ours[path], adamw[path], err_msg=path)
    for path in KERNELS:
        assert (ours[path] != adamw[path]).any()


def test_clip_and_factors_hold_for_matrices_too():
    model = trained(clip_norm=0.5, rates=("*/block_0/*=0.25",))
    found = weights_by_name(model)
    for path, factor in zip(KERNELS, (0.25, 1.0), strict=True):
        expected = muon(path, factor, clip_norm=0.5)
        np.testing.assert_allclose(found[path], expected, atol=2e-5)


def test_accumulated_batches_are_one_large_batch():
    changes = {"ema": 0.7, "clip_norm": 0.5}
    whole, split = trained(**changes), trained(**changes, accumulate=3)
    for path, expected in weights_by_name(whole).items():
        found = weights_by_name(split)[path]
        np.testing.assert_allclose(found, expected, atol=2e-5, err_msg=path)
    for (_, one), (_, other) in zip(
        whole.optimizer.averages, split.optimizer.averages, strict=True
    ):
        np.testing.assert_allclose(
            ops.convert_to_numpy(one.value),
            ops.convert_to_numpy(other.value),
            atol=2e-5,
        )


def test_run_goes_on_from_its_state_to_the_bit():
    straight = trained()
    half = trained(BATCHES[:2])
    other = compiled()
    load_state(other, state_of(half))
    trained(BATCHES[2:], other)
    for path, expected in weights_by_name(straight).items():
        found = weights_by_name(other)[path]
        np.testing.assert_array_equal(found, expected, err_msg=path)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4)])
def test_direction_keeps_the_singular_vectors_and_evens_the_values(shape):
    matrix = np.random.default_rng(0).normal(size=(1, *shape)).astype("float32")
    found = ops.convert_to_numpy(orthogonal(ops.convert_to_tensor(matrix)))[0]
    np.testing.assert_allclose(found, newton_schulz(matrix[0]), atol=1e-4)
    values = np.linalg.svd(found, compute_uv=False)
    assert values.min() > 0.6 and values.max() < 1.3


def test_size_of_a_momentum_does_not_matter_and_its_order_is_kept():
    rng = np.random.default_rng(1)
    shapes = [(3, 5), (2, 3, 4), (3, 5), (4, 2)]
    momenta = [rng.normal(size=shape).astype("float32") for shape in shapes]
    found = directions([ops.convert_to_tensor(x) for x in momenta])
    large = directions([ops.convert_to_tensor(100 * x) for x in momenta])
    for momentum, one, other in zip(momenta, found, large, strict=True):
        assert tuple(one.shape) == momentum.shape
        np.testing.assert_allclose(
            ops.convert_to_numpy(one), ops.convert_to_numpy(other), atol=1e-4
        )
        flat = momentum.reshape(-1, momentum.shape[-1])
        expected = newton_schulz(flat) * 0.2 * np.sqrt(max(flat.shape))
        np.testing.assert_allclose(
            ops.convert_to_numpy(one).reshape(flat.shape), expected, atol=1e-4
        )


def test_root_mean_square_of_an_update_is_about_that_of_adamw():
    matrix = np.random.default_rng(2).normal(size=(64, 256)).astype("float32")
    (update,) = directions([ops.convert_to_tensor(matrix)])
    size = float(np.sqrt(np.mean(ops.convert_to_numpy(update) ** 2)))
    assert size == pytest.approx(0.2, rel=0.2)


def test_only_kernels_inside_blocks_are_orthogonalised():
    from nlg.backbone.config import BackboneConfig
    from nlg.backbone.unilm import UniLM

    unilm = UniLM(BackboneConfig.preset("tiny", 50, condition_size=8))
    unilm.build()
    found = matrices(unilm.trainable_variables)
    assert len(found) == 2 * 6  # blocks, each of four projections and two dense layers
    assert all(path.endswith("/kernel") and "norm" not in path for path in found)


def test_model_without_blocks_cannot_have_it():
    dense = keras.layers.Dense(3)
    dense.build((None, 2))
    options = TrainOptions(**OPTIONS)
    with pytest.raises(OptionError, match="no matrix is in a block_0"):
        new_optimizer(dense.trainable_variables, options)
