"""Train the text writer: texts with labels in, a run folder out."""

import functools
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from nlg.backbone.checkpoint import load_backbone
from nlg.backbone.init_from import Shape, init_from
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.metric_means import mean_scores
from nlg.training.run import Run
from nlg.training.task import TrainingTask
from nlg.write.train.batches import (
    Batches,
    Texts,
    buckets,
    inputs,
)
from nlg.write.train.model import Writer, build_model
from nlg.write.train.options import WriteTraining
from nlg.write.train.prepare import DEV, TRAIN, load_arrays, read_texts

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


def scores(model: Writer, texts: Texts, length: int) -> dict[str, float]:
    """Return nats a token, the end among them: with the class and without it."""

    def nats(conditioned: bool) -> float:
        return mean_scores(model, _dev_batches(texts, length, conditioned))["loss"]

    return {"dev_untold": nats(False), "dev_loss": nats(True)}


def _dev_batches(
    texts: Texts, length: int, conditioned: bool
) -> Iterator[tuple[dict[str, np.ndarray], float]]:
    """Yield all `texts` as batches, with the number of tokens charged in each."""
    for edge, rows in buckets(texts, length).items():
        for start in range(0, len(rows), EVAL_BATCH):
            batch = inputs(texts, rows[start : start + EVAL_BATCH], edge, conditioned)
            yield batch, int((batch["targets"] > 0).sum())
