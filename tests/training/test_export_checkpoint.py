"""A checkpoint from a run that was made by hand."""

import numpy as np
import pytest

from nlg.errors import CheckpointError, DataError
from nlg.runtime.checkpoint import open_checkpoint
from nlg.training.export_checkpoint import export_checkpoint, finished
from nlg.training.run import Run


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "run 诗"
    path.mkdir()
    return path


def test_the_best_weights_of_a_run_come_with_its_settings(folder):
    run = Run(folder)
    run.lock_config({"steps": 5, "data": "诗.jsonl", "task": "poem"})
    weights = {"model/kernel": np.arange(6.0).reshape(2, 3)}
    run.save("best.safetensors", weights, step=3)
    _, settings, found = finished(folder)
    assert settings == {"steps": 5}
    assert found.keys() == weights.keys()
    np.testing.assert_array_equal(found["model/kernel"], weights["model/kernel"])


def test_a_run_that_has_not_looked_at_dev_has_no_best_weights(folder):
    run = Run(folder)
    run.lock_config({"steps": 5})
    with pytest.raises(DataError, match=r"no best\.safetensors: train until the first"):
        finished(folder)


def test_best_weights_that_are_cut_short_are_named(folder):
    (folder / "best.safetensors").write_bytes(b"\x08")
    with pytest.raises(CheckpointError, match=r"best\.safetensors cannot be read"):
        finished(folder)


@pytest.mark.parametrize(("samples", "times"), [(0, 0), (1, 1), (None, 1)])
def test_a_run_of_no_metric_samples_is_not_measured(folder, samples, times):
    run, out, measured = Run(folder), folder / "checkpoint", []
    run.lock_config(
        {"steps": 5} | ({} if samples is None else {"metric_samples": samples})
    )
    run.save("best.safetensors", {"kernel": np.ones(2)}, step=5)
    run.log({"step": 5, "dev_loss": 1.0})

    def measure():
        measured.append(out)
        return {}

    export_checkpoint(
        run, out, "poem", graphs=lambda folder: None, facts={}, measure=measure
    )
    assert len(measured) == times
    assert open_checkpoint(out, "poem").metrics["best_line"]["step"] == 5


def test_a_checkpoint_says_what_it_is_how_it_was_trained_and_where_it_is_from(folder):
    run, out = Run(folder), folder / "a" / "checkpoint"
    run.lock_config(
        {"steps": 5, "data": "诗.jsonl", "init": "/somewhere/runs/b/checkpoint"}
    )
    run.save("best.safetensors", {"kernel": np.ones(2)}, step=3)
    for step, loss in ((3, 1.0), (5, 2.0)):
        run.log({"step": step, "dev_loss": loss})
    out.mkdir(parents=True)
    (out / "old.onnx").write_text("of an earlier checkpoint")
    opened_whole = []

    def measure():
        opened_whole.append(open_checkpoint(out, "poem"))
        return {"distinct": 0.5}

    export_checkpoint(
        run,
        out,
        "poem",
        graphs=lambda folder: (folder / "model.onnx").write_text("a graph"),
        facts={"units": 8},
        measure=measure,
    )
    checkpoint = open_checkpoint(out, "poem")
    config = checkpoint.config
    assert (config.facts, config.training) == ({"units": 8}, {"steps": 5})
    assert config.source == {"data": "诗.jsonl", "init": ["b/checkpoint"]}
    assert checkpoint.metrics == {
        "distinct": 0.5,
        "best_line": {"step": 3, "dev_loss": 1.0},
    }
    assert len(opened_whole) == 1
    assert {path.name for path in out.iterdir()} == {
        "config.json",
        "metrics.json",
        "model.onnx",
        "sha256",
    }
