"""Labelled texts as arrays, and the batches that a classifier is trained on."""

from collections.abc import Sequence

import numpy as np

from nlg.classify.inputs import token_ids
from nlg.classify.train.options import ClassifierTraining
from nlg.text.labelled import Row
from nlg.text.packing import padded
from nlg.text.tokenizer import Tokenizer
from nlg.training.batches import Schedule, length_buckets

TILE = 8  # lengths of batches are multiples


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
