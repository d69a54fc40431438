"""Label texts with a trained classifier; NumPy and ONNX Runtime, no Keras.

    Labeller.from_checkpoint(folder).label(["服务很好", "再也不来了"])

Shapes: B rows, T tokens, C labels.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from nlg.classify.inputs import token_ids
from nlg.runtime import Checkpoint, open_checkpoint
from nlg.text.packing import padded
from nlg.text.tokenizer import Tokenizer

TASK = "classifier"
LABELS = "labels.txt"  # their names, in the folder of a run or of a checkpoint
BATCH_TOKENS = 2048
MOST_ROWS = 64


@dataclasses.dataclass(frozen=True)
class LabellerConfig:
    """What a classifier's checkpoint says of its model."""

    lower_case: bool
    max_tokens: int  # of a text, [CLS] and [SEP] with it


class Labelled(NamedTuple):
    """What a classifier says of a text."""

    label: str
    probability: float  # of that label
    probabilities: dict[str, float]  # of every label


class Labeller:
    """Says which label a text has."""

    def __init__(self, checkpoint: Checkpoint):
        config = checkpoint.config.facts_as(LabellerConfig)
        self.checkpoint = checkpoint
        self.tokenizer = Tokenizer(checkpoint.vocabulary, config.lower_case)
        self.max_tokens = config.max_tokens
        self.names = checkpoint.path(LABELS).read_text("utf-8").splitlines()

    @classmethod
    def from_checkpoint(cls, folder: pathlib.Path, device: str = "cpu") -> "Labeller":
        """Open the folder that `nlg train classifier` wrote."""
        return cls(open_checkpoint(folder, TASK, device=device))

    def label(
        self,
        texts: Sequence[str],
        shown: Callable[[list[np.ndarray]], Iterable[np.ndarray]] = iter,
    ) -> list[Labelled]:
        """Return what each of `texts` is, in their order.

        Args:
            texts: in simplified characters; what is over `max_tokens` is not read.
            shown: passes the batches on, to show how far it is.
        """
        cut = [token_ids(text, self.tokenizer, self.max_tokens) for text in texts]
        graph = self.checkpoint.graph("model")
        found = np.zeros((len(cut), len(self.names)), "float32")
        for rows in shown(list(by_length(cut, BATCH_TOKENS))):
            tokens = padded([cut[row] for row in rows])
            found[rows] = graph(token_ids=tokens)["probabilities"]
        return [self._labelled(row) for row in found]

    def _labelled(self, probabilities: np.ndarray) -> Labelled:
        """Return a row of probabilities with the names of the labels."""
        named = {
            name: round(float(p), 4)
            for name, p in zip(self.names, probabilities, strict=True)
        }
        best = self.names[int(probabilities.argmax())]
        return Labelled(best, named[best], named)


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
