"""The smallest run that can be: forty reviews, one layer, four steps."""

import dataclasses
import functools
import json
import shutil

import keras
import numpy as np
import pytest
import train_here
from same_run import assert_same_run
from write.reviews import (
    NAMES,
    made_up_reviews,
    small_backbone,
    small_vocabulary,
    write_reviews,
)

from nlg.backbone.checkpoint import save_backbone
from nlg.backbone.init_from import Shape
from nlg.backbone.unilm import UniLM
from nlg.errors import DataError
from nlg.training.loop import load_weights
from nlg.training.run import Run
from nlg.training.task import fit_task
from nlg.write.reviewer import Reviewer
from nlg.write.train import export as exporting
from nlg.write.train.model import Writer
from nlg.write.train.options import WriteTraining
from nlg.write.train.train import DEV, load_arrays, scores, write_task

SETTINGS = {
    "length": 16,
    "layers": 1,
    "condition_units": 8,
    "dev_texts": 10,
    "batch_tokens": 64,
    "metric_samples": 2,
    "steps": 4,
    "eval_every": 2,
    "save_every": 2,
    "warmup_steps": 1,
    "learning_rate": 0.01,
    "ema": 0.0,
}
OPTIONS = WriteTraining(names=NAMES, **SETTINGS)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return the paths of training data, dev data and a backbone of two layers."""
    folder = tmp_path_factory.mktemp("reviews")
    reviews = made_up_reviews()
    data = write_reviews(reviews, folder / "train.tsv")
    dev = write_reviews(reviews[::4], folder / "dev.tsv")
    unilm = small_backbone(layers=2)
    save_backbone(folder / "backbone", unilm, small_vocabulary(), {}, "float32")
    return data, dev, folder / "backbone"


train = functools.partial(train_here.train, "write")


@pytest.fixture(scope="module")
def trained(files, tmp_path_factory):
    """Return the run folder and what the command printed."""
    out = tmp_path_factory.mktemp("run") / "write"
    return train_here.trained_here(
        "write",
        "nlg.write.train.train",
        exporting,
        files,
        out,
        **SETTINGS,
        names=",".join(NAMES),
    )


def straight(files, folder, options):
    """Train without an export, as from a new process."""
    keras.utils.set_random_seed(options.seed)
    data, dev, init = files
    return fit_task(write_task(data, dev, folder, options, init)).best


def best_of(out):
    """Return the best model of a run, its weights in 16 bits."""
    weights, _ = Run(out).load("best.safetensors")
    unilm = UniLM(Shape.load(out).config)
    unilm.build()
    load_weights(unilm, {k: x.astype("float16") for k, x in weights.items()})
    return unilm


# --- the whole way


def test_run_leaves_its_files_and_says_which_look_was_best(trained):
    scores = {"dev_loss", "dev_untold"}
    files = {"train.safetensors", "dev.safetensors"}
    train_here.assert_left_behind(trained, [2, 4], scores, files)


def test_checkpoint_writes_a_class(trained):
    writer = Reviewer.from_checkpoint(trained[0] / "checkpoint")
    assert writer.classes == ["negative", "positive"]
    texts = [one.text for one in writer.write("positive", "房间", 5)]
    assert all(text.startswith("房间") for text in texts) and len(set(texts)) > 1


def test_graph_writes_what_keras_writes(trained):
    out = trained[0]
    graph = Reviewer.from_checkpoint(out / "checkpoint").checkpoint.graph("model")
    given = {
        "token_ids": np.array([[2, 5, 6]] * 3, "int32"),
        "class_ids": np.array([[0], [1], [2]], "int32"),
        "length": np.array(9, "int32"),
        "noise": np.random.default_rng(0).random((3, 12), "float32"),
        "temperature": np.array(0.8, "float32"),
        "top_p": np.array(0.9, "float32"),
    }
    token_ids, log_probs = exporting.run(best_of(out), dict(given))
    drawn = graph(**given)
    assert drawn["texts"].shape == (3, 9)
    np.testing.assert_array_equal(drawn["texts"], np.array(token_ids))
    np.testing.assert_allclose(drawn["log_probs"], np.array(log_probs), rtol=1e-4)


def test_checkpoint_carries_its_metrics_and_settings(trained):
    folder = trained[0] / "checkpoint"
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert set(metrics["samples"]) == {"negative", "positive"}
    assert all(report["texts"] == 2 for report in metrics["samples"].values())
    assert metrics["best_line"]["step"] in (2, 4)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["backbone"]["layers"] == 1 and config["length"] == 16
    assert config["training"]["names"] == list(NAMES)


# --- what it learns


def test_told_classes_are_learnt(files, tmp_path):
    # Eight texts of one thing: which four may follow is all that a class can tell.
    reviews = made_up_reviews()[::5] * 5
    data = write_reviews(reviews, tmp_path / "a.tsv")
    settings = SETTINGS | {"steps": 100, "eval_every": 100, "save_every": 100}
    options = WriteTraining(names=NAMES, **settings | {"batch_tokens": 256})
    best = straight((data, data, files[2]), tmp_path / "run", options)
    # 8 texts of 10 tokens on average: log(2) nats a text are the class's
    assert best["dev_untold"] - best["dev_loss"] > 0.5 * np.log(2) / 10


def test_look_is_nats_a_token_whatever_the_batches(trained, monkeypatch):
    out = trained[0]
    model = Writer(best_of(out))
    model.build()
    model.compile()
    texts = load_arrays(Run(out), DEV)[0]
    whole = scores(model, texts, 16)
    monkeypatch.setattr("nlg.write.train.train.EVAL_BATCH", 1)
    assert scores(model, texts, 16) == pytest.approx(whole, rel=1e-5)
    best = min(line["dev_loss"] for line in Run(out).lines())
    assert whole["dev_loss"] == pytest.approx(best, abs=0.01)


# --- resuming and refusing


def test_a_run_that_was_cut_goes_on_as_if_it_was_not(files, tmp_path, eager):
    short = [review for review in made_up_reviews() if len(review[0]) < 8]
    data = write_reviews(short, tmp_path / "short.tsv")
    held = dataclasses.replace(OPTIONS, decay_share=0.0)
    straight((data, *files[1:]), tmp_path / "whole", held)
    half = dataclasses.replace(held, steps=2)
    straight((data, *files[1:]), tmp_path / "cut", half)
    data.unlink()  # read no more: the arrays are in the folder
    straight((data, *files[1:]), tmp_path / "cut", held)
    assert_same_run(tmp_path / "whole", tmp_path / "cut")


def test_run_may_go_on_longer(trained, files, tmp_path, eager):
    run = Run(shutil.copytree(trained[0], tmp_path / "copy"))
    straight(files, run.folder, dataclasses.replace(OPTIONS, steps=6))
    assert run.lines()[-1]["step"] == 6


def test_another_name_of_a_class_is_another_run(trained, files):
    done = train(*files, trained[0], **SETTINGS, names="0=bad,1=good")
    assert done.exit_code == 1 and "holds a run with names" in done.stderr


def test_bad_files_and_names_are_one_clear_line(files, tmp_path):
    bad, (data, dev, init) = tmp_path / "bad.tsv", files
    bad.write_text("好\t1\n好\n", "utf-8")
    for pair in ((bad, dev), (data, bad)):
        done = train(*pair, init, tmp_path / "w", **SETTINGS)
        assert done.exit_code == 1 and done.stdout == ""
        assert f"{bad}:2: no label, a text or a whole number" in done.stderr
    assert not (tmp_path / "w").exists()
    done = train(data, dev, init, tmp_path / "n", **SETTINGS, names="2=neutral")
    assert done.exit_code == 2 and "no text has the label 2" in done.stderr


def test_dev_without_a_known_label_is_named(files, tmp_path):
    other = write_reviews([("好", "9")], tmp_path / "other.tsv")
    with pytest.raises(DataError, match=r"other\.tsv: no text with a label of"):
        straight((files[0], other, files[2]), tmp_path / "w", OPTIONS)


def test_a_run_without_its_arrays_is_named(trained, tmp_path):
    run = Run(shutil.copytree(trained[0], tmp_path / "copy"))
    (run.folder / DEV).unlink()
    with pytest.raises(DataError, match="has no dev"):
        load_arrays(run, DEV)
