"""Say which label texts have, with a trained classifier; NumPy and ONNX Runtime.

    Classifier("runs/reviews/checkpoint").label("服务很好").label

Shapes: B rows, T tokens, C labels.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from nlg.classify.inputs import token_ids
from nlg.errors import CheckpointError, OptionError
from nlg.runtime import Source, opened
from nlg.runtime.graph import batched, filled
from nlg.text.normalize import to_simplified
from nlg.text.packing import padded
from nlg.text.tokenizer import Tokenizer

TASK = "classifier"
LABELS = "labels.txt"  # their names, in the folder of a run or of a checkpoint
BATCH_TOKENS = 2048
MOST_ROWS = 64
WIDTH = 16  # tokens of a row are a multiple, so that its neighbours change nothing
TILE = 4  # and so are the rows of a run, see `filled`
NONE_SHIPPED = (
    "no classifier is shipped with this nlg; train one with `nlg train classifier "
    "--data FILE --dev FILE --out RUN` and pass --checkpoint RUN/checkpoint"
)


@dataclasses.dataclass(frozen=True)
class ClassifierConfig:
    """What a classifier's checkpoint says of its model."""

    lower_case: bool
    max_tokens: int  # of a text, [CLS] and [SEP] with it


class Labelled(NamedTuple):
    """What a classifier says of a text."""

    label: str
    probability: float  # of that label
    probabilities: dict[str, float]  # of every label

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by their names."""
        return self._asdict()


class Classifier:
    """Says which label a text has; any number of threads may share one.

    Args:
        checkpoint: the folder that `nlg train classifier` wrote; none is shipped.
        device: "cpu" or "gpu".
    """

    def __init__(self, checkpoint: Source = None, device: str = "cpu"):
        if checkpoint is None:
            raise CheckpointError(NONE_SHIPPED)
        self.checkpoint = opened(checkpoint, TASK, TASK, device)
        config = self.checkpoint.config.facts_as(ClassifierConfig)
        self.tokenizer = Tokenizer(self.checkpoint.vocabulary, config.lower_case)
        self.max_tokens = config.max_tokens
        self.names = self.checkpoint.path(LABELS).read_text("utf-8").splitlines()

    @classmethod
    def from_checkpoint(cls, path: Source = None, device: str = "cpu") -> "Classifier":
        """Return the same as `Classifier(path, device)`."""
        return cls(path, device)

    def label(self, text: str) -> Labelled:
        """Return what `text` is.

        Raises:
            OptionError: it is empty.
        """
        if not text.strip():
            raise OptionError("TEXT is empty")
        return self.label_all([text])[0]

    def label_all(self, texts: Sequence[str]) -> list[Labelled]:
        """Return what each of `texts` is, in their order, whatever the others are.

        Args:
            texts: of any script; what is over `max_tokens` is not read.
        """
        encoded = [
            token_ids(to_simplified(text.strip()), self.tokenizer, self.max_tokens)
            for text in texts
        ]
        graph = self.checkpoint.graph("model")
        found = np.zeros((len(encoded), len(self.names)), "float32")
        for width, rows in self._batches(encoded):
            batch = padded([encoded[row] for row in filled(rows, TILE)], width)
            found[rows] = graph(token_ids=batch)["probabilities"][: len(rows)]
        return [self._labelled(row) for row in found]

    def _batches(
        self, encoded: Sequence[Sequence[int]]
    ) -> Iterator[tuple[int, list[int]]]:
        """Yield the width of each batch, and the numbers of its rows."""
        by_width: dict[int, list[int]] = {}
        for number, row in enumerate(encoded):
            width = min(self.max_tokens, math.ceil(len(row) / WIDTH) * WIDTH)
            by_width.setdefault(width, []).append(number)
        for width, numbers in by_width.items():
            yield from ((width, rows) for rows in batched(numbers, _rows_of(width)))

    def _labelled(self, probabilities: np.ndarray) -> Labelled:
        """Return a row (C,) of probabilities with the names of the labels."""
        named = {
            name: round(float(p), 4)
            for name, p in zip(self.names, probabilities, strict=True)
        }
        best = self.names[int(probabilities.argmax())]
        return Labelled(best, named[best], named)


def _rows_of(width: int) -> int:
    """Return how many rows of a width are a batch: whole tiles."""
    return min(MOST_ROWS, max(TILE, BATCH_TOKENS // width // TILE * TILE))


def by_length(rows: Sequence[Sequence[int]], tokens: int) -> Iterator[np.ndarray]:
    """Yield the numbers of rows in batches of some `tokens`, short rows first."""
    order = np.argsort([len(row) for row in rows], kind="stable")
    start = 0
    while start < len(order):
        end = min(start + MOST_ROWS, len(order))
        while end > start + 1 and len(rows[order[end - 1]]) * (end - start) > tokens:
            end -= 1
        yield order[start:end]
        start = end
