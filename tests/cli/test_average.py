"""`nlg average` on hand-made checkpoints; the mean itself: tests/training."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from nlg.qa.train import measure as measured
from nlg.runtime.checkpoint import open_checkpoint, seal


def checkpoint(folder, weight, task="qa"):
    folder.mkdir(parents=True)
    config = {"task": task, "format": 1, "lower_case": True}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "metrics.json").write_text("{}")
    (folder / "ranking.json").write_text('{"vote": 2.0}')
    save_file({"w": np.full(3, weight, "float16")}, folder / "weights.safetensors")
    seal(folder)
    return folder


@pytest.fixture
def both(tmp_path):
    return [checkpoint(tmp_path / name / "c", w) for name, w in (("a", 1), ("b", 2))]


def test_command_writes_the_mean_and_says_of_what(run, both, tmp_path):
    done = run("average", *both, "--out", tmp_path / "mean")
    said = json.loads(done.stdout)
    assert said["checkpoint"] == str(tmp_path / "mean")
    assert [one["folder"] for one in said["mean_of"]] == ["a/c", "b/c"]
    weights = load_file(tmp_path / "mean" / "weights.safetensors")
    assert weights["w"].tolist() == [1.5] * 3


def test_ranking_and_confidence_are_fitted_anew_if_questions_are_given(
    run, both, tmp_path, monkeypatch
):
    row = {"source": "诗", "passage": "春来了。", "question": "谁来？", "answer": "春"}
    text = json.dumps(row, ensure_ascii=False) + "\n"
    (tmp_path / "dev.jsonl").write_text(text, "utf-8")
    given = []

    def measure(out, examples):
        given.append((out, examples))
        (out / "calibration.json").write_text("[]")
        return {"dev": {"f1": 0.5}}

    monkeypatch.setattr(measured, "measure", measure)
    files = ["--dev", tmp_path / "dev.jsonl"]
    out = tmp_path / "mean"
    said = json.loads(run("average", *both, "--out", out, *files).stdout)
    ((folder, examples),) = given
    assert (folder, said["dev"]) == (out, {"f1": 0.5})
    assert [one.answer for one in examples] == ["春"]
    opened = open_checkpoint(out, "qa")  # sealed again, with what was fitted
    assert opened.metrics == {"mean_of": 2, "dev": {"f1": 0.5}}
    assert opened.path("calibration.json").exists()


def test_questions_where_they_are_of_no_use_are_one_clear_line(run, tmp_path):
    folders = [checkpoint(tmp_path / name, 1, "write") for name in "cd"]
    options = ["--out", tmp_path / "mean", "--dev", "cli.py"]
    done = run("average", *folders, *options)
    assert done.exit_code == 2 and "--dev is for readers" in done.stderr
    assert not (tmp_path / "mean").exists()
