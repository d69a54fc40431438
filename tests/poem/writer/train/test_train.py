"""The smallest run that can be: forty poems, one layer, four steps."""

import dataclasses
import functools
import itertools
import json
import shutil

import keras
import numpy as np
import pytest
import train_here
from click.testing import CliRunner
from poem.vae.train.test_train import made_up_poems
from poem.writer.writers import small_backbone, small_vocabulary
from same_run import assert_same_run

from nlg.backbone.checkpoint import load_backbone, save_backbone
from nlg.backbone.init_from import Shape, init_from
from nlg.cli.main import main
from nlg.errors import DataError, OptionError
from nlg.layers.weights import weights_by_path
from nlg.poem.dataset import load_poems
from nlg.poem.dataset import write as write_poem_file
from nlg.poem.request import PoemRequest
from nlg.poem.vae.poet import Poet, parse_poem
from nlg.poem.writer.composer import Composer
from nlg.poem.writer.train import export as export_writer
from nlg.poem.writer.train.batches import Encoded, inputs
from nlg.poem.writer.train.evaluate import scores
from nlg.poem.writer.train.model import build_model
from nlg.poem.writer.train.options import WriterTraining
from nlg.poem.writer.train.prepare import DEV, load_encoded, load_sentiments
from nlg.poem.writer.train.train import writer_task
from nlg.runtime import checkpoints_folder
from nlg.text import prosody
from nlg.text.forms import verse
from nlg.training.loop import load_weights
from nlg.training.run import Run
from nlg.training.settings import read_settings
from nlg.training.task import fit_task

SETTINGS = {
    "layers": 1,
    "condition_units": 8,
    "author_poems": 3,
    "dev_poems": 8,
    "batch_tokens": 128,
    "metric_samples": 1,
    "steps": 4,
    "eval_every": 2,
    "save_every": 2,
    "warmup_steps": 1,
    "learning_rate": 0.01,
    "ema": 0.0,
}
OPTIONS = WriterTraining(**SETTINGS)
VAE = checkpoints_folder() / "poem" / "vae"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return the paths of training data, dev data and a backbone of two layers."""
    folder = tmp_path_factory.mktemp("poems")
    data, dev = folder / "poems.jsonl.gz", folder / "poems.dev.jsonl"
    poems = made_up_poems(48)
    write_poem_file(poems[:40], data)
    write_poem_file(poems[40:], dev)
    unilm = small_backbone(layers=2)
    save_backbone(folder / "backbone", unilm, small_vocabulary(), {}, "float32")
    return data, dev, folder / "backbone"


train = functools.partial(train_here.train, "poem")


@pytest.fixture(scope="module")
def trained(files, tmp_path_factory):
    """Return the run folder and what the command printed.

    One graph of four: that is what takes long.
    """
    out = tmp_path_factory.mktemp("run") / "writer"
    with pytest.MonkeyPatch.context() as patch:
        for name in export_writer.GRAPHS.keys() - {"model"}:
            patch.delitem(export_writer.GRAPHS, name)
        return train_here.trained_here(
            "poem", "nlg.poem.writer.train.train", export_writer, files, out, **SETTINGS
        )


def straight(files, folder, options, labels=None):
    """Train without an export, as from a new process."""
    keras.utils.set_random_seed(options.seed)
    data, dev, init = files
    task = writer_task(data, dev, folder, options, init, VAE, labels)
    return fit_task(task).best


# --- the whole way


def test_run_leaves_its_files_and_says_which_look_was_best(trained):
    scores = {"dev_loss", "dev_untold", "dev_latent"}
    files = {"train.safetensors", "dev.safetensors", "authors.txt"}
    train_here.assert_left_behind(trained, [2, 4], scores, files)


def test_checkpoint_writes_what_is_wished(trained):
    composer = Composer.from_checkpoint(trained[0] / "checkpoint")
    poems = list(composer.write(theme="秋思", acrostic="春夏秋冬", count=2))
    assert [poem.form for poem in poems] == ["七绝"] * 2 and poems[0] != poems[1]
    for poem in poems:
        assert prosody.check(poem.lines).violations == ()
        assert "".join(line[0] for line in poem.lines) == "春夏秋冬"


# --- latents of the VAE

NIGHT = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"
STORKS = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"


def like(trained, text, *arguments):
    folder = trained[0] / "checkpoint"
    command = ["poem", "--like", text, "--checkpoint", folder, "--seed", 1]
    return CliRunner().invoke(main, [str(x) for x in [*command, *arguments]])


def test_a_poem_like_another_has_its_form_and_another_latent_writes_another(trained):
    night, storks = (like(trained, text) for text in (NIGHT, STORKS))
    for result in (night, storks):
        assert prosody.check(parse_poem(result.stdout)[1]).form == "五绝", result.output
    assert night.stdout != storks.stdout
    alone = like(trained, STORKS, "--candidates", 1)
    assert alone.stdout == like(trained, STORKS, "--stream").stdout
    longer = like(trained, NIGHT, "--form", "七绝", "--theme", "明月")
    assert prosody.check(parse_poem(longer.stdout)[1]).form == "七绝", longer.output


def test_each_latent_of_a_file_steers_a_poem(trained, tmp_path):
    poet = Poet.from_checkpoint(VAE)
    latents = [poet.encode(parse_poem(text)[1]).tolist() for text in (NIGHT, STORKS)]
    lines = [json.dumps({"form": "五绝", "latent": latent}) for latent in latents]
    file = tmp_path / "path.jsonl"
    file.write_text("\n".join(lines), "utf-8")
    first, second = like(trained, f"@{file}").stdout.split("\n\n")
    assert first == like(trained, NIGHT).stdout.rstrip("\n")
    assert second == like(trained, STORKS).stdout
    refused = like(trained, f"@{file}", "--stream")
    assert refused.exit_code == 2 and "has 2 latents; drop one" in refused.output


def test_what_has_no_latent_is_one_clear_line(trained, tmp_path):
    for text, message in [
        ("明月", "give 4 or 8 lines"),
        (f"@{tmp_path / 'none'}", "cannot be read"),
        ("", "--like is empty"),
    ]:
        result = like(trained, text)
        assert result.exit_code in (1, 2) and message in result.output
        assert result.stdout == "" and "Traceback" not in result.stderr


def test_latents_of_another_model_than_the_writer_knows_are_refused(
    trained, monkeypatch
):
    monkeypatch.setattr("nlg.poem.writer.composer.digest", lambda path: "other")
    result = like(trained, NIGHT)
    assert result.exit_code == 1 and "latents of another model" in result.output


def test_a_run_starts_from_the_settings_of_another(trained):
    settings = read_settings(trained[0] / "config.json")
    assert WriterTraining(**settings) == OPTIONS


# --- what it is


def test_graph_writes_what_keras_writes(trained):
    out = trained[0]
    composer = Composer.from_checkpoint(out / "checkpoint")
    asked = composer.prepare(PoemRequest(form="五绝", theme="明月"))
    given = {
        **asked.conditioned,
        **asked.plan_inputs,
        "words": asked.words,
        "begin": np.linspace(0, 8, 24, dtype="float32"),
        "go_on": np.array(4, "float32"),
        "length": np.array(23, "int32"),
        "noise": np.full((1, 24), 0.5, "float32"),
        "temperature": np.array(0.8, "float32"),
        "top_p": np.array(0.9, "float32"),
    }
    graph = composer.checkpoint.graph("model")(**given)
    unilm = start_of(out)
    write, _ = export_writer.GRAPHS["model"]
    poems, log_probs = export_writer.run(write, unilm, dict(given))
    np.testing.assert_array_equal(graph["poems"], np.array(poems))
    np.testing.assert_allclose(graph["log_probs"], np.array(log_probs), rtol=1e-4)


def start_of(out):
    """Return the best model of a run, its weights in 16 bits."""
    weights, _ = Run(out).load("best.safetensors")
    model = build_model(Shape.load(out).build(), 128)
    load_weights(model, {k: x.astype("float16") for k, x in weights.items()})
    return model


def test_checkpoint_carries_its_metrics_and_settings(trained):
    folder = trained[0] / "checkpoint"
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert set(metrics["samples"]) == {"五绝", "七绝", "五律", "七律"}
    assert all(x["tones_clean"] == 1 for x in metrics["samples"].values())
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["backbone"]["layers"] == 1 and config["latent_units"] == 128


# --- the start


def test_first_blocks_of_the_backbone_are_kept(files):
    opened = load_backbone(files[2])
    started = init_from(opened, files[2], 1, condition_size=8, classes=(4,))
    had, has = weights_by_path(opened.model), weights_by_path(started)
    assert started.config.layers == 1 and opened.config.layers == 2
    shared = had.keys() & has.keys()
    assert {name for name in had.keys() - shared} == {
        name for name in had if "/block_1/" in name
    }
    for name in shared:
        np.testing.assert_array_equal(had[name], has[name])
    # a condition that is told leaves an untrained writer as it was
    tokens = np.array([[2, 9, 10, 3]], "int32")
    whole = init_from(opened, files[2], condition_size=8, classes=(4,))
    told = whole({"token_ids": tokens, "class_ids": np.array([[1]], "int32")})
    np.testing.assert_allclose(told, whole({"token_ids": tokens}), atol=1e-6)


def test_more_layers_than_there_are_is_refused(files, tmp_path):
    done = train(*files, tmp_path / "w", **SETTINGS | {"layers": 3})
    assert done.exit_code == 2
    assert "layers (3) is more than the 2 that" in done.stderr


def test_a_backbone_with_a_condition_is_refused(tmp_path):
    unilm = small_backbone(condition_size=8, classes=(2,))
    save_backbone(tmp_path / "b", unilm, small_vocabulary(), {})
    with pytest.raises(OptionError, match="has a condition of its own"):
        init_from(load_backbone(tmp_path / "b"), tmp_path / "b")


# --- resuming and refusing


def test_a_run_that_was_cut_goes_on_as_if_it_was_not(files, tmp_path, eager):
    one_shape = {"titles": 1.0, "words": 0.0, "decay_share": 0.0}
    held = WriterTraining(**SETTINGS, **one_shape)
    data = tmp_path / "quatrains.jsonl"
    write_poem_file([p for p in load_poems(files[0]) if p.form == "五绝"], data)
    straight((data, *files[1:]), tmp_path / "whole", held)
    half = dataclasses.replace(held, steps=2)
    straight((data, *files[1:]), tmp_path / "cut", half)
    data.unlink()  # read no more: the arrays are in the folder
    straight((data, *files[1:]), tmp_path / "cut", held)
    assert_same_run(tmp_path / "whole", tmp_path / "cut")


def test_another_seed_is_another_run(trained, files):
    done = train(*files, trained[0], "--seed", 2, **SETTINGS)
    assert done.exit_code == 1 and "seed = 1, not 2" in done.stderr


def test_file_without_poems_is_one_clear_line(files, tmp_path):
    empty, (data, dev, init) = tmp_path / "empty.jsonl", files
    empty.write_text("")
    for pair in ((empty, dev), (data, empty)):
        done = train(*pair, init, tmp_path / "w", **SETTINGS)
        assert done.exit_code == 1 and done.stdout == ""
        assert f"{empty}: no poem in it" in done.stderr
    assert not (tmp_path / "w").exists()


def test_sentiments_are_read_by_poem(tmp_path, files):
    path = tmp_path / "labels.jsonl"
    poems = load_poems(files[0])[:2]
    rows = [{"lines": p.lines, "sentiment": n} for n, p in enumerate(poems, 4)]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert load_sentiments(path) == {verse(p.lines): n for n, p in enumerate(poems, 4)}


def test_a_sentiment_may_be_a_label_that_was_found(tmp_path):
    path = tmp_path / "labels.jsonl"
    rows = [
        {"lines": ["春"], "label": "4", "probability": 0.7},
        {"lines": ["秋"], "label": "4", "sentiment": 2},
    ]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert load_sentiments(path) == {"春，": 4, "秋，": 2}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "labels.jsonl:1: no JSON object with lines and a sentiment"),
        ("[1]", "labels.jsonl:1: no JSON object"),
        ('{"lines": ["春"]}', "labels.jsonl:1: no JSON object"),
        ('{"lines": 3, "sentiment": 2}', "labels.jsonl:1: no JSON object"),
        ('{"lines": ["春"], "sentiment": 6}', "the sentiment is no number from 1 to 5"),
        ('{"lines": ["春"], "label": "好"}', "the sentiment is no number from 1 to 5"),
        ('{"lines": ["春"], "label": 2.5}', "the sentiment is no number from 1 to 5"),
    ],
)
def test_a_bad_label_is_named_by_its_line(tmp_path, row, message):
    path = tmp_path / "labels.jsonl"
    path.write_text(row, "utf-8")
    with pytest.raises(DataError, match=message):
        load_sentiments(path)


# --- what it is measured by


def test_look_is_nats_a_character_whatever_the_batches(trained, monkeypatch):
    out = trained[0]
    model = start_of(out)
    model.compile()
    encoded = load_encoded(Run(out), DEV)
    whole = scores(model, encoded)
    monkeypatch.setattr("nlg.poem.writer.train.evaluate.EVAL_BATCH", 1)
    single = scores(model, encoded)
    assert whole == pytest.approx(single, rel=1e-5)
    best = min(line["dev_loss"] for line in Run(out).lines())
    assert whole["dev_loss"] == pytest.approx(best, abs=0.01)


def test_run_may_go_on_longer(trained, files, tmp_path, eager):
    run = Run(shutil.copytree(trained[0], tmp_path / "copy"))
    straight(files, run.folder, WriterTraining(**SETTINGS | {"steps": 6}))
    assert run.lines()[-1]["step"] == 6


def test_defaults_compose(trained):
    composer = Composer.from_checkpoint(trained[0] / "checkpoint")
    assert len(list(composer.write())) == 1


def test_two_dropouts_are_charged_for_what_they_differ_by(trained, monkeypatch):
    batch = a_batch_of(trained[0])
    model = start_of(trained[0])
    agreeing = build_model(model.unilm, model.latent_units, r_drop=0.5)
    P = len(batch["targets"])
    once, again = np.random.default_rng(3).normal(size=(2, P, 9)).astype("float32")
    calls = itertools.cycle([once, again])
    monkeypatch.setattr(agreeing, "_logits", lambda inputs, training: next(calls))
    agreeing({**batch, "targets": batch["targets"] % 9}, training=True)
    p, q = (np.exp(x) / np.exp(x).sum(1, keepdims=True) for x in (once, again))
    targets = np.arange(P), batch["targets"] % 9
    want = -np.mean([np.log(p)[targets], np.log(q)[targets]])
    want += 0.5 * np.mean(np.sum((p - q) * np.log(p / q), axis=1) / 2)
    assert float(sum(agreeing.losses)) == pytest.approx(want, rel=1e-4)
    agreeing({**batch, "targets": batch["targets"] % 9})  # scored: once is enough
    assert float(sum(agreeing.losses)) == pytest.approx(-np.log(p)[targets].mean())


def a_batch_of(out):
    """The inputs of one poem of dev without a title."""
    form, encoded = next(iter(load_encoded(Run(out), DEV).items()))
    one = Encoded(*(array[:1] for array in encoded))
    return inputs(form, [[]], one.poems, one.told, one.latents.astype("float32"))
