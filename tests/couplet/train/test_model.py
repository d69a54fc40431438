"""The network with eight units, against NumPy.

Shapes: B lines, T characters, D units, E embedding, V vocabulary, P pairs.
"""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from nlg.couplet.config import COMPLETE, FORWARD, MODES, REVERSE, CoupletConfig
from nlg.couplet.train.model import DILATIONS, CoupletTagger

B, T, V, P, D, E = 3, 7, 20, 9, 8, 6
CONFIG = CoupletConfig(V, P, units=D, embedding_units=E, blocks=3, attend_every=3)


def tiny_model(config=CONFIG, seed=0):
    """Return a model whose norms and biases have moved from where they start."""
    keras.utils.set_random_seed(seed)
    model = CoupletTagger(config)
    model.build()
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        noise = 0.2 * rng.normal(size=variable.shape)
        variable.assign(variable.numpy() + noise.astype("float32"))
    return model


def lines(rows=B, length=T, seed=0, mode=FORWARD):
    """Return the model's input, drawn by chance."""
    rng = np.random.default_rng(seed)
    return {
        "token_ids": rng.integers(V, size=(rows, length)).astype("int32"),
        "pair_ids": rng.integers(P, size=(rows, length + 1)).astype("int32"),
        "mode": np.full(rows, mode, "int32"),
        "targets": rng.integers(V, size=(rows, length)).astype("int32"),
        "weights": rng.integers(2, size=(rows, length)).astype("float32"),
    }


def nats_of(model, inputs, **options):
    return ops.convert_to_numpy(model(inputs, **options))


def changed(one, other):
    """Return which places of the first line differ."""
    return np.flatnonzero(np.abs(one - other)[0] > 1e-6).tolist()


@pytest.mark.parametrize("length", [1, 2, T, 64])
def test_each_place_is_charged_the_nats_of_its_target(length):
    model, inputs = tiny_model(), lines(length=length)
    assert nats_of(model, inputs).shape == (B, length)
    # All characters at the last place, which no other place sees, share out 1.
    every = {name: np.repeat(array[:1], V, axis=0) for name, array in inputs.items()}
    every["targets"][:, -1] = np.arange(V)
    assert np.exp(-nats_of(model, every)[:, -1]).sum() == pytest.approx(1, abs=1e-5)


def test_the_network_is_what_numpy_makes_of_its_weights():
    model, inputs = tiny_model(), lines()
    weights = {v.path: v.numpy() for v in model.trainable_variables}

    def at(name):
        return weights[f"couplet/{name}"]

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        x = centred / np.sqrt((centred**2).mean(-1, keepdims=True))
        return x * at(f"{name}/gamma") + at(f"{name}/beta")

    def gated(x):
        content, gate = np.split(x, 2, axis=-1)
        return content / (1 + np.exp(-gate))

    def dense(x, name):
        return x @ at(f"{name}/kernel") + at(f"{name}/bias")

    def shifted(x, steps):
        """Return `x` moved by `steps` places, zeros where nothing comes in."""
        places = np.arange(T) - steps
        inside = (places >= 0) & (places < T)
        return np.where(inside[:, None], x[:, places.clip(0, T - 1)], 0)

    characters = at("vocabulary/table") * np.sqrt(E)
    pairs = (at("pairs/table") * np.sqrt(E))[inputs["pair_ids"]]
    sides = [characters[inputs["token_ids"]], pairs[:, :T], pairs[:, 1:]]
    x = dense(np.concatenate(sides, axis=-1), "read")
    x = x + weights["couplet/mode/embeddings"][inputs["mode"]][:, None]
    for number, dilation in enumerate((1, 2, 4)):
        y = norm(x, f"block_{number}/norm")
        y = np.concatenate([shifted(y, dilation), y, shifted(y, -dilation)], axis=-1)
        x = x + gated(dense(y, f"block_{number}/filters"))
    y = norm(x, "attention_2/norm")  # after the third block
    parts = (dense(y, f"attention_2/attention/{n}") for n in ("query", "key", "value"))
    query, key, value = (p.reshape(B, T, CONFIG.heads, -1) for p in parts)
    scores = np.einsum("bihd,bjhd->bhij", query, key) / np.sqrt(query.shape[-1])
    shares = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    found = np.einsum("bhij,bjhd->bihd", shares, value).reshape(B, T, D)
    x = x + dense(found, "attention_2/attention/output_projection")
    written = characters[inputs["targets"]]
    seen = [norm(x, "head/norm"), shifted(written, 1), shifted(written, 2)]
    mixed = gated(dense(np.concatenate(seen, axis=-1), "head/mix"))
    states = dense(norm(x + mixed, "head/output_norm"), "write")
    scores = states @ at("vocabulary/table").T
    nats = np.log(np.exp(scores).sum(-1)) - np.take_along_axis(
        scores, inputs["targets"][..., None], axis=-1
    ).squeeze(-1)
    np.testing.assert_allclose(nats_of(model, inputs), nats, atol=1e-4)


def test_loss_is_the_mean_over_what_is_charged_and_each_task_has_its_own():
    model, inputs = tiny_model(), lines(6)
    inputs["mode"] = np.array([FORWARD, REVERSE, COMPLETE] * 2, "int32")
    nats, weights = nats_of(model, inputs), inputs["weights"]
    model.compile()
    scores = model.test_on_batch(inputs, return_dict=True)
    mean = (nats * weights).sum() / weights.sum()
    assert scores["loss"] == pytest.approx(mean, rel=1e-5)
    for number, name in enumerate(MODES):
        own = inputs["mode"] == number
        mean = (nats[own] * weights[own]).sum() / weights[own].sum()
        assert scores[name] == pytest.approx(mean, rel=1e-5)


def test_what_is_not_charged_does_not_count():
    model, inputs = tiny_model(), lines()
    inputs["weights"] = np.zeros_like(inputs["weights"])
    model.compile()
    assert model.test_on_batch(inputs, return_dict=True)["loss"] == 0


def test_three_tasks_are_told_apart_by_their_mode():
    model = tiny_model()
    found = [nats_of(model, lines(mode=mode)) for mode in range(len(MODES))]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (np.abs(found[one] - found[other]) > 1e-4).all()


@pytest.mark.parametrize("t", [0, 3, 5, 6])
def test_a_written_character_is_seen_by_the_two_after_it_and_by_none_before(t):
    model, inputs = tiny_model(), lines(1)
    other = {name: array.copy() for name, array in inputs.items()}
    other["targets"][0, t] = (inputs["targets"][0, t] + 1) % V
    places = changed(nats_of(model, inputs), nats_of(model, other))
    assert places == [x for x in (t, t + 1, t + 2) if x < T]


@pytest.mark.parametrize(
    ("name", "place", "middle"),
    [("token_ids", 20, [20]), ("pair_ids", 20, [19, 20])],
)
def test_what_is_read_reaches_as_far_as_the_dilations_say(name, place, middle):
    length = 41
    inputs = lines(1, length)
    other = {name: array.copy() for name, array in inputs.items()}
    other[name][0, place] = (inputs[name][0, place] + 1) % P

    def reached(config):
        model = tiny_model(config)
        return changed(nats_of(model, inputs), nats_of(model, other))

    reach = sum(DILATIONS)
    near = [*range(min(middle) - reach, max(middle) + reach + 1)]
    assert reached(dataclasses.replace(CONFIG, attend_every=0)) == near
    assert reached(CONFIG) == [*range(length)]


def test_deeper_models_repeat_the_dilations():
    model = CoupletTagger(CoupletConfig(V, P, units=D, blocks=7))
    assert [block.dilation for block in model.blocks] == [1, 2, 4, 1, 2, 4, 1]


def test_a_line_reads_the_same_in_any_batch():
    model, inputs = tiny_model(), lines()
    together = nats_of(model, inputs)
    for row in range(B):
        alone = {name: array[row : row + 1] for name, array in inputs.items()}
        np.testing.assert_allclose(nats_of(model, alone)[0], together[row], atol=1e-5)


def test_scores_of_common_characters_are_the_first_of_all_scores():
    model, inputs = tiny_model(), lines()
    read = (inputs[name] for name in ("token_ids", "pair_ids", "mode"))
    places = model.places(*read)
    assert places.shape == (B, T, D)
    states = model.head(places, np.zeros((B, T, 2 * E), "float32"))
    every, first = (ops.convert_to_numpy(model.logits(states, n)) for n in (None, 5))
    assert every.shape == (B, T, V)
    np.testing.assert_allclose(first, every[..., :5], atol=1e-6)


@pytest.mark.parametrize(("share", "sees"), [(1.0, False), (0.0, True)])
def test_what_precedes_is_dropped_in_training_as_often_as_asked(share, sees):
    config = CoupletConfig(V, P, units=D, embedding_units=E, context_dropout=share)
    model, inputs = tiny_model(config), lines(1)
    other = {name: array.copy() for name, array in inputs.items()}
    other["targets"][0, 0] = (inputs["targets"][0, 0] + 1) % V
    one, two = (nats_of(model, x, training=True) for x in (inputs, other))
    assert changed(one, two) == ([0, 1, 2] if sees else [0])
    one, two = (nats_of(model, x) for x in (inputs, other))
    assert changed(one, two) == [0, 1, 2]


def test_some_places_see_what_precedes_them_and_some_do_not():
    config = CoupletConfig(V, P, units=D, embedding_units=E, context_dropout=0.25)
    model, inputs = tiny_model(config), lines(400)
    blind = CoupletConfig(V, P, units=D, embedding_units=E, context_dropout=1.0)
    unseen = tiny_model(blind)
    trained = nats_of(model, inputs, training=True)
    dropped = np.abs(trained - nats_of(unseen, inputs, training=True)) < 1e-6
    assert dropped[:, 1:].mean() == pytest.approx(0.25, abs=0.03)


def test_out_of_training_nothing_is_drawn():
    config = CoupletConfig(V, P, units=D, embedding_units=E, dropout=0.5)
    model, inputs = tiny_model(config), lines()
    one, two = nats_of(model, inputs), nats_of(model, inputs)
    np.testing.assert_array_equal(one, two)
    three, four = (nats_of(model, inputs, training=True) for _ in range(2))
    assert (three != four).any()


def test_every_weight_is_there_before_any_line_is_read():
    model = CoupletTagger(CONFIG)
    model.build()
    before = {variable.path: variable.shape for variable in model.weights}
    nats_of(model, lines())
    assert {variable.path: variable.shape for variable in model.weights} == before
    assert before["couplet/vocabulary/table"] == (V, E)
    assert before["couplet/pairs/table"] == (P, E)
    assert before["couplet/mode/embeddings"] == (len(MODES), D)
    assert before["couplet/head/mix/kernel"] == (D + 2 * E, 2 * D)
    assert before["couplet/write/kernel"] == (D, E)


def test_the_second_model_of_a_process_has_the_names_of_the_first():
    first, second = ([v.path for v in tiny_model().weights] for _ in range(2))
    assert first == second
    assert len(set(first)) == len(first)


def test_model_computes_in_bfloat16_and_keeps_its_weights_and_nats_in_float32():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = tiny_model()
    finally:
        keras.config.set_dtype_policy(before)
    inputs = lines()
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    read = (inputs[name] for name in ("token_ids", "pair_ids", "mode"))
    assert model.places(*read).dtype == "bfloat16"
    nats = nats_of(model, inputs)
    assert nats.dtype == "float32"
    # bfloat16 has 8 bits: 2^-8 of numbers up to 10, over a few layers
    np.testing.assert_allclose(nats, nats_of(tiny_model(), inputs), atol=0.3)
