"""The backbone against itself: whole == cached, packed == apart, on every backend."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from keras import ops

from nlg.backbone.config import BackboneConfig
from nlg.backbone.unilm import UniLM

HERE = pathlib.Path(__file__)
SOURCE = np.array([[2, 10, 11, 12, 3], [2, 13, 14, 3, 0]], "int32")  # 0 is padding
TARGET = np.array([[20, 21, 22], [23, 24, 25]], "int32")
LENGTHS = (5, 4)
CLASSES = np.array([[1, 2], [0, 1]], "int32")
TOLERANCE = 2e-5


def model_of(application="unilm", **changes):
    """A model of random weights, those that start at zero too."""
    config = BackboneConfig.preset("tiny", 50, application=application, **changes)
    model = UniLM(config)
    model.build()
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(0.3 * rng.normal(size=variable.shape))
    return model


def numpy(x):
    return np.array(ops.convert_to_numpy(ops.cast(x, "float32")))


def whole(model, row, **inputs):
    """States of source and target of one row, in one pass, without padding."""
    n = LENGTHS[row]
    tokens = np.concatenate([SOURCE[row, :n], TARGET[row]])[None]
    segments = np.array([[0] * n + [1] * 3], "int32")
    if model.config.application != "unilm":
        segments = 0 * segments
    inputs = {name: x[row : row + 1] for name, x in inputs.items()}
    return numpy(model({"token_ids": tokens, "segment_ids": segments, **inputs}))[0]


def worst_difference(model, beams=2, **inputs):
    """Read the source once, write three tokens a beam; compare with one pass."""
    last, source = model.prefill({"token_ids": SOURCE, **inputs})
    cache = model.empty_cache(2 * beams, 4)
    steps = []
    for index in range(3):
        tokens = np.repeat(TARGET[:, index], beams)
        states, cache = model.step(tokens, index, source, cache)
        steps.append(numpy(states).reshape(2, beams, -1))
    worst = 0.0
    for row, n in enumerate(LENGTHS):
        want = whole(model, row, **inputs)
        worst = max(worst, np.abs(want[n - 1] - numpy(last)[row]).max())
        for index, states in enumerate(steps):
            worst = max(worst, np.abs(want[n + index] - states[row]).max())
    return worst


@pytest.mark.parametrize("application", ["unilm", "lm"])
def test_cached_equals_whole(application):
    assert worst_difference(model_of(application)) < TOLERANCE


def test_cached_equals_whole_under_a_condition():
    model = model_of(condition_size=8, classes=(3, 2))
    vector = np.random.default_rng(1).normal(size=(2, 8)).astype("float32")
    told = {"class_ids": CLASSES, "condition": vector}
    assert worst_difference(model, **told) < TOLERANCE
    assert np.abs(whole(model, 0, **told) - whole(model, 0)).max() > 0.1


def test_untrained_condition_leaves_the_backbone_as_it_was():
    model = UniLM(BackboneConfig.preset("tiny", 50, condition_size=8, classes=(3, 2)))
    model.build()
    np.testing.assert_allclose(
        whole(model, 0, class_ids=CLASSES), whole(model, 0), atol=TOLERANCE
    )


def test_source_may_be_a_plain_list():
    model = model_of()
    from_list, _ = model.prefill({"token_ids": SOURCE.tolist()})
    from_array, _ = model.prefill(SOURCE)
    np.testing.assert_allclose(numpy(from_list), numpy(from_array), atol=1e-6)


def test_target_does_not_reach_back_into_the_source():
    model = model_of()
    tokens = np.concatenate([SOURCE[:1], TARGET[:1]], axis=1)
    segments = np.array([[0] * 5 + [1] * 3], "int32")
    before = numpy(model({"token_ids": tokens, "segment_ids": segments}))[0]
    tokens[0, 6] = 40
    after = numpy(model({"token_ids": tokens, "segment_ids": segments}))[0]
    changed = np.abs(before - after).max(-1) > 1e-4
    assert changed.tolist() == [False] * 6 + [True] * 2


def test_packed_rows_equal_rows_apart():
    model = model_of()
    packed = {
        "token_ids": np.array([[2, 10, 3, 20, 2, 13, 14, 3, 23, 0]]),
        "segment_ids": np.array([[0, 0, 0, 1, 0, 0, 0, 0, 1, 0]]),
        "sample_ids": np.array([[1] * 4 + [2] * 5 + [0]]),
        "position_ids": np.array([[0, 1, 2, 3, 0, 1, 2, 3, 4, 0]]),
    }
    together = numpy(model(packed))[0]
    for start, stop in ((0, 4), (4, 9)):
        names = ("token_ids", "segment_ids")
        alone = {name: packed[name][:, start:stop] for name in names}
        np.testing.assert_allclose(
            together[start:stop], numpy(model(alone))[0], atol=TOLERANCE
        )


def test_one_pass_mixes_objectives_row_by_row():
    """`generated` of a row says what it is: written, half given, all given."""
    model = model_of()
    tokens = np.repeat(SOURCE[:1], 3, axis=0)
    generated = np.array([[1] * 5, [0, 0, 1, 1, 1], [0] * 5], "int32")
    mixed = numpy(model({"token_ids": tokens, "generated": generated}))
    for row in range(3):
        one = {"token_ids": tokens[:1], "generated": generated[row : row + 1]}
        np.testing.assert_allclose(mixed[row], numpy(model(one))[0], atol=TOLERANCE)
    for application, row in (("lm", 0), ("bidirectional", 2)):
        same = model_of(application)
        np.testing.assert_allclose(
            mixed[row], numpy(same(tokens[:1]))[0], atol=TOLERANCE
        )


def test_logits_are_of_the_tied_table_and_of_asked_places_only():
    model = model_of()
    states = model(SOURCE)
    asked = numpy(model.logits(states[:, 2:4]))
    assert asked.shape == (2, 2, 50)
    np.testing.assert_allclose(
        asked, numpy(model.logits(states))[:, 2:4], atol=TOLERANCE
    )
    table = numpy(model.embeddings.token.table)
    inner = numpy(model.head.norm(model.head.dense(states)))
    want = inner @ table.T + numpy(model.head.bias)
    np.testing.assert_allclose(numpy(model.logits(states)), want, atol=1e-4)


def test_model_comes_back_from_its_config():
    model = model_of(condition_size=8, classes=(3,), epsilon=1e-6)
    twin = UniLM.from_config(model.get_config())
    twin.build()
    assert twin.config == model.config
    paths = [x.path for x in model.variables]
    assert [x.path for x in twin.variables] == paths
    assert "unilm/block_1/attention/output_projection/kernel" in paths
    twin.set_weights(model.get_weights())
    np.testing.assert_allclose(numpy(twin(SOURCE)), numpy(model(SOURCE)), atol=1e-6)


def encoder_size(V, D, F, layers, P=512):
    block = 4 * (D * D + D) + 2 * D * F + D + F + 4 * D
    return (V + P + 2) * D + 2 * D + layers * block


def test_sizes_are_those_of_bert():
    assert encoder_size(21128, 768, 3072, 12) == 101_677_056  # bert-base-chinese
    model = UniLM(BackboneConfig.preset("tiny", 50))
    model.build()
    head = 32 * 32 + 32 + 2 * 32 + 50
    assert model.count_params() == encoder_size(50, 32, 128, 2) + head


def test_half_precision_stays_near_float32():
    same = dict(np.load(_states_of("tensorflow", "mixed_bfloat16")))
    whole_row = whole(model_of(), 0)
    assert np.abs(same["whole"] - whole_row).max() < 0.1
    assert same["worst"] < 0.1


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_other_backends_give_the_same_states(backend):
    pytest.importorskip(backend)
    found = dict(np.load(_states_of(backend, "float32")))
    np.testing.assert_allclose(found["whole"], whole(model_of(), 0), atol=1e-4)
    assert found["worst"] < 1e-4


def _states_of(backend, precision):
    """Run this file as a program under another backend; return what it wrote."""
    import tempfile

    out = pathlib.Path(tempfile.mkdtemp()) / "states.npz"
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",  # XLA compiles more than it computes
        "PYTHONPATH": str(HERE.parents[2]),
    }
    subprocess.run(
        [sys.executable, HERE, precision, out], env=environment, check=True, timeout=120
    )
    return out


if __name__ == "__main__":
    import keras

    keras.config.set_dtype_policy(sys.argv[1])
    model = model_of()
    np.savez(sys.argv[2], whole=whole(model, 0), worst=worst_difference(model))
