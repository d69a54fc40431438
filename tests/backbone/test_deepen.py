"""More blocks that pass on what they get, and the old ones where they belong."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from nlg.backbone.config import BackboneConfig
from nlg.backbone.deepen import deepened
from nlg.backbone.unilm import UniLM
from nlg.layers.weights import assign, variables_by_path, weights_by_path

TOKENS = np.array([[2, 7, 8, 9, 3, 6, 3, 0]], "int32")


def built(layers, **changes):
    keras.utils.set_random_seed(layers)
    config = BackboneConfig.preset("tiny", 12, layers=layers, dropout=0.0)
    unilm = UniLM(dataclasses.replace(config, **changes))
    unilm.build()
    return unilm


def grown(unilm, layers):
    deep = UniLM(dataclasses.replace(unilm.config, layers=layers))
    deep.build()
    assign(variables_by_path(deep), deepened(weights_by_path(unilm), layers), "here")
    return deep


def states(unilm, **inputs):
    return ops.convert_to_numpy(unilm({"token_ids": TOKENS, **inputs}))


@pytest.mark.parametrize("layers", [2, 3, 5])
@pytest.mark.parametrize("had", [1, 2])
def test_after_norms_that_only_normalise_nothing_changes(had, layers):
    unilm = built(had)
    for weight in unilm.trainable_variables:
        if "norm" not in weight.path:
            weight.assign(10 * ops.convert_to_numpy(weight.value))
    deep = grown(unilm, layers)
    assert deep.config.layers == layers
    np.testing.assert_allclose(states(deep), states(unilm), atol=1e-4)


def test_after_norms_that_have_learned_it_is_nearly_so_and_a_plain_copy_is_not():
    unilm, rng = built(2, condition_size=3, classes=(2,)), np.random.default_rng(0)
    units = unilm.config.hidden_size
    for block in unilm.blocks:
        for norm in (block.attention_norm, block.feed_forward_norm):
            norm.gamma.assign(rng.normal(0.8, 0.1, units))
            norm.beta.assign(rng.normal(-0.1, 0.1, units))
            norm.gamma_kernel.assign(rng.normal(0, 0.1, (3, units)))
    told = {"class_ids": np.array([[1]], "int32")}
    want = states(unilm, **told)
    deep = grown(unilm, 4)
    off = np.abs(states(deep, **told) - want).mean()
    assert off < 0.02 * want.std()
    for block, old in zip(deep.blocks[1:3], unilm.blocks, strict=True):
        for norm in ("attention_norm", "feed_forward_norm"):
            getattr(block, norm).gamma.assign(getattr(old, norm).gamma)
    assert np.abs(states(deep, **told) - want).mean() > 5 * off


def test_the_last_block_stays_the_last_and_the_new_ones_are_copies_in_turn():
    unilm = built(2)
    old, new = weights_by_path(unilm), deepened(weights_by_path(unilm), 5)
    name = "unilm/block_{}/attention/query/kernel"
    for number, whose in enumerate((0, 0, 1, 0, 1)):
        np.testing.assert_array_equal(new[name.format(number)], old[name.format(whose)])
    name = "unilm/block_{}/feed_forward/narrow/kernel"
    assert [bool(new[name.format(n)].any()) for n in range(5)] == [1, 0, 0, 0, 1]
    assert weights_by_path(built(5)).keys() == new.keys()


def test_as_many_blocks_as_before_are_the_same_weights():
    weights = weights_by_path(built(2))
    again = deepened(weights, 2)
    assert again.keys() == weights.keys()
    assert all(again[name] is weights[name] for name in weights)
