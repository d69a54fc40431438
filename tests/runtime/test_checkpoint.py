import hashlib
import json
import threading
import time

import pytest

from nlg.errors import CheckpointError
from nlg.runtime import checkpoint, checkpoints_folder, open_checkpoint, opened
from nlg.runtime.checkpoint import of_run, seal
from nlg.runtime.config import CheckpointConfig

CONFIG = {"task": "poem-vae", "format": 1, "slots": 3}


@pytest.fixture
def folder(tmp_path):
    """A sealed checkpoint; its graph is none, which nobody asks for."""
    made = tmp_path / "vae"
    made.mkdir()
    (made / "config.json").write_text(json.dumps(CONFIG), "utf-8")
    (made / "metrics.json").write_text('{"kl": 30.5}', "utf-8")
    (made / "vocab.txt").write_text("[PAD]\n[UNK]\n春\n", "utf-8")
    (made / "model.onnx").write_bytes(b"no graph")
    seal(made)
    return made


def reseal(folder, **config):
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    seal(folder)


def test_a_sealed_folder_opens(folder):
    opened = open_checkpoint(folder, "poem-vae")
    assert opened.config == CheckpointConfig("poem-vae", 1, {"slots": 3})
    assert opened.config.as_dict() == CONFIG | {"nlg": ""}
    assert opened.metrics == {"kl": 30.5}
    assert opened.vocabulary.encode("春秋") == [2, 1]


def test_what_a_class_is_given_is_a_folder_an_open_checkpoint_or_none(
    folder, monkeypatch
):
    monkeypatch.setattr("nlg.runtime.checkpoints_folder", lambda: folder.parent)
    for source in (folder, str(folder), None):
        found = opened(source, "poem-vae", "vae", threads=1)
        assert (found.folder, found.threads) == (folder, 1)
        assert opened(found, "poem-vae", "vae") is found
    with pytest.raises(CheckpointError, match="was made for poem-vae, not for qa"):
        opened(None, "qa", "vae")


def test_the_folder_of_a_run_leads_to_its_checkpoint(folder, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text('{"steps": 9}', "utf-8")  # a run's settings
    folder.rename(run / "checkpoint")
    assert opened(run, "poem-vae", "vae").folder == run / "checkpoint"
    assert of_run(run) == of_run(run / "checkpoint") == run / "checkpoint"


def test_a_run_without_a_checkpoint_is_refused_by_its_own_name(tmp_path):
    (tmp_path / "checkpoint").mkdir()  # killed while it was made
    with pytest.raises(CheckpointError, match=f"{tmp_path}: no list of files"):
        open_checkpoint(tmp_path, "poem-vae")


def test_threads_that_ask_for_a_graph_at_once_load_it_once(folder, monkeypatch):
    loads = []

    def slowly(*arguments):
        loads.append(arguments)
        time.sleep(0.02)
        return object()

    monkeypatch.setattr(checkpoint, "Graph", slowly)
    opened, found = open_checkpoint(folder, "poem-vae"), []
    threads = [
        threading.Thread(target=lambda: found.append(opened.graph("model")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert len(found) == 4 and len(set(found)) == 1


def test_the_list_is_what_sha256sum_writes(folder):
    expected = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}"
        for name in ("config.json", "metrics.json", "model.onnx", "vocab.txt")
    ]
    assert (folder / "sha256").read_text().splitlines() == expected


def test_sealing_again_changes_nothing(folder):
    before = (folder / "sha256").read_bytes()
    (folder / "sha256.part").write_text("left by a kill")
    (folder / "__pycache__").mkdir()
    seal(folder)
    assert (folder / "sha256").read_bytes() == before


def refusal(folder):
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(folder, "poem-vae")
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message
    return message


def test_a_missing_folder_is_named(tmp_path):
    assert "no such checkpoint folder" in refusal(tmp_path / "nowhere")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    assert "no such checkpoint folder" in refusal(tmp_path / "file")


def test_an_empty_folder_says_what_to_do(tmp_path):
    message = refusal(tmp_path)
    assert "sha256" in message
    assert "copy it again or train it again" in message


def test_a_folder_without_its_list_is_half_written(folder):
    (folder / "sha256").unlink()
    assert "half-written" in refusal(folder)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"\n\n", b"garbage"])
def test_a_broken_list_is_refused(folder, content):
    (folder / "sha256").write_bytes(content)
    assert "copy it again" in refusal(folder)


@pytest.mark.parametrize("name", ["model.onnx", "vocab.txt", "config.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert f"{folder / name} is missing; copy the folder again" in refusal(folder)


@pytest.mark.parametrize("name", ["model.onnx", "vocab.txt", "metrics.json"])
@pytest.mark.parametrize("spoil", [lambda x: x[:-1], lambda x: b"\0" + x[1:]])
def test_a_truncated_or_altered_file_is_named(folder, name, spoil):
    path = folder / name
    path.write_bytes(spoil(path.read_bytes()))
    message = refusal(folder)
    assert str(path) in message
    assert "copy the folder again" in message


def test_a_list_cut_short_guards_the_files_it_lost(folder):
    first = (folder / "sha256").read_text().splitlines(keepends=True)[0]
    (folder / "sha256").write_text(first)
    opened = open_checkpoint(folder, "poem-vae")
    for ask in (
        lambda: opened.vocabulary,
        lambda: opened.metrics,
        lambda: opened.graph("model"),
    ):
        with pytest.raises(CheckpointError, match=r"does not list .*copy the folder"):
            ask()


def test_another_task_is_named_with_the_wanted_one(folder):
    reseal(folder, task="couplet", format=1)
    message = refusal(folder)
    assert "was made for couplet, not for poem-vae" in message
    assert "--checkpoint" in message


def test_another_format_says_which_nlg_reads_it(folder):
    reseal(folder, task="poem-vae", format=2)
    message = refusal(folder)
    assert "has format 2, this nlg reads format 1" in message
    assert "install the nlg that made it" in message


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"task": "poem-vae"}'])
def test_a_config_of_no_use_is_refused(folder, text):
    (folder / "config.json").write_text(text, "utf-8")
    seal(folder)
    assert "config.json cannot be used" in refusal(folder)


def test_a_file_that_is_no_graph_is_named_when_it_is_asked_for(folder):
    opened = open_checkpoint(folder, "poem-vae")
    with pytest.raises(CheckpointError, match=r"model\.onnx: not a graph that runs"):
        opened.graph("model")


def test_a_graph_that_is_not_there_is_named(folder):
    opened = open_checkpoint(folder, "poem-vae")
    with pytest.raises(CheckpointError, match=r"encoder\.onnx"):
        opened.graph("encoder")


def test_the_shipped_folder_is_beside_or_inside_the_package():
    assert checkpoints_folder().name == "checkpoints"
    assert checkpoints_folder().parent.name != "runtime"
