import importlib.util
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from nlg.poem.vae.train.model import PoemVAE, VAEConfig
from nlg.text.forms import FORMS

D, Z, V = 8, 4, 20
HERE = pathlib.Path(__file__).parent
CONFIG = VAEConfig(V, units=D, latent_units=Z, encoder_blocks=3, decoder_blocks=3)
CHANCE = 20 * np.log(V)  # nats of 20 characters drawn blindly
ALONG = np.linspace(-1, 1, V * D).reshape(V, D)


def tiny_model(config=CONFIG, seed=0):
    keras.utils.set_random_seed(seed)
    model = PoemVAE(config)
    model.build()
    return model


def page(shape, seed=0):
    return np.random.default_rng(seed).integers(V, size=shape).astype("int32")


def latent(rows, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, Z)).astype("float32")


def nats_of(model, z, page):
    return ops.convert_to_numpy(model.negative_log_likelihood(z, page))


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.name)
def test_each_form_has_its_page_and_every_place_is_a_distribution(form):
    model, rows = tiny_model(), 3
    poems = page((rows, form.lines, form.columns))
    assert {x.shape for x in model(poems).values()} == {(rows,)}
    nats = nats_of(model, latent(rows), poems)
    assert nats.shape == (rows, form.places)
    # All characters at the last place, which no other place sees, share out 1.
    every = np.repeat(poems[:1], V, axis=0)
    every[:, -1, -1] = np.arange(V)
    last = nats_of(model, np.repeat(latent(1), V, axis=0), every)[:, -1]
    assert np.exp(-last).sum() == pytest.approx(1, abs=1e-5)


def test_forms_are_told_apart_by_their_shape_alone():
    model, z = tiny_model(), latent(1)
    first_line = {
        form.name: nats_of(model, z, np.full((1, form.lines, form.columns), 7))[0, :5]
        for form in FORMS.values()
    }
    assert len({tuple(nats.tolist()) for nats in first_line.values()}) == 4


def test_second_model_of_a_process_has_the_names_of_the_first():
    first, second = ([v.path for v in tiny_model().weights] for _ in range(2))
    assert first == second and first[0] == "poem_vae/vocabulary/table"


def test_loss_is_reconstruction_plus_kl():
    model = tiny_model(VAEConfig(V, units=D, latent_units=Z, free_nats=0.0))
    poems = page((6, 4, 5))
    model.compile()
    scores = model.test_on_batch(poems, return_dict=True)
    assert scores["loss"] == pytest.approx(
        scores["reconstruction"] + scores["kl"], rel=1e-5
    )
    assert scores["reconstruction"] == pytest.approx(
        20 * scores["nats_per_character"], rel=1e-5
    )


@pytest.mark.parametrize("t", [0, 6, 18, 19])
def test_character_is_seen_by_the_two_after_it_and_by_none_before(t):
    model, z, poem = tiny_model(), latent(1), page((1, 4, 5))
    other = poem.copy()
    other.reshape(-1)[t] = (poem.reshape(-1)[t] + 1) % V
    changed = np.abs(nats_of(model, z, other) - nats_of(model, z, poem))[0] > 1e-6
    assert np.flatnonzero(changed).tolist() == [x for x in (t, t + 1, t + 2) if x < 20]


def test_context_of_a_place_is_the_last_character_and_the_one_before_it():
    model = tiny_model()
    model.vocabulary.table.assign(ALONG)
    context = ops.convert_to_numpy(model.context(np.array([[3, 5, 8]])))[0]
    three, five, nothing = *np.sqrt(D) * ALONG[[3, 5]], np.zeros(D)
    want = [[nothing, nothing], [three, nothing], [five, three]]
    np.testing.assert_allclose(context, np.reshape(want, (3, 2 * D)), rtol=1e-5)


@pytest.mark.parametrize(("share", "sees"), [(1.0, False), (0.0, True)])
def test_dropped_context_leaves_the_plain_softmax_of_the_post(share, sees):
    config = VAEConfig(V, units=D, latent_units=Z, context_dropout=share)
    model, z, poem = tiny_model(config), latent(1), page((1, 4, 5))
    other = poem.copy()
    other[0, 0, 0] = (poem[0, 0, 0] + 1) % V
    nats = [
        ops.convert_to_numpy(model.negative_log_likelihood(z, x, training=True))[0]
        for x in (poem, other)
    ]
    assert np.allclose(nats[0][1:], nats[1][1:], atol=1e-6) != sees


def test_a_few_steps_of_training_lower_the_loss():
    first, last = losses_of_training(tiny_model())
    assert last < min(first, CHANCE)


def test_model_computes_in_bfloat16_and_keeps_its_weights_and_losses_in_float32():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = tiny_model()
    finally:
        keras.config.set_dtype_policy(before)
    exact, poems, z = tiny_model(), page((2, 4, 5)), latent(2)
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    assert model.decoder(z, poems).dtype == "bfloat16"
    nats = model.negative_log_likelihood(z, poems)
    assert nats.dtype == "float32"
    # bfloat16 has 8 bits: 2^-8 of numbers up to 10, over a few layers
    np.testing.assert_allclose(nats, nats_of(exact, z, poems), atol=0.15)
    first, last = losses_of_training(model)
    assert last < min(first, CHANCE)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_equal_weights_give_equal_outputs_on_every_backend(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    model, poems, z = tiny_model(), page((2, 4, 5)), latent(2)
    given, made = tmp_path / "given.npz", tmp_path / "made.npz"
    weights = {v.path: v.numpy() for v in model.trainable_variables}
    np.savez(given, **weights)
    changes = {
        "KERAS_BACKEND": backend,
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",  # XLA compiles more than it computes
        "PYTHONPATH": str(HERE),
    }
    command = [sys.executable, "-c", ELSEWHERE, given, made]
    subprocess.run(command, env=os.environ | changes, check=True, cwd=HERE.parents[3])
    found = np.load(made)
    mean, log_var = model.encoder(poems)
    np.testing.assert_allclose(found["mean"], mean, atol=1e-4)
    np.testing.assert_allclose(found["log_var"], log_var, atol=1e-4)
    np.testing.assert_allclose(found["nats"], nats_of(model, z, poems), atol=1e-4)
    first, last = found["losses"]
    assert last < min(first, CHANCE)


def losses_of_training(model, steps=12):
    """Return the loss before and after `steps` on one batch of four poems."""
    poems = page((4, 4, 5))
    eager = keras.backend.backend() == "tensorflow"  # to compile takes longer there
    model.compile(optimizer=keras.optimizers.Adam(0.05), run_eagerly=eager)
    losses = []
    for _ in range(steps):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(poems, return_dict=True)["loss"]))
    return losses[0], losses[-1]


# What the other backend runs: this file's own helpers, on the weights it is given.
ELSEWHERE = """
import sys
sys.path.insert(0, "")
sys.modules["tensorflow"] = None  # which Keras would load, to seed it
import keras, numpy as np
from test_model import latent, losses_of_training, nats_of, page, tiny_model
given, made = sys.argv[1:]
model, poems = tiny_model(seed=1), page((2, 4, 5))
weights = np.load(given)
for variable in model.trainable_variables:
    variable.assign(weights[variable.path])
mean, log_var = map(keras.ops.convert_to_numpy, model.encoder(poems))
nats = nats_of(model, latent(2), poems)
np.savez(made, mean=mean, log_var=log_var, nats=nats, losses=losses_of_training(model))
"""
