"""Train the text writer: texts with labels in, a run folder out."""

import functools
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from nlg.backbone.checkpoint import load_backbone
from nlg.backbone.init_from import Shape, init_from
from nlg.backbone.unilm import UniLM
from nlg.errors import DataError
from nlg.text.tokenizer import Tokenizer
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.metric_means import mean_scores
from nlg.training.progress_bar import counted
from nlg.training.run import Run
from nlg.training.task import TrainingTask
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


class Data(NamedTuple):
    """What a run trains and is scored on."""

    train: Texts
    dev: Texts
    classes: list[str]  # their names, in the order of their ids


def write_task(
    data: pathlib.Path,
    dev: pathlib.Path,
    folder: pathlib.Path,
    options: WriteTraining,
    init: pathlib.Path,
) -> TrainingTask[Data, Writer]:
    """Return the training of a writer of text of a class.

    Args:
        data: a text, a tab and a label a line.
        dev: the same, kept back.
        folder: the run's.
        options: of the run.
        init: a backbone's folder; its vocabulary, size and weights are taken.
    """
    opened = load_backbone(init)
    started = (folder / DEV).exists()
    arrays = {} if started else read_texts(data, dev, opened.tokenizer, options)

    def prepare(run: Run) -> Data:
        for name, (texts, classes) in arrays.items():
            run.save(name, texts._asdict(), classes=classes)
        (texts, classes), (dev_texts, _) = (load_arrays(run, x) for x in (TRAIN, DEV))
        return Data(texts, dev_texts, classes)

    def model(run: Run, data: Data) -> Writer:
        unilm = init_from(
            opened,
            init,
            options.layers,
            application="lm",
            dropout=options.dropout,
            condition_size=options.condition_units,
            classes=(len(data.classes),),
        )
        Shape(unilm.config, opened.tokenizer).save(folder)
        return build_model(unilm)

    return TrainingTask(
        folder=folder,
        options=options,
        notes={"data": data.name, "dev": dev.name, "init": str(init)},
        prepare=prepare,
        model=model,
        batches=lambda data: Batches(data.train, options).at,
        evaluate=lambda model, data: functools.partial(
            scores, model, data.dev, options.length
        ),
        export=lambda trained: export_in_subprocess(
            "nlg.write.train.export", folder, options.metric_samples
        ),
        may_change=("metric_samples",),
    )


def build_model(unilm: UniLM) -> Writer:
    """Return `unilm` with a loss."""
    model = Writer(unilm)
    model.build()
    return model


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


def scores(model: Writer, texts: Texts, length: int) -> dict[str, float]:
    """Return nats a token, the end among them: with the class told, and without."""

    def nats(told: bool) -> float:
        return mean_scores(model, _dev_batches(texts, length, told))["loss"]

    return {"dev_untold": nats(False), "dev_loss": nats(True)}


def _dev_batches(
    texts: Texts, length: int, told: bool
) -> Iterator[tuple[dict[str, np.ndarray], float]]:
    """Yield all `texts` as batches, with the number of tokens charged in each."""
    for edge, rows in buckets(texts, length).items():
        for start in range(0, len(rows), EVAL_BATCH):
            batch = inputs(texts, rows[start : start + EVAL_BATCH], edge, told)
            yield batch, int((batch["targets"] > 0).sum())
