"""The mean of two checkpoints of one dense layer; its graph is a real one."""

import json
import shutil

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from nlg.errors import CheckpointError, OptionError
from nlg.onnx_export.export import export_onnx, save_weights
from nlg.runtime.checkpoint import digest, open_checkpoint, seal
from nlg.training.average import average, mean_of

CONFIG = {"task": "dense", "format": 1, "lower_case": True, "steps": 7}


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """Export a dense layer of 4 units as a checkpoint."""
    folder = tmp_path_factory.mktemp("a") / "checkpoint"
    folder.mkdir()
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)], name="m")
    weights = folder / "weights.safetensors"
    save_weights(model, weights)
    signature = {"x": ((None, 4), "float32")}
    path = folder / "model.onnx"
    export_onnx(lambda x: [model(x)], model, signature, ["y"], path, weights)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "metrics.json").write_text('{"loss": 1.5}')
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n春\n", "utf-8")
    (folder / "ranking.json").write_text('{"vote": 2.0}')
    seal(folder)
    return folder


def altered(first, folder, change=lambda x: x, **files):
    """Copy a checkpoint, its weights changed, and files by their stem."""
    shutil.copytree(first, folder)
    path = folder / "weights.safetensors"
    save_file({name: change(x) for name, x in load_file(path).items()}, path)
    for stem, text in files.items():
        (one,) = folder.glob(f"{stem}.*")
        one.write_text(text, "utf-8")
    seal(folder)
    return folder


@pytest.fixture
def second(first, tmp_path):
    return altered(
        first, tmp_path / "b" / "checkpoint", lambda x: x * 3 + x.dtype.type(1)
    )


def test_mean_of_three_is_the_sum_over_three():
    rng = np.random.default_rng(0)
    every = [{"w": rng.normal(size=(3, 2)).astype("float32")} for _ in range(3)]
    found = mean_of(enumerate(every))
    np.testing.assert_allclose(found["w"], sum(x["w"] for x in every) / 3, rtol=1e-6)


def test_graph_of_the_mean_multiplies_by_the_mean_of_the_weights(
    first, second, tmp_path
):
    checkpoint = average([first, second], tmp_path / "mean")
    x = np.random.default_rng(1).normal(size=(5, 4)).astype("float32")
    weights = [load_file(a / "weights.safetensors") for a in (first, second)]
    names = sorted(weights[0], key=lambda name: -weights[0][name].ndim)
    kernel, bias = (
        sum(w[name].astype("float32") for w in weights) / 2 for name in names
    )
    np.testing.assert_allclose(
        checkpoint.graph("model")(x=x)["y"], x @ kernel + bias, atol=5e-3
    )


def test_config_of_a_mean_names_what_it_is_of(first, second, tmp_path):
    average([first, second], tmp_path / "mean")
    opened = open_checkpoint(tmp_path / "mean", "dense")
    assert opened.config.facts == {"lower_case": True, "steps": 7}
    assert opened.config.source["mean_of"] == [
        {
            "folder": "/".join(folder.parts[-2:]),
            "sha256": digest(folder / "weights.safetensors"),
        }
        for folder in (first, second)
    ]
    assert opened.metrics == {"mean_of": 2}  # how good it is nobody has measured


def test_all_else_is_the_first_one_s(first, tmp_path):
    other = altered(first, tmp_path / "b", ranking='{"vote": 9.0}')
    average([first, other], tmp_path / "mean")
    for name in ("ranking.json", "vocab.txt", "model.onnx"):
        assert (tmp_path / "mean" / name).read_bytes() == (first / name).read_bytes()


def test_what_has_no_mean_is_refused(first, tmp_path):
    words = altered(first, tmp_path / "words", vocab="[PAD]\n[UNK]\n秋\n")
    case = altered(
        first, tmp_path / "case", config=json.dumps(CONFIG | {"lower_case": False})
    )
    task = altered(first, tmp_path / "task", config=json.dumps(CONFIG | {"task": "x"}))
    wide = altered(first, tmp_path / "wide", lambda x: np.concatenate([x, x]))
    int8 = altered(first, tmp_path / "int8", model="… MatMulIntegerToFloat …")
    for folders, problem in (
        ([first, words], r"words and .*checkpoint have another vocab\.txt"),
        ([first, case], "have another lower_case; take models of one"),
        ([first, task], "made for x, not for dense"),
        ([first, wide], "misshapen 2: .*take models of one size"),
        ([int8, first], r"int8/model\.onnx has weights in int8"),
    ):
        with pytest.raises(CheckpointError, match=problem):
            average(folders, tmp_path / "mean")
        assert not (tmp_path / "mean").exists()


def test_vectors_of_words_are_no_weights_to_average():
    one = {"answerer/meaning/table": np.ones(2)}
    other = {"answerer/meaning/table": np.zeros(2)}
    assert mean_of([("a", one), ("b", one)])["answerer/meaning/table"].tolist() == [
        1,
        1,
    ]
    with pytest.raises(CheckpointError, match="b and a have other vectors of words"):
        mean_of([("a", one), ("b", other)])


def test_one_checkpoint_and_a_folder_in_use_are_refused(first, second):
    with pytest.raises(OptionError, match="one checkpoint has no mean"):
        average([first], second / "mean")
    with pytest.raises(OptionError, match="is in use; name a new folder"):
        average([first, second], second)
