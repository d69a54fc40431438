"""Train a classifier: labelled texts in, a run folder out."""

import collections
import math
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np

from nlg.backbone.checkpoint import load_backbone
from nlg.backbone.init_from import Shape, init_from
from nlg.backbone.unilm import UniLM
from nlg.classify.classifier import LABELS, by_length
from nlg.classify.inputs import are_levels, label_names, token_ids
from nlg.classify.train.model import ClassifierNetwork
from nlg.classify.train.options import ClassifierTraining
from nlg.errors import OptionError
from nlg.metrics.labels import label_report
from nlg.text.labelled import Row, load_labelled
from nlg.text.packing import padded, round_up
from nlg.text.tokenizer import Tokenizer
from nlg.training.batches import Schedule, length_buckets
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.progress_bar import counted
from nlg.training.run import Run
from nlg.training.task import TrainingTask

TILE = 8  # lengths of batches are multiples
SHOWN = ("accuracy", "macro_f1", "mean_error")  # in a line of the log


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


def build_model(
    unilm: UniLM,
    label_priors: Sequence[float],
    dropout: float = 0.0,
    r_drop: float = 0.0,
) -> ClassifierNetwork:
    """Return `unilm` with what stands on it."""
    model = ClassifierNetwork(unilm, label_priors, dropout, r_drop)
    model.build()
    return model


def label_priors_of(
    rows: Sequence[Row], names: Sequence[str], balance: float
) -> list[float]:
    """Return `balance` times the log of the share of each label in `rows`."""
    counts = collections.Counter(row.label for row in rows)
    return [balance * math.log(counts[name] / len(rows)) for name in names]


class Texts:
    """Rows as arrays: tokens, and the number of each label."""

    def __init__(
        self,
        rows: Sequence[Row],
        names: Sequence[str],
        tokenizer: Tokenizer,
        most: int,
    ):
        numbers = {name: number for number, name in enumerate(names)}
        self.token_ids = [token_ids(row.text, tokenizer, most) for row in rows]
        self.labels = np.array([numbers[row.label or ""] for row in rows], "int32")

    def batch(self, rows: np.ndarray, length: int) -> dict[str, np.ndarray]:
        """Return the model's inputs of some rows, padded to `length`."""
        tokens = padded([self.token_ids[row] for row in rows], length)
        return {"token_ids": tokens, "labels": self.labels[rows]}


class Batches:
    """Rows of about one length: a pure function of the seed and the step."""

    def __init__(
        self,
        rows: Sequence[Row],
        names: Sequence[str],
        tokenizer: Tokenizer,
        options: ClassifierTraining,
    ):
        self.texts = Texts(rows, names, tokenizer, options.max_tokens)
        lengths = [len(ids) for ids in self.texts.token_ids]
        edges = [*range(TILE, options.max_tokens, TILE), options.max_tokens]
        self.buckets = length_buckets(lengths, edges)
        self.schedule = Schedule(
            {edge: len(rows) for edge, rows in self.buckets.items()},
            {edge: max(1, options.batch_tokens // edge) for edge in edges},
            options.seed,
        )

    def at(self, step: int) -> dict[str, np.ndarray]:
        """Return the inputs of `step`."""
        edge, places = self.schedule.at(step)
        return self.texts.batch(self.buckets[edge][places], edge)


class Evaluator:
    """What a run looks at: all texts that were kept back."""

    def __init__(
        self,
        model: ClassifierNetwork,
        rows: Sequence[Row],
        names: Sequence[str],
        tokenizer: Tokenizer,
        options: ClassifierTraining,
    ):
        self.model, self.names = model, names
        self.texts = Texts(rows, names, tokenizer, options.max_tokens)
        self.options = options

    def scores(self) -> dict[str, float]:
        """Return nats a text, and how many labels are found."""
        logits = np.zeros((len(self.texts.labels), len(self.names)), "float32")
        for rows, scores in self._scored():
            logits[rows] = scores
        labels = self.texts.labels
        levels = are_levels(self.names)
        report = label_report(self.names, labels, logits.argmax(1), levels)
        found = {f"dev_{name}": report[name] for name in SHOWN if name in report}
        return {"dev_loss": _nats(logits + self.model.label_priors, labels), **found}

    def _scored(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield rows and what the model says of each."""
        for rows in by_length(self.texts.token_ids, self.options.batch_tokens):
            longest = len(self.texts.token_ids[rows[-1]])
            length = min(round_up(longest, TILE), self.options.max_tokens)
            yield rows, self.model.predict_on_batch(self.texts.batch(rows, length))


def _nats(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean of -log p of the right labels."""
    shifted = logits - logits.max(1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return float(-log_probs[np.arange(len(labels)), labels].mean())
