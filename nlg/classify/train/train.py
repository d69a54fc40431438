"""Train a classifier: labelled texts in, a run folder out."""

import collections
import math
import pathlib
from collections.abc import Sequence

from nlg.backbone.checkpoint import load_backbone
from nlg.backbone.init_from import Shape, init_from
from nlg.classify.classifier import LABELS
from nlg.classify.inputs import label_names
from nlg.classify.train.batches import Batches
from nlg.classify.train.evaluate import Evaluator
from nlg.classify.train.model import ClassifierNetwork, build_model
from nlg.classify.train.options import ClassifierTraining
from nlg.errors import OptionError
from nlg.text.labelled import Row, load_labelled
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.progress_bar import counted
from nlg.training.run import Run
from nlg.training.task import TrainingTask


def classifier_task(
    data: pathlib.Path,
    dev: pathlib.Path,
    folder: pathlib.Path,
    options: ClassifierTraining,
    init: pathlib.Path,
) -> TrainingTask[list[Row], ClassifierNetwork]:
    """Return the training of a classifier.

    Args:
        data: labelled texts, see `nlg.text.labelled`.
        dev: the same, kept back.
        folder: the run's.
        options: of the run.
        init: a backbone's folder; its vocabulary, size and weights are taken.
    """
    opened = load_backbone(init)
    if options.max_tokens > opened.config.max_positions:
        raise OptionError(
            f"max_tokens ({options.max_tokens}) is more than the "
            f"{opened.config.max_positions} positions that {init} knows"
        )
    rows = load_labelled(data, counted=counted)
    names = label_names(rows, data)
    kept_back = load_labelled(dev, names, counted)
    unilm = init_from(
        opened,
        init,
        options.layers,
        dropout=options.dropout,
        application="bidirectional",
    )
    priors = label_priors_of(rows, names, options.balance)

    def prepare(run: Run) -> list[Row]:
        (folder / LABELS).write_text("".join(f"{name}\n" for name in names), "utf-8")
        Shape(unilm.config, opened.tokenizer).save(folder)
        return rows

    return TrainingTask(
        folder=folder,
        options=options,
        notes={"data": data.name, "dev": dev.name, "init": str(init)},
        prepare=prepare,
        model=lambda run, rows: build_model(
            unilm, priors, options.head_dropout, options.r_drop
        ),
        batches=lambda rows: Batches(rows, names, opened.tokenizer, options).at,
        evaluate=lambda model, rows: (
            Evaluator(model, kept_back, names, opened.tokenizer, options).scores
        ),
        export=lambda trained: export_in_subprocess(
            "nlg.classify.train.export", folder, dev
        ),
    )


def label_priors_of(
    rows: Sequence[Row], names: Sequence[str], balance: float
) -> list[float]:
    """Return `balance` times the log of the share of each label in `rows`."""
    counts = collections.Counter(row.label for row in rows)
    return [balance * math.log(counts[name] / len(rows)) for name in names]
