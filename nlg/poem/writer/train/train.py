"""Train the writer: poems in, a run folder out."""

import functools
import pathlib
from typing import NamedTuple

from nlg.backbone.checkpoint import load_backbone
from nlg.backbone.init_from import Shape, init_from
from nlg.poem.vae.poet import Poet
from nlg.poem.writer.conditions import AUTHORS, Conditions
from nlg.poem.writer.train.batches import Batches, Encoded
from nlg.poem.writer.train.evaluate import scores
from nlg.poem.writer.train.model import Writer, build_model
from nlg.poem.writer.train.options import WriterTraining
from nlg.poem.writer.train.prepare import (
    DEV,
    TRAIN,
    load_encoded,
    load_sentiments,
    prepare,
    read_poems,
)
from nlg.runtime.checkpoint import WEIGHTS, digest
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.run import Run
from nlg.training.task import TrainingTask


class Data(NamedTuple):
    """What a run trains and is scored on, by form."""

    conditions: Conditions
    train: dict[str, Encoded]
    dev: dict[str, Encoded]


def writer_task(
    data: pathlib.Path,
    dev: pathlib.Path,
    folder: pathlib.Path,
    options: WriterTraining,
    init: pathlib.Path,
    vae: pathlib.Path,
    sentiments: pathlib.Path | None = None,
) -> TrainingTask[Data, Writer]:
    """Return the training of a writer of poems.

    Args:
        data: what `nlg data poem` wrote.
        dev: the same, kept back.
        folder: the run's.
        options: of the run.
        init: a backbone's folder; its vocabulary, size and weights are taken.
        vae: the checkpoint of the VAE whose latents condition the writer.
        sentiments: JSON lines of poems with their sentiment, 1 to 5.
    """
    poet, opened = Poet.from_checkpoint(vae), load_backbone(init)
    given = {"data": data, "dev": dev, "labels": sentiments}
    notes = {name: path.name for name, path in given.items() if path}
    notes |= {"init": str(init), "vae": digest(poet.checkpoint.path(WEIGHTS))}
    started = (folder / DEV).exists()
    poems = {} if started else read_poems(data, dev, options)
    labels = load_sentiments(sentiments) if sentiments and not started else {}

    def ready(run: Run) -> Data:
        if poems:
            prepare(run, poems, labels, opened.tokenizer, poet, options)
        arrays = (load_encoded(run, name) for name in (TRAIN, DEV))
        return Data(Conditions.load(folder / AUTHORS), *arrays)

    def model(run: Run, data: Data) -> Writer:
        unilm = init_from(
            opened,
            init,
            options.layers,
            dropout=options.dropout,
            condition_size=options.condition_units,
            classes=data.conditions.sizes,
        )
        Shape(unilm.config, opened.tokenizer).save(folder)
        return build_model(unilm, poet.latent_units, options.r_drop)

    return TrainingTask(
        folder=folder,
        options=options,
        notes=notes,
        prepare=ready,
        model=model,
        batches=lambda data: Batches(data.train, opened.tokenizer, options).at,
        evaluate=lambda model, data: functools.partial(scores, model, data.dev),
        export=lambda trained: export_in_subprocess(
            "nlg.poem.writer.train.export", folder, data, options.metric_samples
        ),
        may_change=("metric_samples",),
    )
