"""What training charges is what decoding thinks: two ways through the same weights."""

import itertools

import keras
import numpy as np
import pytest
from decode.models import WORDS
from keras import ops
from qa.readers import VECTORS, Modulo, numpy, sources, tiny_reader

from nlg.layers.losses import nats_of
from nlg.qa.config import KINDS, QAConfig
from nlg.qa.inputs import padded
from nlg.qa.train.batches import Batches, Encoded, PackedRow
from nlg.qa.train.model import Answerer
from nlg.qa.train.options import QATraining
from nlg.text.vocab import SEP_ID

OPTIONS = QATraining(
    max_passage=10, least_passage=0, max_question=6, max_answer=6, row_tokens=48,
    batch_tokens=48,
)  # fmt: skip
ANSWERS = [[7, 8, 7], [], [20, 21]]  # of tokens that the sources have, and have not
EVERY_WAY = pytest.mark.parametrize(
    "changes",
    [
        {},
        {"copy": False},
        {"overlap": False},
        {"words": False},
        {"convolutions": 0},
        {"overlap": False, "convolutions": 0},
        {"answer_types": True},
        {"answer_types": True, "styles": True},
        {"vectors": VECTORS, "vector_units": 4},
        {"vectors": VECTORS, "vector_units": 4, "convolutions": 0, "words": False},
    ],
)


def samples():
    rng = np.random.default_rng(3)
    found = []
    for source, answer in zip(sources(rng, 3), ANSWERS, strict=True):
        ids = source.token_ids[1:]
        first, second = np.flatnonzero(ids == SEP_ID)
        found.append((ids[:first], ids[first + 1 : second], answer))
    lengths = [[len(part) for part in sample] for sample in found]
    ids = [token for sample in found for part in sample for token in part]
    zeros = np.zeros(3, "uint8")
    return Encoded(np.array(ids, "uint16"), np.array(lengths), *[zeros] * 3)


BATCHES = Batches(samples(), OPTIONS, Modulo())


def charged(model, *rows):
    """The nats of each prediction of packed rows."""
    batch = BATCHES.batch(rows)
    return numpy(model(batch))[batch["weights"] > 0]


def thought(model, sample, kind=0, style=0):
    """The same from a source read once and tokens written one by one."""
    source, answer = BATCHES.sample(sample)
    arrays = padded([source])
    inputs = {name: arrays[name] for name in model.config.inputs()}
    inputs |= {"class_ids": np.array([[kind, style]], "int32")}
    reading = model.read(inputs)
    log_probs, cache = reading.first, model.empty_cache(reading, 1, len(answer))
    nats = []
    for index, token in enumerate(answer.tolist()):
        nats.append(-numpy(log_probs)[0, token])
        written = np.array([token], "int32")
        log_probs, cache = model.write(written, index, reading, cache, 1, 1)
    return nats


@EVERY_WAY
def test_what_is_charged_is_what_is_thought_when_writing(changes):
    model = tiny_reader(**changes)
    for sample in range(3):
        want = thought(model, sample, kind=2, style=1)
        np.testing.assert_allclose(
            charged(model, PackedRow([sample], 2, 1)), want, atol=1e-4
        )


@EVERY_WAY
def test_packed_samples_are_charged_as_samples_apart(changes):
    model = tiny_reader(**changes)
    packed = charged(model, PackedRow([0, 1], 3), PackedRow([2], 5))
    apart = [charged(model, PackedRow([n], kind)) for n, kind in enumerate((3, 3, 5))]
    np.testing.assert_allclose(packed, np.concatenate(apart), atol=1e-4)


def test_loss_is_the_mean_over_the_predictions_that_count():
    model = tiny_reader()
    batch = BATCHES.batch([PackedRow([0, 1]), PackedRow([2])])
    nats = numpy(model(batch))
    want = (nats * batch["weights"]).sum() / batch["weights"].sum()
    assert float(model.losses[0]) == pytest.approx(want, rel=1e-5)
    assert batch["weights"].sum() == 4 + 1 + 3


def test_a_token_that_is_nowhere_in_the_source_is_not_copied():
    model, sure = tiny_reader(), tiny_reader()
    sure.copying.gate.bias.assign([9.0])
    sure.copying.gate.kernel.assign(0 * sure.copying.gate.kernel)
    model.copying.gate.kernel.assign(0 * model.copying.gate.kernel)
    model.copying.gate.bias.assign([-9.0])
    write, copy = charged(model, PackedRow([2])), charged(sure, PackedRow([2]))
    assert np.all(copy[:2] > write[:2] + 8)  # 20 and 21 must be written
    assert copy[2] < 9  # the end may be copied from the source's [SEP]


def test_every_token_has_a_probability_and_they_add_up_to_one():
    for changes in ({}, {"copy": False}):
        model = tiny_reader(**changes)
        inputs = padded(sources(np.random.default_rng(0), 4))
        first = np.exp(numpy(model.read(inputs).first))
        assert first.shape == (4, WORDS)
        np.testing.assert_allclose(first.sum(-1), 1, rtol=1e-4)


def test_padding_after_a_source_changes_nothing():
    model = tiny_reader()
    found = sources(np.random.default_rng(0), 2, 3, 4)
    alone = padded(found[:1])
    wide = {name: np.pad(x, ((0, 0), (0, 5))) for name, x in alone.items()}
    np.testing.assert_allclose(
        numpy(model.read(wide).first), numpy(model.read(alone).first), atol=1e-4
    )


def test_new_aids_leave_the_backbone_as_it_was():
    unilm = tiny_reader().unilm
    plain = Answerer(unilm, QAConfig(overlap=False, words=False, copy=False))
    aided = Answerer(unilm, QAConfig())
    plain.build()
    aided.build()
    assert not plain.copying and not plain.hints
    for sample in range(3):
        before, after = (
            charged(model, PackedRow([sample])) for model in (plain, aided)
        )
        # The gate is 0.7 % open, so what is improbable becomes a little less so.
        assert np.all(after < before + 0.01)
        np.testing.assert_allclose(np.exp(-after), np.exp(-before), atol=0.01)
    batch = BATCHES.batch([PackedRow([0])])
    picked = ops.reshape(unilm(batch), (48, -1))
    nats = nats_of(unilm.logits(picked), np.roll(batch["token_ids"][0], -1))
    want = numpy(nats)[batch["places"]][batch["weights"] > 0]
    np.testing.assert_allclose(charged(plain, PackedRow([0])), want, atol=1e-4)


def test_vectors_of_words_are_without_effect_at_the_start():
    unilm = tiny_reader().unilm
    plain, told = (Answerer(unilm, QAConfig(vectors=n)) for n in (0, VECTORS))
    plain.build()
    told.build()
    told.meaning.table.assign(np.ones(told.meaning.table.shape))
    shared = {v.path: v for v in told.weights}
    for variable in plain.weights:
        shared[variable.path].assign(variable)
    for sample in range(3):
        np.testing.assert_allclose(
            charged(told, PackedRow([sample])),
            charged(plain, PackedRow([sample])),
            rtol=1e-6,
        )


@pytest.mark.parametrize("name", ["overlap", "words", "copying"])
def test_what_is_switched_off_has_no_weights(name):
    off = tiny_reader(**{"copy" if name == "copying" else name: False})
    paths = {variable.path for variable in off.trainable_variables}
    assert not any(f"/{name}/" in path for path in paths)
    on = {variable.path for variable in tiny_reader().trainable_variables}
    assert any(path.startswith(f"answerer/{name}/") for path in on - paths)


def test_overlap_words_meaning_and_kind_make_a_difference():
    model = tiny_reader(answer_types=True, vectors=VECTORS)
    inputs = padded(sources(np.random.default_rng(0), 2))
    inputs["class_ids"] = np.array([[1], [1]], "int32")
    inputs["overlap"][:, 1] = 1
    first = numpy(model.read(inputs).first)
    for name, value in (
        ("overlap", 3),
        ("words", 0),
        ("meaning", 0),
        ("class_ids", 5),
    ):
        other = {**inputs, name: inputs[name] * value}
        assert np.abs(numpy(model.read(other).first) - first).max() > 1e-2
    assert len(KINDS) == 6


def test_training_lowers_the_loss_of_what_it_sees():
    model = tiny_reader()
    model.compile(optimizer=keras.optimizers.Adam(0.02), run_eagerly=True)
    batch = BATCHES.batch([PackedRow([0, 1]), PackedRow([2])])
    losses = [float(model.train_on_batch(batch)) for _ in range(9)]
    assert losses[-1] < 0.3 * losses[0]


def test_ways_are_a_distribution_whose_target_is_as_probable_as_charged():
    model = tiny_reader()
    batch = model.with_meanings(BATCHES.batch([PackedRow([0, 1]), PackedRow([2])]))
    nats, ways = model._predicted(batch, training=False)
    probs = np.exp(numpy(ways.log_probs()))
    real = batch["weights"] > 0
    np.testing.assert_allclose(probs[real].sum(1), 1, rtol=1e-4)
    T = batch["token_ids"].shape[1]
    for place, p, charge in zip(
        batch["places"][real], probs[real], numpy(nats)[real], strict=True
    ):
        row, target = divmod(place, T)[0], batch["token_ids"].reshape(-1)[place + 1]
        copied = p[WORDS:][batch["token_ids"][row] == target].sum()
        assert p[target] + copied == pytest.approx(np.exp(-charge), rel=1e-3)


@pytest.mark.parametrize("changes", [{}, {"copy": False}])
def test_two_dropouts_are_charged_for_what_they_differ_by(changes, monkeypatch):
    model = tiny_reader(**changes)
    agreeing = Answerer(model.unilm, model.config, r_drop=0.5)
    agreeing.build()
    one, other = tiny_reader(1, **changes), tiny_reader(2, **changes)
    calls = itertools.cycle([one, other])
    monkeypatch.setattr(
        agreeing, "_predicted", lambda batch, training: next(calls)._predicted(batch, 0)
    )
    batch = BATCHES.batch([PackedRow([0, 1]), PackedRow([2])])
    agreeing(batch, training=True)
    made = [x._predicted(x.with_meanings(batch), False) for x in (one, other)]
    real = batch["weights"] > 0
    want = np.mean([numpy(nats)[real].mean() for nats, _ in made])
    log_p, log_q = (numpy(ways.log_probs())[real].astype("float64") for _, ways in made)
    terms = (np.exp(log_p) - np.exp(log_q)) * (log_p - log_q)
    want += 0.5 * (terms.sum(1) / 2).mean()
    assert float(sum(agreeing.losses)) == pytest.approx(want, rel=1e-3)
    agreeing(batch)  # to be scored, once is enough
    want = numpy(made[0][0])[real].mean()
    assert float(sum(agreeing.losses)) == pytest.approx(want, rel=1e-3)
