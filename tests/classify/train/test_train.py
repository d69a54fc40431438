"""The smallest run that can be: made-up moods, one layer, a few steps."""

import dataclasses
import functools
import json
import shutil

import keras
import numpy as np
import pytest
import train_here
from classify.moods import NAMES, moods, vocabulary, write_tsv
from same_run import assert_same_run

from nlg.backbone.checkpoint import save_backbone
from nlg.backbone.config import BackboneConfig
from nlg.backbone.init_from import Shape
from nlg.backbone.unilm import UniLM
from nlg.classify.classifier import Classifier
from nlg.classify.train import export
from nlg.classify.train.batches import Batches
from nlg.classify.train.evaluate import Evaluator
from nlg.classify.train.model import build_model
from nlg.classify.train.options import ClassifierTraining
from nlg.classify.train.train import classifier_task, label_priors_of
from nlg.errors import CheckpointError
from nlg.runtime.checkpoint import open_checkpoint
from nlg.text.labelled import Row, load_labelled
from nlg.text.tokenizer import Tokenizer
from nlg.training.loop import load_weights
from nlg.training.run import Run
from nlg.training.task import fit_task

SETTINGS = {
    "max_tokens": 16,
    "layers": 1,
    "batch_tokens": 256,
    "steps": 60,
    "eval_every": 30,
    "save_every": 30,
    "warmup_steps": 1,
    "learning_rate": 0.03,
}
OPTIONS = ClassifierTraining(**SETTINGS)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return the paths of training data, dev data and a backbone of two layers."""
    folder = tmp_path_factory.mktemp("moods")
    data = write_tsv(moods(200, 0), folder / "moods.tsv")
    dev = write_tsv(moods(40, 1), folder / "moods.dev.tsv")
    keras.utils.set_random_seed(0)
    unilm = UniLM(BackboneConfig.preset("tiny", len(vocabulary()), max_positions=32))
    unilm.build()
    save_backbone(folder / "backbone", unilm, vocabulary(), {}, "float32")
    return data, dev, folder / "backbone"


train = functools.partial(train_here.train, "classifier")


@pytest.fixture(scope="module")
def trained(files, tmp_path_factory):
    """Return the run folder and what the command printed."""
    out = tmp_path_factory.mktemp("run") / "moods"
    return train_here.trained_here(
        "classifier", "nlg.classify.train.train", export, files, out, **SETTINGS
    )


def straight(files, folder, options):
    """Train without an export, as from a new process."""
    keras.utils.set_random_seed(options.seed)
    data, dev, init = files
    return fit_task(classifier_task(data, dev, folder, options, init)).best


# --- the whole way


def test_run_leaves_its_files_and_says_which_look_was_best(trained):
    scores = {"dev_accuracy", "dev_macro_f1", "dev_mean_error"}
    files = {"labels.txt"}
    train_here.assert_left_behind(trained, [30, 60], scores, files)


def test_checkpoint_has_learned_what_the_moods_hang_on(trained):
    classifier = Classifier.from_checkpoint(trained[0] / "checkpoint")
    texts, labels = zip(*moods(60, seed=2), strict=True)
    found = [one.label for one in classifier.label_all(texts)]
    assert np.mean([a == b for a, b in zip(found, labels, strict=True)]) >= 0.9


def test_graph_says_what_keras_says(trained):
    out = trained[0]
    tokens = np.array([[2, 5, 15, 3, 0], [2, 9, 10, 16, 3]], "int32")
    graph = open_checkpoint(out / "checkpoint", "classifier").graph("model")
    expected = np.array(best_model(out).probabilities(tokens))
    found = graph(token_ids=tokens)["probabilities"]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def best_model(out):
    """Return the best model of a run, its weights in 16 bits."""
    weights, _ = Run(out).load("best.safetensors")
    unilm = UniLM(Shape.load(out).config)
    unilm.build()
    model = build_model(unilm, [0.0] * len(NAMES))
    load_weights(model, {k: x.astype("float16") for k, x in weights.items()})
    return model


def test_checkpoint_carries_metrics_settings_and_labels(trained, files):
    folder = trained[0] / "checkpoint"
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert metrics["texts"] == 40 and metrics["majority"] == 0.5
    classifier = Classifier.from_checkpoint(folder)
    rows = load_labelled(files[1])
    found = [one.label for one in classifier.label_all([row.text for row in rows])]
    right = [row.label for row in rows]
    hits = sum(a == b for a, b in zip(found, right, strict=True))
    assert metrics["accuracy"] == hits / 40
    assert metrics["confusion"]["1"]["1"] == sum(
        (a, b) == ("1", "1") for a, b in zip(found, right, strict=True)
    )
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert (config["task"], config["max_tokens"]) == ("classifier", 16)
    assert config["backbone"]["application"] == "bidirectional"
    assert config["backbone"]["layers"] == 1


def test_an_altered_checkpoint_is_refused(trained, tmp_path):
    copy = shutil.copytree(trained[0] / "checkpoint", tmp_path / "copy")
    (copy / "labels.txt").write_text("好\n坏\n", "utf-8")
    with pytest.raises(CheckpointError, match=r"labels\.txt is not the file"):
        Classifier.from_checkpoint(copy)


# --- resuming and refusing


def test_a_run_that_was_cut_goes_on_as_if_it_was_not(files, tmp_path, eager):
    one_shape = {"max_tokens": 8, "steps": 4, "eval_every": 2, "save_every": 2}
    held = dataclasses.replace(OPTIONS, decay_share=0.0, **one_shape)
    straight(files, tmp_path / "whole", held)
    straight(files, tmp_path / "cut", dataclasses.replace(held, steps=2))
    straight(files, tmp_path / "cut", held)
    assert_same_run(tmp_path / "whole", tmp_path / "cut")


def test_another_seed_is_another_run(trained, files):
    done = train(*files, trained[0], "--seed", 2, **SETTINGS)
    assert done.exit_code == 1 and "seed = 1, not 2" in done.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"layers": 3}, "layers (3) is more than the 2 that"),
        ({"max_tokens": 64}, "max_tokens (64) is more than the 32 positions that"),
        ({"head_dropout": 1}, "head_dropout is 1.0; it must be between 0 and 0.9"),
    ],
)
def test_settings_that_cannot_be_are_refused(files, tmp_path, settings, said):
    done = train(*files, tmp_path / "run", **SETTINGS | settings)
    assert done.exit_code == 2 and said in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("data", "dev", "said"),
    [
        ("", "春\t5\n", "data.tsv: no text in it"),
        ("春\t5\n雨\n", "春\t5\n", "data.tsv:2: no label"),
        ("春\t5\n", "春\t5\n", "data.tsv: 1 different labels"),
        ("春\t5\n雨\t1\n", "春\t5\n雨\t9\n", "dev.tsv:2: label '9' is not in"),
    ],
)
def test_data_that_cannot_be_learned_from_is_one_clear_line(
    files, tmp_path, data, dev, said
):
    paths = tmp_path / "data.tsv", tmp_path / "dev.tsv"
    for path, text in zip(paths, (data, dev), strict=True):
        path.write_text(text, "utf-8")
    done = train(*paths, files[2], tmp_path / "run", **SETTINGS)
    assert done.exit_code == 1 and done.stdout == ""
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


# --- what it sees and how it is measured


def test_an_epoch_deals_texts_with_their_own_labels(files):
    rows = load_labelled(files[0])
    tokenizer = Tokenizer(vocabulary())
    batches = Batches(rows, NAMES, tokenizer, OPTIONS)
    right = {row.text: row.label for row in rows}
    for step in range(batches.schedule.steps_per_epoch):
        batch = batches.at(step)
        assert batch["token_ids"].shape[1] in (8, 16)
        for ids, label in zip(batch["token_ids"], batch["labels"], strict=True):
            text = tokenizer.decode(ids[ids > 0])
            assert right[text] == NAMES[label]


def test_no_batch_is_longer_than_the_backbone_reads(files):
    odd = dataclasses.replace(OPTIONS, max_tokens=9)
    batches = Batches(load_labelled(files[0]), NAMES, Tokenizer(vocabulary()), odd)
    steps = range(batches.schedule.steps_per_epoch)
    assert {batches.at(n)["token_ids"].shape[1] for n in steps} == {8, 9}


def test_leads_are_the_log_of_how_often_a_label_is():
    rows = [Row(1, "", "", label) for label in "1555"]
    assert label_priors_of(rows, NAMES, 1.0) == pytest.approx(np.log([0.25, 0.75]))
    assert label_priors_of(rows, NAMES, 0.5) == pytest.approx(np.log([0.5, 0.75**0.5]))
    assert label_priors_of(rows, NAMES, 0.0) == [0, 0]


def test_look_is_of_each_text_whatever_the_batches(trained, files):
    model, rows = best_model(trained[0]), load_labelled(files[1])
    model.compile()
    tokenizer = Tokenizer(vocabulary())

    def look(batch_tokens):
        options = dataclasses.replace(OPTIONS, batch_tokens=batch_tokens)
        return Evaluator(model, rows, NAMES, tokenizer, options).scores()

    assert look(16) == pytest.approx(look(4096), rel=1e-5)
    nats = [
        -np.log(np.array(model.probabilities(np.array([ids], "int32"))))[
            0, NAMES.index(row.label)
        ]
        for row in rows
        for ids in [[2, *tokenizer.encode(row.text), 3]]
    ]
    assert look(4096)["dev_loss"] == pytest.approx(np.mean(nats), rel=1e-4)
