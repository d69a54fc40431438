import numpy as np
import pytest
from keras import ops

from nlg.layers.latent import GaussianLatent, ReconstructionLoss, kl_per_unit


def loss_of(layer, *inputs):
    layer(*inputs)
    return float(layer.losses[0])


def kl_of(layer, *inputs):
    return ops.convert_to_numpy(layer(*inputs)[1])


def test_kl_is_the_integral_of_its_definition():
    mean, log_var = 0.7, -0.5
    x, step = np.linspace(-12, 12, 100_001, retstep=True)

    def log_density(mean, variance):
        return -0.5 * ((x - mean) ** 2 / variance + np.log(2 * np.pi * variance))

    p = log_density(mean, np.exp(log_var))
    integral = np.sum(np.exp(p) * (p - log_density(0, 1))) * step
    kl = kl_per_unit(ops.array([[mean]]), ops.array([[log_var]]))
    assert float(kl[0, 0]) == pytest.approx(integral, abs=1e-5)


def test_kl_of_the_prior_is_zero_and_mean_two_costs_two_nats():
    kl = kl_per_unit(ops.array([[0.0, 2.0]]), ops.zeros((1, 2)))
    np.testing.assert_allclose(ops.convert_to_numpy(kl), [[0, 2]], atol=1e-6)


def test_loss_is_the_kl_of_all_units_averaged_over_rows():
    # means 0 2 | 2 4, variance 1: 0 + 2 and 2 + 8 nats, (2 + 10) / 2 = 6 a row.
    mean = ops.array([[0.0, 2.0], [2.0, 4.0]])
    layer = GaussianLatent()
    assert loss_of(layer, mean, ops.zeros((2, 2))) == pytest.approx(6)
    np.testing.assert_allclose(kl_of(layer, mean, ops.zeros((2, 2))), [2, 10])


def test_free_nats_are_granted_to_each_unit_over_the_batch():
    # the same: unit 0 takes 1 nat a row and is given 3, unit 1 takes 5: 3 + 5.
    mean = ops.array([[0.0, 2.0], [2.0, 4.0]])
    layer = GaussianLatent(free_nats=3.0)
    assert loss_of(layer, mean, ops.zeros((2, 2))) == pytest.approx(8)
    found = kl_of(layer, mean, ops.zeros((2, 2)))
    np.testing.assert_allclose(found, [2, 10])  # the figure stays honest


@pytest.mark.parametrize("weight", [0.0, 0.25])
def test_weight_scales_the_loss_and_not_the_figure(weight):
    layer = GaussianLatent()
    layer.build((1, 1), (1, 1))
    layer.weight.assign(weight)
    loss = loss_of(layer, ops.array([[2.0]]), ops.zeros((1, 1)))
    assert loss == pytest.approx(2 * weight)
    assert kl_of(layer, ops.array([[2.0]]), ops.zeros((1, 1))) == pytest.approx(2)


def test_samples_have_the_asked_mean_and_deviation():
    n, mean, log_var = 20_000, [1.0, -2.0], [0.0, -2.0]
    z, _ = GaussianLatent()(ops.tile([mean], (n, 1)), ops.tile([log_var], (n, 1)))
    z = ops.convert_to_numpy(z)
    # four standard errors: 4 / sqrt(n) of a deviation
    np.testing.assert_allclose(z.mean(0), mean, atol=4 / np.sqrt(n))
    np.testing.assert_allclose(z.std(0), np.exp([0, -1]), rtol=4 / np.sqrt(2 * n))
    assert abs(np.corrcoef(z.T)[0, 1]) < 4 / np.sqrt(n)


def test_sample_without_variance_is_the_mean():
    mean = np.array([[1.0, -2.0]], "float32")
    z, _ = GaussianLatent()(mean, np.full((1, 2), -60.0, "float32"))
    np.testing.assert_allclose(ops.convert_to_numpy(z), mean, atol=1e-6)


def test_reconstruction_is_summed_over_places_and_averaged_over_rows():
    nats = np.array([[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]], "float32")
    layer = ReconstructionLoss()
    assert loss_of(layer, nats) == pytest.approx((6 + 18) / 2)
    np.testing.assert_allclose(ops.convert_to_numpy(layer(nats)), [6, 18])


def test_twice_the_places_is_twice_the_loss_but_twice_the_rows_is_not():
    nats = np.random.default_rng(0).random((3, 5), "float32")
    once = loss_of(ReconstructionLoss(), nats)
    wide, tall = np.tile(nats, (1, 2)), np.tile(nats, (2, 1))
    assert loss_of(ReconstructionLoss(), wide) == pytest.approx(2 * once, rel=1e-5)
    assert loss_of(ReconstructionLoss(), tall) == pytest.approx(once, rel=1e-5)
