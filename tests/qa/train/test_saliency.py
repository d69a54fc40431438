"""Gradients against differences, and the graph against the function it was made of."""

import numpy as np
import pytest
from keras import ops
from qa.readers import VECTORS, numpy, row_to, sources, tiny_reader

from nlg.qa.train.options import QATraining
from nlg.qa.train.saliency import HINTS, row_of, saliency, write_saliency
from nlg.text.vocab import SEP_ID

STEP = 2e-3  # of an embedding, for differences
SIZES = QATraining(
    max_passage=8,
    least_passage=0,
    max_question=4,
    max_answer=4,
    row_tokens=20,
    batch_tokens=20,
)


def asked(seed=0, kinds=False):
    """Return the inputs of one source, (1, S), and an answer that it holds, (1, T)."""
    (source,) = sources(np.random.default_rng(seed), 1, shortest=6)
    inputs = {name: x[None] for name, x in source._asdict().items()}
    inputs |= {"class_ids": np.array([[2]], "int32")} if kinds else {}
    for hint in HINTS:
        inputs[hint][0, 1:4] = 1, 2, 3
    return inputs, np.array([[*source.token_ids[2:4], SEP_ID]], "int32")


def told(model, inputs, answer):
    found = saliency(model, inputs, ops.convert_to_tensor(answer))
    return [None if x is None else numpy(x) for x in found]


def as_trained(inputs, answer):
    """Return the row that training makes of an answer, and where it looks."""
    source, written = inputs["token_ids"], answer[:, :-1]
    S, T = source.shape[1], answer.shape[1]
    blank = np.zeros_like(written)
    return inputs | {
        "token_ids": np.concatenate([source, written], axis=1),
        "segment_ids": np.concatenate([np.zeros_like(source), blank + 1], axis=1),
        **{name: np.concatenate([inputs[name], blank], axis=1) for name in HINTS},
        "sample_ids": np.ones((1, S + T - 1), "int32"),
        "places": np.arange(S - 1, S + T - 1, dtype="int32"),
        "targets": answer[0],
        "weights": np.ones(T, "float32"),
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"copy": False},
        {"overlap": False},
        {"words": False},
        {"convolutions": 0},
        {"answer_types": True},
        {"vectors": VECTORS},
    ],
)
def test_saliency_is_what_a_token_adds_as_input_and_as_a_copy(changes, monkeypatch):
    model = tiny_reader(**changes)
    inputs, answer = asked(kinds=model.config.answer_types)
    row = as_trained(inputs, answer)
    embed, scale = model.unilm._embed, np.ones_like(row["token_ids"], "float32")
    monkeypatch.setattr(model.unilm, "_embed", lambda *a: embed(*a) * scale[..., None])
    around = model.around
    monkeypatch.setattr(model, "around", lambda *inputs: around(*inputs, scale=scale))

    def log_prob(place, change):
        scale[0, place] = 1 + change
        nats = numpy(model(row)).sum()
        scale[0, place] = 1
        return -nats

    S = inputs["token_ids"].shape[1]
    differences = [
        (log_prob(place, STEP) - log_prob(place, -STEP)) / (2 * STEP)
        for place in range(S)
    ]
    monkeypatch.undo()
    got, log_probs, copied = told(model, inputs, answer)
    if copied is not None:  # what is copied is lost too: d log p = d p / p
        differences += (copied[0] / np.exp(log_probs[0])[:, None]).sum(axis=0)
    assert got.shape == (1, S) and got.max() > 0.1
    np.testing.assert_allclose(got[0], np.abs(differences), rtol=0.03, atol=0.03)


def test_the_answer_has_the_probability_that_training_sees():
    model = tiny_reader()
    inputs, answer = asked(1)
    _, log_probs, copied = told(model, inputs, answer)
    want = -numpy(model(as_trained(inputs, answer)))
    np.testing.assert_allclose(log_probs[0], want, rtol=1e-5, atol=1e-5)
    assert np.all(copied.sum(axis=-1) <= np.exp(log_probs) + 1e-6)


def test_a_copy_is_of_places_that_hold_the_token():
    inputs, answer = asked(2)
    _, _, copied = told(tiny_reader(), inputs, answer)
    holds = inputs["token_ids"][0] == answer[0][:, None]
    assert np.all(copied[0][holds] > 0) and not copied[0][~holds].any()


def test_without_a_head_that_copies_nothing_is_copied():
    inputs, answer = asked()
    assert told(tiny_reader(copy=False), inputs, answer)[2] is None


def test_padding_changes_nothing_and_has_no_saliency():
    model = tiny_reader()
    inputs, answer = asked(3)
    short = told(model, inputs, answer)
    S, T = inputs["token_ids"].shape[1], answer.shape[1]
    wide = {name: row_to(x[0], S + 3) for name, x in inputs.items()}
    long = told(model, wide, row_to(answer[0], T + 2))
    for a, b in zip(short, long, strict=True):
        whole = tuple(slice(size) for size in a.shape)
        np.testing.assert_allclose(b[whole], a, rtol=1e-4, atol=1e-4)
        b[whole] = 0
        assert not b.any()


def test_source_and_answer_stand_as_they_do_in_training():
    source = {
        "token_ids": np.array([[2, 10, 11, 3, 12, 3, 0]]),
        "overlap": np.array([[0, 0, 0, 2, 0, 0, 0]]),
    }
    row = row_of(source, np.array([[13, 14, 3, 0]]))
    drawn = {name: "".join(map("{:3}".format, numpy(x)[0])) for name, x in row.items()}
    assert drawn == {
        "token_ids": "  2 10 11  3 12  3  0 13 14  3  0",
        "segment_ids": "  0  0  0  0  0  0  0  1  1  1  1",
        "position_ids": "  0  1  2  3  4  5  6  6  7  8  9",
        "overlap": "  0  0  0  2  0  0  0  0  0  0  0",
    }


def test_a_graph_without_copying_has_no_copies(tmp_path, monkeypatch):
    written = []
    home = "nlg.qa.train.saliency"
    monkeypatch.setattr(f"{home}.export_onnx", lambda *given: written.append(given))
    monkeypatch.setattr(f"{home}.Graph", lambda *given: None)  # none was written
    model = tiny_reader(copy=False, overlap=False, words=False, convolutions=0)
    write_saliency(model, SIZES, tmp_path)
    function, _, signature, outputs, path, _ = written[0]
    inputs, answer = asked()
    found = function(inputs["token_ids"], ops.convert_to_tensor(answer))
    assert list(signature) == ["token_ids", "answer"]
    assert len(found) == len(outputs) == 2 and path.name == "saliency.onnx"
