"""Scores on dev while a classifier is trained."""

from collections.abc import Iterator, Sequence

import numpy as np

from nlg.classify.classifier import by_length
from nlg.classify.inputs import are_levels
from nlg.classify.train.batches import TILE, Texts
from nlg.classify.train.model import ClassifierNetwork
from nlg.classify.train.options import ClassifierTraining
from nlg.metrics.labels import label_report
from nlg.text.labelled import Row
from nlg.text.packing import round_up
from nlg.text.tokenizer import Tokenizer

SHOWN = ("accuracy", "macro_f1", "mean_error")  # in a line of the log


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
