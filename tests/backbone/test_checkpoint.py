"""A backbone's folder comes back as it was saved, or is refused in one line."""

import errno
import json
import os
import shutil

import numpy as np
import pytest
import safetensors.numpy
from keras import ops

from nlg.backbone.checkpoint import load_backbone, save_backbone
from nlg.backbone.config import BackboneConfig
from nlg.backbone.unilm import UniLM
from nlg.errors import CheckpointError, OptionError
from nlg.layers.weights import variables_by_path, weights_by_path
from nlg.runtime.checkpoint import seal
from nlg.text.vocab import SPECIAL, Vocabulary

TOKENS = [*SPECIAL, *"春眠不觉晓处闻啼鸟", "A", "a"]
FILES = {"config.json", "metrics.json", "sha256", "vocab.txt", "weights.safetensors"}
METRICS = {"dev_loss": 2.5, "数据": "诗"}


def new_model(seed=0, **changes):
    changes = {"condition_size": 4, "classes": (3, 2), **changes}
    config = BackboneConfig.preset("tiny", len(TOKENS), max_positions=12, **changes)
    model = UniLM(config)
    model.build()
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(rng.normal(size=variable.shape))
    return model


def save(folder, model=None, **more):
    save_backbone(folder, model or new_model(), Vocabulary(TOKENS), METRICS, **more)
    return folder


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save(tmp_path_factory.mktemp("saved") / "backbone")


@pytest.fixture
def folder(saved, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(saved, tmp_path / "backbone")


# --- there and back


def test_the_folder_holds_what_the_docstring_says(saved):
    assert {path.name for path in saved.iterdir()} == FILES
    config = json.loads((saved / "config.json").read_text("utf-8"))
    assert config["task"] == "backbone"
    assert config["format"] == 1
    assert config["model"]["classes"] == [3, 2]
    assert config["lower_case"] is True


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 0), ("float16", 2e-3)])
def test_weights_come_back_as_precise_as_they_were_saved(tmp_path, dtype, tolerance):
    model = new_model()
    opened = load_backbone(save(tmp_path / "a", model, dtype=dtype))
    before, after = weights_by_path(model), weights_by_path(opened.model)
    assert before.keys() == after.keys()
    for path, tensor in before.items():
        assert after[path].dtype == "float32"
        np.testing.assert_allclose(after[path], tensor, atol=tolerance, err_msg=path)


def test_the_opened_model_computes_the_same(tmp_path):
    model = new_model()
    opened = load_backbone(save(tmp_path / "a", model, dtype="float32"))
    inputs = {"token_ids": np.array([[2, 5, 6, 3]]), "class_ids": np.array([[1, 2]])}
    states = [ops.convert_to_numpy(x(inputs)) for x in (model, opened.model)]
    np.testing.assert_array_equal(*states)


def test_frozen_weights_are_saved_too(tmp_path):
    model = new_model()
    model.embeddings.trainable = False
    opened = load_backbone(save(tmp_path / "a", model, dtype="float32"))
    path = "unilm/embeddings/segments"
    np.testing.assert_array_equal(
        weights_by_path(opened.model)[path], weights_by_path(model)[path]
    )


def test_config_metrics_and_tokenizer_come_back(saved):
    opened = load_backbone(saved)
    assert opened.config == new_model().config
    assert opened.metrics == METRICS
    assert opened.tokenizer.encode("春A") == [5, TOKENS.index("a")]


def test_a_model_that_knows_capitals_keeps_them(tmp_path):
    opened = load_backbone(save(tmp_path / "a", lower_case=False))
    assert opened.tokenizer.encode("春A") == [5, TOKENS.index("A")]


def test_anybody_may_read_the_files(saved):
    assert {path.stat().st_mode & 0o444 for path in saved.iterdir()} == {0o444}


# --- saving over something


def test_an_old_checkpoint_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    folder = save(tmp_path / "a")
    (folder / "model.onnx").write_text("of the old weights")
    seal(folder)
    newer = new_model(seed=1)
    save(folder, newer, dtype="float32")
    assert {path.name for path in folder.iterdir()} == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    table = "unilm/embeddings/token/table"
    np.testing.assert_array_equal(
        weights_by_path(load_backbone(folder).model)[table],
        weights_by_path(newer)[table],
    )


def test_an_empty_folder_and_parents_that_are_not_there_are_fine(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "not" / "there"):
        assert load_backbone(save(folder)).metrics == METRICS


def test_what_is_no_backbone_or_holds_more_is_not_replaced(tmp_path, folder):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "me.jpg").write_text("me")
    (photos / "sha256").write_text("0  me.jpg\n")
    (folder / "notes.txt").write_text("my own")
    poet = shutil.copytree(folder, tmp_path / "poet")
    edit(poet, task="poem-vae")
    for path in (photos, photos / "me.jpg", folder, poet):
        with pytest.raises(CheckpointError, match="exists and is no backbone"):
            save(path)
    assert (photos / "me.jpg").read_text() == "me"
    assert (folder / "notes.txt").read_text() == "my own"


def test_what_a_kill_left_beside_it_is_no_hindrance(tmp_path):
    for name in (".a.part", ".a.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights.safetensors").write_text("half")
    assert load_backbone(save(tmp_path / "a")).metrics == METRICS
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "fails",
    ["pathlib.Path.write_bytes", "pathlib.Path.write_text", "os.fsync", "os.rename"],
)
def test_a_full_disk_leaves_the_old_checkpoint(tmp_path, monkeypatch, fails):
    folder = save(tmp_path / "a")
    with monkeypatch.context() as patched:
        patched.setattr(fails, full_disk)
        with pytest.raises(CheckpointError) as caught:
            save(folder, new_model(seed=1))
    assert f"{folder} cannot be written: " in str(caught.value)
    assert "No space left on device; make room" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert load_backbone(folder).metrics == METRICS


def test_a_rename_that_fails_halfway_puts_the_old_checkpoint_back(
    tmp_path, monkeypatch
):
    folder = save(tmp_path / "a")
    rename = os.rename

    def only_away(source, target):
        if str(source).endswith(".part"):
            full_disk()
        rename(source, target)

    monkeypatch.setattr("os.rename", only_away)
    with pytest.raises(CheckpointError, match="cannot be written"):
        save(folder, new_model(seed=1))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert load_backbone(folder).metrics == METRICS


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e5])
def test_what_float16_cannot_hold_is_refused_by_name(tmp_path, value):
    model = new_model()
    bias = variables_by_path(model)["unilm/head/bias"]
    bias.assign([value, *[0] * (len(TOKENS) - 1)])
    with pytest.raises(CheckpointError, match=r"unilm/head/bias holds .*save float32"):
        save(tmp_path / "a", model)
    assert not (tmp_path / "a").exists()
    if value == 1e5:
        opened = load_backbone(save(tmp_path / "a", model, dtype="float32"))
        assert weights_by_path(opened.model)["unilm/head/bias"][0] == value


def test_another_dtype_is_wrong_usage(tmp_path):
    with pytest.raises(OptionError, match="choose float16, float32"):
        save(tmp_path / "a", dtype="int8")


@pytest.mark.parametrize(
    ("tokens", "says"),
    [
        (TOKENS[:-1], "15 tokens in vocab.txt, but 16 in the model"),
        ([*TOKENS[:2], *TOKENS[5:], *TOKENS[2:5]], "must start with"),
    ],
)
def test_a_vocabulary_of_another_model_is_not_saved(tmp_path, tokens, says):
    with pytest.raises(CheckpointError, match=says):
        save_backbone(tmp_path / "a", new_model(), Vocabulary(tokens), {})
    assert not (tmp_path / "a").exists()


# --- opening what is not right


def refusal(folder):
    with pytest.raises(CheckpointError) as caught:
        load_backbone(folder)
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message
    return message


def edit(folder, **changes):
    """Change config.json and seal it again, as a newer or a foreign nlg might."""
    path = folder / "config.json"
    config = {**json.loads(path.read_text("utf-8")), **changes}
    kept = {key: x for key, x in config.items() if x is not None}
    path.write_text(json.dumps(kept), "utf-8")
    seal(folder)


def model_of(folder, **changes):
    config = json.loads((folder / "config.json").read_text("utf-8"))
    return {**config["model"], **changes}


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert name in refusal(folder)


@pytest.mark.parametrize("name", ["vocab.txt", "weights.safetensors", "config.json"])
def test_a_truncated_file_is_named(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes()[:-9])
    assert f"{path} is not the file it should be" in refusal(folder)


def test_a_file_that_is_no_safetensors_is_not_run(folder):
    pickled = b"\x80\x04cos\nsystem\n." * 9999
    (folder / "weights.safetensors").write_bytes(pickled)
    seal(folder)
    assert "no safetensors file" in refusal(folder)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"task": "poem-vae"}, "was made for poem-vae, not for backbone"),
        ({"format": 2}, "has format 2"),
        ({"heads": 3}, "has unknown keys: heads"),
        ({"lower_case": "yes"}, 'lower_case is "yes", not true or false'),
        ({"lower_case": None}, "lower_case must be true or false"),
        ({"model": None}, "no model in it"),
        ({"model": [1]}, "model is [1], no object"),
    ],
)
def test_a_config_that_is_not_understood_is_refused(folder, changes, says):
    edit(folder, **changes)
    assert says in refusal(folder)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"experts": 8}, "unexpected keyword argument 'experts'; install the nlg"),
        ({"heads": 5}, "must be a multiple of heads"),
        ({"heads": "2"}, 'heads is "2", no size'),
        ({"layers": 2.5}, "layers is 2.5, no size"),
        ({"layers": 129}, "it must be between 1 and 128"),
        ({"layers": 128, "hidden_size": 2**20}, "too few for the"),
        ({"vocab_size": 2**20}, "too few for the"),
        ({"vocab_size": 17}, "16 tokens in vocab.txt, but 17 in the model"),
        ({"layers": 3}, "weights of another model: missing 20: unilm/block_2"),
        ({"layers": 1}, "weights of another model: unused 20: unilm/block_1"),
        ({"hidden_size": 16}, "misshapen"),
    ],
)
def test_a_model_that_the_files_do_not_fit_is_refused(folder, changes, says):
    edit(folder, model=model_of(folder, **changes))
    assert says in refusal(folder)


def test_nan_in_the_weights_is_refused_by_name(folder):
    path = folder / "weights.safetensors"
    tensors = safetensors.numpy.load_file(path)
    tensors["unilm/head/bias"][3] = np.nan
    safetensors.numpy.save_file(tensors, path)
    seal(folder)
    assert "NaN or infinity 1: unilm/head/bias" in refusal(folder)


@pytest.mark.parametrize(
    "text", ["", "[PAD]\n[PAD]\n", "春\n" * 16, "\n".join(reversed(TOKENS))]
)
def test_a_vocabulary_that_is_none_is_refused(folder, text):
    (folder / "vocab.txt").write_text(text, "utf-8")
    seal(folder)
    assert "vocab.txt" in refusal(folder)


def test_a_vocabulary_of_other_bytes_is_refused(folder):
    (folder / "vocab.txt").write_bytes(b"\xff\xfe")
    seal(folder)
    assert "vocab.txt" in refusal(folder)
