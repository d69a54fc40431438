"""The same numbers as bert4keras, as transformers, and as BERT written in NumPy."""

import dataclasses
import functools
import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tiny_bert
from keras import ops

from nlg.backbone.checkpoint import load_backbone
from nlg.backbone.import_bert import ImportOptions, import_bert
from nlg.backbone.import_source import find
from nlg.backbone.unilm import UniLM
from nlg.layers.weights import assign, variables_by_path, weights_by_path
from nlg.text.vocab import MASK_ID

HERE = pathlib.Path(__file__).parents[1]
TOLERANCE = 1e-4
FLOAT16 = 0.02  # of scores of about 5
HAVE_TRANSFORMERS = all(map(importlib.util.find_spec, ("transformers", "torch")))


def run_oracle(script, folder):
    """Run another library in a process of its own: it changes the one it runs in."""
    done = subprocess.run(
        [sys.executable, HERE / script, folder],
        env=os.environ | {"PYTHONPATH": str(HERE), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Checkpoints in Google's layout, and what bert4keras makes of them."""
    folder = tmp_path_factory.mktemp("bert4keras")
    config = tiny_bert.config()
    tensors = tiny_bert.google_tensors(config)
    heads = tiny_bert.other_heads(config)
    tiny_bert.write_google(folder / "google", config, tensors | heads)
    albert = tiny_bert.config(embedding_size=16, hidden_act="relu")
    shared = tiny_bert.shared(tiny_bert.google_tensors(albert))
    tiny_bert.write_google(folder / "albert", albert, shared)
    tiny_bert.write_facts(folder / "example", config)
    run_oracle("bert4keras_oracle.py", folder)
    return folder


@pytest.fixture(scope="module")
def imported(folder, tmp_path_factory):
    """Import from `folder`, once for all tests."""
    out = tmp_path_factory.mktemp("imported")
    facts = [folder / "google" / name for name in ("bert_config.json", "vocab.txt")]

    @functools.cache
    def imported(name, dtype="float32"):
        path, source = out / f"{name}-{dtype}", folder / name
        found = find(source) if source.is_dir() else find(source, *facts)
        import_bert(found, path, ImportOptions(dtype=dtype))
        return load_backbone(path)

    return imported


def changed(backbone, **changes):
    """Return the same weights in a model of another application or activation."""
    config = dataclasses.replace(backbone.config, **changes)
    model = UniLM(config)
    model.build()
    assign(variables_by_path(model), weights_by_path(backbone.model), "")
    return backbone._replace(model=model, config=config)


def asked(backbone, classes=None):
    """Return the states and scores of what is not padding, one row a token."""
    token_ids, segment_ids = tiny_bert.inputs(backbone.tokenizer.vocabulary.tokens)
    if backbone.config.application == "lm":
        segment_ids = np.zeros_like(segment_ids)
    inputs = {"token_ids": token_ids, "segment_ids": segment_ids}
    if classes is not None:
        inputs["class_ids"] = np.array(classes, "int32")
    states = backbone.model(inputs)
    scores = backbone.model.logits(states, backbone.model.condition_of(inputs))
    return [tiny_bert.read(ops.convert_to_numpy(x)) for x in (states, scores)]


def answers(path):
    """Return the states and scores that another library found."""
    with np.load(path) as file:
        return [tiny_bert.read(file[key]) for key in ("states", "scores")]


def assert_same(backbone, want, tokens, tolerance=TOLERANCE, classes=None):
    """Compare with `want`, states and scores of `tokens`."""
    states, scores = asked(backbone, classes)
    same = [backbone.tokenizer.vocabulary.ids[token] for token in tokens]
    for got, wanted in zip((states, scores[:, same]), want, strict=True):
        assert np.abs(wanted).max() > 1  # there is something to agree on
        assert np.abs(got - wanted).max() < tolerance


# --- bert4keras

CASES = [
    # bert4keras's model, what is imported, what is changed then
    ("unilm", "google", {}),
    ("unilm_tanh", "google", {"activation": "gelu_tanh"}),
    ("lm", "google", {"application": "lm"}),
    ("bidirectional", "google", {"application": "bidirectional"}),
    ("albert", "albert", {}),
    ("example", "example", {}),  # by tf.keras, in TensorFlow's format
    ("example", "example.weights", {}),  # by Keras 2, in HDF5
    ("example", "whole_model.h5", {}),
    ("conditional_lm", "conditional.weights", {"application": "lm"}),
]


@pytest.mark.parametrize(("name", "files", "changes"), CASES)
def test_states_and_scores_are_those_of_bert4keras(
    folder, imported, name, files, changes
):
    tokens = json.loads((folder / f"{name}.json").read_text("utf-8"))
    backbone = changed(imported(files), **changes)
    # Class 0 of a script is class 1 here, where 0 is "not told".
    classes = [[2], [1]] if backbone.config.classes else None
    want = answers(folder / f"{name}.npz")
    assert_same(backbone, want, tokens, classes=classes)


def test_float16_on_disk_moves_a_score_by_a_thousandth_of_its_size(folder, imported):
    tokens = json.loads((folder / "example.json").read_text("utf-8"))
    want = answers(folder / "example.npz")
    assert_same(imported("example.weights", "float16"), want, tokens, FLOAT16)


def test_simplified_vocabulary_is_that_of_bert4keras(folder, imported):
    tokens = json.loads((folder / "unilm.json").read_text("utf-8"))
    assert imported("google").tokenizer.vocabulary.tokens == tokens
    assert tokens == tiny_bert.SIMPLIFIED


def test_a_mask_that_a_script_left_out_is_never_written(imported):
    _, scores = asked(imported("example.weights"))
    assert (scores[:, MASK_ID] < scores.max(-1) - 1000).all()


# --- BERT in NumPy


@pytest.mark.parametrize(
    ("application", "activation"),
    [("unilm", "gelu"), ("lm", "gelu_new"), ("bidirectional", "relu")],
)
def test_states_and_scores_are_those_of_numpy(tmp_path, application, activation):
    config = tiny_bert.config(hidden_act=activation)
    tensors = tiny_bert.google_tensors(config, seed=7)
    source = tiny_bert.write_hugging_face(tmp_path / "hf", config, tensors)
    options = ImportOptions("full", application, dtype="float32")
    import_bert(find(source), tmp_path / "out", options)
    token_ids, segment_ids = tiny_bert.inputs(tiny_bert.TOKENS)
    mask = tiny_bert.mask_of(application, segment_ids)
    if application == "lm":
        segment_ids = np.zeros_like(segment_ids)
    want = tiny_bert.numpy_bert(config, tensors, token_ids, segment_ids, mask)
    backbone = load_backbone(tmp_path / "out")
    assert_same(backbone, map(tiny_bert.read, want), tiny_bert.TOKENS)


# --- transformers


@pytest.mark.skipif(not HAVE_TRANSFORMERS, reason="pip install transformers torch")
def test_states_and_scores_are_those_of_transformers(tmp_path):
    run_oracle("transformers_oracle.py", tmp_path)
    options = ImportOptions("full", "bidirectional", dtype="float32")
    import_bert(find(tmp_path), tmp_path / "out", options)
    want = answers(tmp_path / "oracle.npz")
    assert_same(load_backbone(tmp_path / "out"), want, tiny_bert.TOKENS)
