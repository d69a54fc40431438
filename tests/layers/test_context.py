import numpy as np
import pytest
from keras import ops

from nlg.layers.context import ContextHead, before

B, T, D, C = 2, 5, 6, 4


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def normalised(x, gamma=1.0, beta=0.0):
    centred = x - x.mean(-1, keepdims=True)
    return gamma * centred / np.sqrt((centred**2).mean(-1, keepdims=True)) + beta


@pytest.fixture
def head():
    """A head whose norms have moved away from where they start."""
    layer = ContextHead(D)
    layer.build((None, None, D), (None, None, C))
    for seed, variable in enumerate(layer.trainable_variables):
        variable.assign(variable.numpy() + random(*variable.shape, seed=seed))
    return layer


def result_of(*arrays):
    return [ops.convert_to_numpy(array) for array in arrays]


def test_the_two_characters_before_stand_side_by_side_as_drawn():
    spring, sleep, not_, wake = vectors = np.eye(4, dtype="float32")
    nothing = np.zeros(4)
    (found,) = result_of(before(vectors[None]))
    drawn = [[nothing, nothing], [spring, nothing], [sleep, spring], [not_, sleep]]
    np.testing.assert_array_equal(found[0], np.reshape(drawn, (4, 8)))
    assert not (found == np.concatenate([wake, wake])).all(-1).any()


@pytest.mark.parametrize("length", [1, 2, 3])
def test_short_lines_have_nothing_before_them(length):
    vectors = random(B, length, C)
    (found,) = result_of(before(vectors))
    assert found.shape == (B, length, 2 * C)
    assert not found[:, 0].any() and not found[:, :2, C:].any()
    np.testing.assert_array_equal(found[:, 1:, :C], vectors[:, :-1])


@pytest.mark.parametrize("shape", [(B,), (B, T)])
def test_the_head_is_one_gated_layer_over_places_and_context(head, shape):
    places, context = random(*shape, D), random(*shape, C, seed=1)
    gammas, betas, kernel, bias = [], [], None, None
    for variable in head.trainable_variables:
        name, value = variable.path.split("/")[-1], variable.numpy()
        {"gamma": gammas, "beta": betas}.get(name, []).append(value)
        kernel = value if name == "kernel" else kernel
        bias = value if name == "bias" else bias
    inner = normalised(places, gammas[0], betas[0])
    mixed = np.concatenate([inner, context], axis=-1) @ kernel + bias
    content, gate = mixed[..., :D], mixed[..., D:]
    summed = places + content / (1 + np.exp(-gate))
    want = normalised(summed, gammas[1], betas[1])
    (found,) = result_of(head(places, context))
    np.testing.assert_allclose(found, want, atol=1e-4)


def test_its_two_halves_may_be_computed_apart(head):
    places, context = random(B, T, D), random(B, T, C, seed=1)
    whole, apart = result_of(
        head(places, context), head.join(places, head.wanted(places), context)
    )
    np.testing.assert_allclose(apart, whole, atol=1e-6)
    assert head.wanted(places).shape == (B, T, 2 * D)


def test_what_is_not_seen_is_the_same_as_zeros(head):
    places, context = random(B, T, D), random(B, T, C, seed=1)
    wanted = head.wanted(places)
    unseen, zeros, seen = result_of(
        head.join(places, wanted),
        head.join(places, wanted, 0 * context),
        head.join(places, wanted, context),
    )
    np.testing.assert_allclose(zeros, unseen, atol=1e-6)
    assert np.abs(seen - unseen).max() > 0.01


def test_places_do_not_see_each_other(head):
    places, context = random(B, T, D), random(B, T, C, seed=1)
    other = places.copy()
    other[:, 2] = random(B, D, seed=2)
    one, two = result_of(head(places, context), head(other, context))
    changed = np.abs(one - two).max(axis=(0, 2)) > 1e-6
    assert changed.tolist() == [False, False, True, False, False]
