import json

import pytest

from nlg.backbone.checkpoint import load_backbone

SETTINGS = {
    "preset": "tiny",
    "row_tokens": 32,
    "batch_tokens": 64,
    "min_count": 1,
    "dev_tokens": 1000,
    "steps": 2,
    "eval_every": 1,
    "save_every": 1,
}


def settings(**changes):
    pairs = (SETTINGS | changes).items()
    return [part for key, value in pairs for part in ("--set", f"{key}={value}")]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "文.txt"
    lines = [f"第{n}篇文章，讲的是春天的第{n * 7}种花。\n\n" for n in range(200)]
    path.write_text("".join(lines), "utf-8")
    return path


def test_pretrain_ends_in_a_backbone_and_starts_again_from_its_config(
    run, text, tmp_path, eager
):
    done = run("pretrain", text, "--out", tmp_path / "run", *settings())
    assert done.exit_code == 0, done.stderr
    line = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1 and line["step"] in (1, 2)
    backbone = load_backbone(tmp_path / "run" / "checkpoint")
    assert backbone.config.layers == 2
    assert backbone.metrics["data"] == ["文.txt"]
    assert "Building prefix dict" not in done.stderr
    config = tmp_path / "run" / "config.json"
    again = run("pretrain", text, "--out", tmp_path / "two", "--config", config)
    other = json.loads(again.stdout)
    assert other["dev_loss"] == pytest.approx(line["dev_loss"], abs=1e-5)


@pytest.mark.parametrize(
    ("changes", "says", "code"),
    [
        ({"preset": "smal"}, "no preset 'smal'", 2),
        ({"stepz": 3}, "did you mean steps?", 2),
        ({"dev_tokens": 1}, "dev_tokens is 1", 2),
    ],
)
def test_wrong_setting_is_one_line(run, text, tmp_path, changes, says, code):
    done = run("pretrain", text, "--out", tmp_path / "run", *settings(**changes))
    assert done.exit_code == code and done.stdout == ""
    assert says in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_file_that_is_no_text_is_one_line(run, tmp_path):
    (tmp_path / "a.txt").write_bytes("春".encode("gbk") * 9)
    done = run("pretrain", tmp_path / "a.txt", "--out", tmp_path / "run", *settings())
    assert done.exit_code == 1 and "a.txt: cannot be read as UTF-8" in done.stderr
    assert done.stderr.count("\n") == 1


def test_backbone_to_go_on_from_must_be_one(run, text, tmp_path):
    asked = ("--out", tmp_path / "run", "--init", tmp_path / "nowhere")
    done = run("pretrain", text, *asked, *settings())
    assert done.exit_code == 1 and "no such checkpoint folder" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()
