"""`nlg calibrate` on a hand-made checkpoint; what is fitted: tests/qa/train."""

import json

import pytest

from nlg.qa.train import measure as measured
from nlg.runtime.checkpoint import open_checkpoint, seal


@pytest.fixture
def reader(tmp_path):
    folder = tmp_path / "reader"
    folder.mkdir()
    (folder / "config.json").write_text('{"task": "qa", "format": 1}')
    (folder / "metrics.json").write_text('{"best_line": {"step": 9}, "dev": {"f1": 0}}')
    seal(folder)
    return folder


def questions(path, *answers):
    rows = (
        {"passage": f"{x}来了。", "question": "谁来？", "answer": x} for x in answers
    )
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text(text, "utf-8")
    return path


def test_what_is_fitted_replaces_what_was_there(run, reader, tmp_path, monkeypatch):
    given = []

    def measure(*arguments):
        given.append(arguments)
        (reader / "ranking.json").write_text("{}")
        return {"dev": {"f1": 0.5}}

    monkeypatch.setattr(measured, "measure", measure)
    dev = questions(tmp_path / "dev.jsonl", "春", "夏")
    more = [questions(tmp_path / f"{x}.jsonl", x) for x in "秋冬"]
    done = run("calibrate", reader, "--dev", dev, "--more", more[0], "--more", more[1])
    assert json.loads(done.stdout) == {"checkpoint": str(reader), "dev": {"f1": 0.5}}
    ((folder, examples, others),) = given
    assert (folder, [x.answer for x in examples]) == (reader, ["春", "夏"])
    assert [x.answer for x in others] == ["秋", "冬"]
    opened = open_checkpoint(reader, "qa")  # sealed again
    assert opened.metrics == {"best_line": {"step": 9}, "dev": {"f1": 0.5}}
    assert "ranking.json" in opened.listed


def test_only_a_reader_is_calibrated(run, reader, tmp_path):
    (reader / "config.json").write_text('{"task": "couplet", "format": 1}')
    seal(reader)
    dev = questions(tmp_path / "dev.jsonl", "春")
    done = run("calibrate", reader, "--dev", dev)
    assert done.exit_code == 1 and "for couplet, not for qa" in done.stderr
