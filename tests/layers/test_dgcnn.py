"""What a token notices of its text and of the question, and of nothing else."""

import numpy as np
import pytest
from keras import ops

from nlg.layers.dgcnn import AFTER, BOTH, DGCNN

D, H, U = 5, 2, 4
REACH = sum(BOTH + AFTER)  # places on each side
TEXTS = np.array([[1] * 30 + [2] * 8 + [0] * 2], "int32")
ASKS = np.array([[0] * 26 + [1] * 3 + [0] * 5 + [1] * 3 + [0] * 3], "int32")


def made(seed=0):
    layer = DGCNN(U)
    layer.build((None, None, D), (None, None, H))
    rng = np.random.default_rng(seed)
    for variable in layer.trainable_variables:
        variable.assign(rng.normal(size=variable.shape) * 0.5)
    layer.leave.bias.assign(4 * np.ones(U))  # so that no unit of it is shut
    return layer


def given(seed=1):
    rng = np.random.default_rng(seed)
    shapes = ((1, TEXTS.shape[1], D), (1, TEXTS.shape[1], H))
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


def places_changed(layer, which, place, asks=ASKS):
    """Return which tokens notice that an input (0) or a hint (1) of one changed."""
    inputs = given()
    before = ops.convert_to_numpy(layer(*inputs, TEXTS, asks))
    inputs[which][0, place, 0] += 300  # far away little of it is left
    after = ops.convert_to_numpy(layer(*inputs, TEXTS, asks))
    return np.flatnonzero((after != before).any(axis=-1)[0])


@pytest.mark.parametrize("which", [0, 1])
def test_a_token_of_the_passage_is_noticed_as_far_as_the_blocks_reach(which):
    noticed = places_changed(made(), which, 0).tolist()
    assert noticed == list(range(len(noticed)))
    assert REACH - 2 <= noticed[-1] <= REACH  # the last ones hear little: it is rounded


def test_a_token_of_the_question_is_noticed_by_its_whole_text():
    assert places_changed(made(), 0, 28).tolist() == list(range(30))


def test_a_text_knows_nothing_of_its_neighbour():
    assert places_changed(made(), 0, 30).max() == 37
    assert places_changed(made(), 0, 30).min() == 30
    assert places_changed(made(), 0, 29).max() <= 29


def test_what_belongs_to_no_text_is_zero_and_unseen():
    layer = made()
    found = ops.convert_to_numpy(layer(*given(), TEXTS, ASKS))
    assert not found[0, 38:].any() and found[0, :38].any(axis=-1).all()
    assert not places_changed(layer, 0, 39).size


def test_a_text_in_a_row_of_others_is_read_as_alone():
    layer, (inputs, hints) = made(), given()
    packed = ops.convert_to_numpy(layer(inputs, hints, TEXTS, ASKS))
    part = slice(30, 38)
    alone = layer(inputs[:, part], hints[:, part], TEXTS[:, part], ASKS[:, part])
    np.testing.assert_allclose(packed[:, part], ops.convert_to_numpy(alone), atol=1e-5)


def test_the_question_is_summed_up_by_weights_that_add_up_to_one():
    layer, rng = made(), np.random.default_rng(2)
    x = rng.normal(size=(1, 40, U)).astype("float32")
    got = ops.convert_to_numpy(layer._summed_up(x, TEXTS, ASKS))
    for text, asked in ((slice(0, 30), slice(26, 29)), (slice(30, 38), slice(34, 37))):
        scores = x[0, asked] @ ops.convert_to_numpy(layer.weigh.kernel)[:, 0]
        weights = np.exp(scores) / np.exp(scores).sum()
        want = np.broadcast_to(weights @ x[0, asked], (got[0, text].shape))
        np.testing.assert_allclose(got[0, text], want, rtol=1e-4)
