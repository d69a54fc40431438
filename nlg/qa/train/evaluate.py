"""Scores on dev while a reader is trained: nats, and the answers of a greedy search."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from keras import ops

from nlg.decode.compile import bucket_of_length, compiled
from nlg.decode.results import line_of
from nlg.metrics.qa import Attempt, squad_report
from nlg.qa.inputs import padded
from nlg.qa.train.batches import Batches, Encoded, PackedRows
from nlg.qa.train.model import Answerer
from nlg.qa.train.options import QATraining
from nlg.qa.train.search import greedy
from nlg.text.lexicon import Lexicon
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import SEP_ID
from nlg.training.metric_means import mean_scores

EVAL_BATCH = 16  # questions that are answered at once


class Evaluator:
    """What a run looks at: the same questions of dev each time."""

    def __init__(
        self,
        model: Answerer,
        encoded: Encoded,
        tokenizer: Tokenizer,
        options: QATraining,
        lexicon: Lexicon | None = None,
    ):
        self.model, self.tokenizer = model, tokenizer
        length = options.max_answer + 1
        self.write = compiled(lambda **inputs: greedy(model, inputs, length), model)
        plain = dataclasses.replace(
            options, by_sample=False, untold_share=0.0, batch_tokens=options.row_tokens
        )
        self.batches = Batches(encoded, plain, lexicon)
        self.rows = PackedRows(
            encoded, [1.0] * (int(encoded.sources.max()) + 1), plain
        ).epoch(0)
        self.classes = np.stack([encoded.kinds, encoded.styles], axis=1)  # (N, 2)

    def scores(self) -> dict[str, float]:
        """Return nats an answer token, and how good the most probable answers are.

        exact match and F1 of characters as `nlg eval qa --metric squad` has them, but
        of greedy answers and without the search's rules.
        """
        batches = map(self.batches.batch, self.rows)
        weighed = ((batch, float(batch["weights"].sum())) for batch in batches)
        loss = mean_scores(self.model, weighed)["loss"]
        report = squad_report(list(self.attempts()))
        return {"dev_loss": loss} | {f"dev_{name}": x for name, x in report.items()}

    def attempts(self) -> Iterator[Attempt]:
        """Yield what the model answers to each question, and what is right."""
        lengths = self.batches.encoded.lengths[:, :2].sum(axis=1)
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), EVAL_BATCH):
            samples = order[start : start + EVAL_BATCH].tolist()
            answers = ops.convert_to_numpy(self.write(**self._inputs(samples)))
            for sample, line in zip(samples, answers.tolist(), strict=False):
                _, target = self.batches.sample(sample)
                said, right = map(self._text, (line, target.tolist()))
                yield Attempt(said, (right,) if right else ())

    def _inputs(self, samples: list[int]) -> dict[str, np.ndarray]:
        """Return the sources of `EVAL_BATCH` samples; the first fill up the last."""
        filled = samples + samples[:1] * (EVAL_BATCH - len(samples))
        arrays = padded([self.batches.sample(sample)[0] for sample in filled])
        width = arrays["token_ids"].shape[1]
        room = ((0, 0), (0, bucket_of_length(width) - width))
        classes = self.classes[filled].astype("int32")
        return {k: np.pad(x, room) for k, x in arrays.items()} | {"class_ids": classes}

    def _text(self, token_ids: list[int]) -> str:
        return self.tokenizer.decode(line_of(token_ids, SEP_ID))
