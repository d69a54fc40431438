"""Train the text writer: texts with labels in, a run folder out."""

import dataclasses
import pathlib
from typing import Any

from nlg.backbone.checkpoint import load_backbone
from nlg.backbone.init_from import Shape, init_from
from nlg.errors import DataError
from nlg.text.tokenizer import Tokenizer
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.loop import Means, fit
from nlg.training.options import MAY_CHANGE
from nlg.training.progress_bar import counted
from nlg.training.run import Run
from nlg.write.train.batches import (
    Batches,
    Texts,
    buckets,
    classes_of,
    inputs,
    load_texts,
    texts_of,
)
from nlg.write.train.model import Writer
from nlg.write.train.options import WriteTraining

# in the run's folder; the last is the last to be written
TRAIN, DEV = "train.safetensors", "dev.safetensors"
EVAL_BATCH = 32  # texts that are measured at once


def train_writer(
    data: pathlib.Path,
    dev: pathlib.Path,
    folder: pathlib.Path,
    options: WriteTraining,
    init: pathlib.Path,
) -> dict[str, Any]:
    """Train to `options.steps`, resuming what `folder` holds; return the best line.

    Args:
        data: a text, a tab and a label a line.
        dev: the same, kept back.
        folder: the run's.
        options: of the run.
        init: a backbone's folder; its vocabulary, size and weights are taken.
    """
    opened = load_backbone(init)
    # before the folder is claimed: a run that cannot begin leaves none behind
    started = (folder / DEV).exists()
    arrays = {} if started else read_texts(data, dev, opened.tokenizer, options)
    run = Run(folder)
    notes = {"data": data.name, "dev": dev.name, "init": str(init)}
    defaults = dataclasses.asdict(WriteTraining())
    run.lock_config(
        dataclasses.asdict(options) | notes,
        (*MAY_CHANGE, "metric_samples"),
        defaults,
    )
    for name, (texts, classes) in arrays.items():
        run.save(name, texts._asdict(), classes=classes)
    (texts, classes), (dev_texts, _) = load_arrays(run, TRAIN), load_arrays(run, DEV)
    unilm = init_from(
        opened,
        init,
        options.layers,
        application="lm",
        dropout=options.dropout,
        condition_size=options.condition_units,
        classes=(len(classes),),
    )
    Shape(unilm.config, opened.tokenizer).save(folder)
    model = Writer(unilm)
    model.build()
    evaluator = Evaluator(model, dev_texts, options.length)
    return fit(model, Batches(texts, options).at, evaluator.scores, options, run)


def make_checkpoint(folder: pathlib.Path, options: WriteTraining) -> pathlib.Path:
    """Export the run's best weights to `folder`/checkpoint; return that path."""
    return export_in_subprocess(
        "nlg.write.train.export", folder, options.metric_samples
    )


def read_texts(
    data: pathlib.Path, dev: pathlib.Path, tokenizer: Tokenizer, options: WriteTraining
) -> dict[str, tuple[Texts, list[str]]]:
    """Return texts and classes of both files, by the name of what they become.

    Raises:
        DataError: a file cannot be read, or dev has no class of the training texts.
        OptionError: a class is named that there is not.
    """
    labelled, kept = load_texts(data), load_texts(dev)[: options.dev_texts]
    classes = classes_of(labelled, options.names)
    if not any(text.label in classes for text in kept):
        raise DataError(
            f"{dev}: no text with a label of the training texts, which are "
            f"{', '.join(classes)}"
        )
    found = {}
    for name, texts in ((TRAIN, labelled), (DEV, kept)):
        shown = counted(texts, f"cutting {name}")
        arrays = texts_of(shown, classes, tokenizer, options.length)
        found[name] = arrays, list(classes.values())
    return found


def load_arrays(run: Run, name: str) -> tuple[Texts, list[str]]:
    """Return what a run has saved: texts, and the classes' names in order."""
    saved = run.load(name)
    if saved is None:
        raise DataError(f"{run.folder} has no {name}; take another folder")
    tensors, notes = saved
    return Texts(**tensors), notes["classes"]


class Evaluator:
    """What a run looks at: the same texts of dev each time."""

    def __init__(self, model: Writer, texts: Texts, length: int):
        self.model, self.texts = model, texts
        self.buckets = buckets(texts, length)

    def scores(self) -> dict[str, float]:
        """Return nats a token, the end among them: with the class told, and without."""
        return {"dev_untold": self._nats(False), "dev_loss": self._nats(True)}

    def _nats(self, conditioned: bool) -> float:
        means = Means()
        for edge, rows in self.buckets.items():
            for start in range(0, len(rows), EVAL_BATCH):
                batch = inputs(
                    self.texts, rows[start : start + EVAL_BATCH], edge, conditioned
                )
                self.model.reset_metrics()
                scores = self.model.test_on_batch(batch, return_dict=True)
                count = int((batch["targets"] > 0).sum())
                means.add({"loss": scores["loss"]}, count)
        return means.result()["loss"]
