"""`nlg train TASK` and its export in this process, and what every run leaves behind."""

import contextlib
import json

import pytest
from click.testing import CliRunner

from nlg.cli.main import main
from nlg.training.progress import Progress
from nlg.training.run import Run

LEFT = {
    "config.json",
    "vocab.txt",
    "backbone.json",
    "log.jsonl",
    "loss.png",
    "state.safetensors",
    "best.safetensors",
    "checkpoint",
}


@contextlib.contextmanager
def eagerly():
    """Run the steps of a training one by one: to compile some takes far longer."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


def train(task, data, dev, init, out, *arguments, **settings):
    """Run the command; an export is a process of its own."""
    changes = [f"--set={key}={value}" for key, value in settings.items()]
    files = ["--data", data, "--dev", dev, "--init", init, "--out", out]
    command = ["train", task, *files, *changes, *arguments]
    return CliRunner().invoke(main, [str(word) for word in command])


def trained_here(task, trainer, exporter, files, out, *arguments, **settings):
    """Return the run folder and what the command printed.

    Args:
        task: of `nlg train`.
        trainer: the module that calls `export_in_subprocess`.
        exporter: the module whose `export` it would run.
        files: data, dev and backbone.
        out: the run's folder.
        arguments: of the command besides.
        settings: of the run.
    """

    def export_here(module, folder, *arguments):
        assert module == exporter.__name__
        exporter.export(folder, folder / "checkpoint", *arguments)
        return folder / "checkpoint"

    def save_and_check(progress):
        saved(progress)
        layers = progress.model._flatten_layers()
        # While one is not, Keras traces the model anew at every batch.
        assert not [layer.name for layer in layers if not layer.built]

    saved = Progress.save
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Progress, "save", save_and_check)
        patch.setattr(f"{trainer}.export_in_subprocess", export_here)
        done = train(task, *files, out, *arguments, **settings)
    assert done.exit_code == 0, (done.output, done.exception)
    return out, json.loads(done.stdout)


def assert_left_behind(trained, looks, scores, files):
    """Check the log, what the command said, and the folder.

    Args:
        trained: what `trained_here` returned.
        looks: steps with a look at dev.
        scores: names that a line of the log has.
        files: that a run of this task has beside `LEFT`.
    """
    out, said = trained
    lines = Run(out).lines()
    assert [line["step"] for line in lines] == looks
    best = min(lines, key=lambda line: line["dev_loss"])
    assert said == {"checkpoint": str(out / "checkpoint"), **best}
    assert scores <= best.keys()
    assert {path.name for path in out.iterdir()} == LEFT | files
