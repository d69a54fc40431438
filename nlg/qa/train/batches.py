"""Samples as arrays, dealt into packed rows with the loss on the answers.

    row       [CLS]passage[SEP]question[SEP]answer[SEP] [CLS]passage[SEP]…
    segment     0    0      0     0      0     1    1     0     0     0
    charged                            yes   yes

An answer is written after the source's last [SEP]; where the passage has none, the end
[SEP] comes at once. If answer type and style are a condition, the samples of a row are
of one type and one style, for a row has one condition.

Shapes: N samples, B rows, T tokens, P predictions.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from nlg.errors import DataError
from nlg.qa.config import KINDS, SPECIAL, STYLE_CLASSES
from nlg.qa.data.examples import Example, cut
from nlg.qa.inputs import EncodedSource, as_read, source_of
from nlg.qa.question_type import answer_type
from nlg.qa.train.options import QATraining
from nlg.text.lexicon import Lexicon
from nlg.text.packing import fill_up, pack
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import SEP_ID
from nlg.training.batches import Epochs

PREDICTIONS_MULTIPLE = 64  # P is one of few sizes, so that compiling is rare


class Encoded(NamedTuple):
    """Samples in one line: their passages, questions and answers after one another."""

    token_ids: np.ndarray  # uint16
    lengths: np.ndarray  # (N, 3) int32: tokens of passage, question and answer
    kinds: np.ndarray  # (N,) uint8: number in `KINDS` of what is asked for
    styles: np.ndarray  # (N,) uint8: number in `STYLE_CLASSES`; 0 is none
    sources: np.ndarray  # (N,) uint16: number of the name of where it is from


class PackedRow(NamedTuple):
    """Samples that share a row of a batch."""

    samples: list[int]
    kind: int = 0  # their answer type, a number in `KINDS`; 0 is none
    style: int = 0  # of their answers, a number in `STYLE_CLASSES`; 0 is none


def in_company(
    examples: Sequence[Example], least: int, rng: random.Random
) -> Iterator[Example]:
    """Yield examples, those with a short passage among the passages of others.

    A passage that is one fact teaches a model nothing but to take what it says. So
    passages of other short examples, which do not hold the answer, are put around it in
    any order until there are `least` characters.

    Example:
        >>> spring = Example("", "春来了。", "谁来？", "春", 0)
        >>> made = in_company([spring, Example("", "我去。", "谁去？", "")], 6, random)
        >>> sorted(next(made).passage)
        ['。', '。', '了', '去', '我', '春', '来']
    """
    short = [example for example in examples if len(example.passage) < least]
    for example in examples:
        if len(example.passage) < least:
            yield _accompanied(example, short, least, rng)
        else:
            yield example


def encode(
    examples: Iterable[Example], tokenizer: Tokenizer, options: QATraining
) -> tuple[Encoded, list[str]]:
    """Return samples and the names of their sources; what has no place is left out.

    Raises:
        DataError: nothing is left.
    """
    rng = random.Random(options.seed)
    names: dict[str, int] = {}
    parts, kinds, styles, sources = [], [], [], []
    for example in examples:
        sample = _encoded(example, tokenizer, options, rng)
        if sample is not None:
            parts.append(sample)
            kinds.append(KINDS[answer_type(example.question)])
            styles.append(STYLE_CLASSES.get(example.style, 0))
            sources.append(names.setdefault(example.source, len(names)))
    if not parts:
        raise DataError(
            "no question to train on: each has an empty passage, or an answer of more "
            f"than {options.max_answer} tokens (max_answer)"
        )
    encoded = Encoded(
        np.concatenate([np.array(ids, "uint16") for part in parts for ids in part]),
        np.array([[len(ids) for ids in part] for part in parts], "int32"),
        np.array(kinds, "uint8"),
        np.array(styles, "uint8"),
        np.array(sources, "uint16"),
    )
    return encoded, list(names)


class PackedRows(Epochs[list[PackedRow]]):
    """Packed rows of samples: a pure function of the seed and the step.

    Args:
        encoded: the samples.
        shares: of the samples of each source that an epoch has, drawn anew each time.
        options: of the run.
    """

    def __init__(self, encoded: Encoded, shares: Sequence[float], options: QATraining):
        self.lengths = (encoded.lengths.sum(axis=1) + SPECIAL).tolist()
        self.shares = np.array(shares)[encoded.sources]  # (N,)
        self.kinds, self.styles = encoded.kinds, encoded.styles
        self.options = options
        super().__init__()
        if not self.steps_per_epoch:
            raise DataError("the shares leave no question to train on")

    def filled(self) -> float:
        """Return the share of the places of the first epoch that hold tokens."""
        rows = [row for step in range(self.steps_per_epoch) for row in self.at(step)]
        tokens = sum(self.lengths[sample] for row in rows for sample in row.samples)
        return tokens / (len(rows) * self.options.row_tokens)

    def epoch(self, epoch: int) -> list[list[PackedRow]]:
        """Return all batches of an epoch; rows that fill no batch sit it out."""
        options, count = self.options, len(self.lengths)
        rng = np.random.default_rng([options.seed, epoch])
        kinds, styles = np.zeros(count, int), np.zeros(count, int)
        if options.answer_types:
            kinds = np.where(rng.random(count) >= options.untold_share, self.kinds, 0)
        if options.styles:
            styles = np.where(rng.random(count) >= options.untold_share, self.styles, 0)
        order = rng.permutation(count)
        order = order[rng.random(count)[order] < self.shares[order]]
        rows = []
        classes = np.stack([kinds, styles], axis=1)  # (N, 2)
        for kind, style in np.unique(classes, axis=0).tolist():
            alike = (classes[order] == (kind, style)).all(axis=1)
            packed = pack(order[alike].tolist(), self.lengths, options.row_tokens)
            rows += [PackedRow(samples, kind, style) for samples in packed]
        size = max(1, min(options.batch_tokens // options.row_tokens, len(rows)))
        shuffled = [rows[i] for i in rng.permutation(len(rows))]
        starts = range(0, len(rows) - size + 1, size)
        return [shuffled[start : start + size] for start in starts]


class Batches:
    """Turn rows of samples into the model's input."""

    def __init__(
        self, encoded: Encoded, options: QATraining, lexicon: Lexicon | None = None
    ):
        self.encoded, self.options, self.lexicon = encoded, options, lexicon
        ends = np.cumsum(encoded.lengths.reshape(-1)).reshape(-1, 3)
        self.starts = ends - encoded.lengths  # (N, 3), of each part in token_ids

    def batch(self, rows: Sequence[PackedRow]) -> dict[str, np.ndarray]:
        """Return the arrays of packed `rows`.

        Returns:
            token_ids, segment_ids, sample_ids, position_ids, and the hints of a
                `EncodedSource`: (B, T) int32.
            places (P,) int32: of each prediction in the B * T states.
            targets (P,) int32.
            weights (P,) float32; 0 where P was filled up.
            class_ids (B, 2) int32: see `KINDS` and `STYLE_CLASSES`; a model passes over
                those that it is not told.
        """
        names = {*EncodedSource._fields, "segment_ids", "sample_ids", "position_ids"}
        T = self.options.row_tokens
        arrays = {name: np.zeros((len(rows), T), "int32") for name in names}
        places, targets, weights = [], [], []
        for b, row in enumerate(rows):
            start = 0
            for number, sample in enumerate(row.samples, 1):
                source, answer = self.sample(sample)
                middle = start + len(source.token_ids)
                here = slice(start, middle + len(answer))
                for name, values in source._asdict().items():
                    arrays[name][b, start:middle] = values
                arrays["token_ids"][b, middle : here.stop] = answer
                arrays["segment_ids"][b, middle : here.stop] = 1
                arrays["sample_ids"][b, here] = number
                arrays["position_ids"][b, here] = np.arange(here.stop - start)
                places.append(b * T + np.arange(middle, here.stop) - 1)
                targets.append(answer)
                weights.append(np.full(len(answer), self._weight(len(answer))))
                start = here.stop
        predictions = map(np.concatenate, (places, targets, weights))
        classes = np.array([[row.kind, row.style] for row in rows], "int32")
        return arrays | _filled(*predictions) | {"class_ids": classes}

    def sample(self, number: int):
        """Return the source of a sample, and its answer with the end, (n,) int32."""
        passage, question, answer = (
            self.encoded.token_ids[start : start + length]
            for start, length in zip(
                self.starts[number], self.encoded.lengths[number], strict=True
            )
        )
        source = source_of(passage, question, self.lexicon)
        return source, np.r_[answer, SEP_ID].astype("int32")

    def _weight(self, tokens: int) -> float:
        return 1 / tokens if self.options.by_sample else 1.0


def _accompanied(
    example: Example, others: Sequence[Example], least: int, rng: random.Random
) -> Example:
    """Return `example` with passages of `others` before and after its own."""
    before, after, own = "", "", example.passage
    for other in rng.choices(others, k=least):
        if len(before + own + after) >= least:
            break
        answers = example.answer and example.answer in other.passage
        if answers or other.passage in before + own + after:
            continue
        if rng.random() < 0.5:
            before = other.passage + before
        else:
            after += other.passage
    start = example.start + len(before) if example.start >= 0 else -1
    return example._replace(passage=before + own + after, start=start)


def _encoded(
    example: Example, tokenizer: Tokenizer, options: QATraining, rng: random.Random
) -> tuple[list[int], list[int], list[int]] | None:
    """Return the token ids of passage, question and answer; None if they do not fit."""
    if len(example.answer) > min(options.max_answer, options.max_passage):
        return None
    example = cut(example, options.max_passage, rng)
    question = tokenizer.encode(as_read(example.question[-options.max_question :]))
    passage, offsets = tokenizer.encode_with_offsets(as_read(example.passage))
    end = example.start + len(example.answer)
    inside = [n for n, (a, b) in enumerate(offsets) if example.start <= a and b <= end]
    answer = tokenizer.encode(as_read(example.answer))
    if example.start >= 0 and inside:  # as the passage has it, words cut alike
        answer = passage[inside[0] : inside[-1] + 1]
    if not passage or not question or len(answer) > options.max_answer:
        return None
    return passage[: options.max_passage], question[-options.max_question :], answer


def _filled(
    places: np.ndarray, targets: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Return predictions filled up to a round number."""
    kinds = {"places": "int32", "targets": "int32", "weights": "float32"}
    return {
        name: fill_up(values, PREDICTIONS_MULTIPLE).astype(kind)
        for (name, kind), values in zip(
            kinds.items(), (places, targets, weights), strict=True
        )
    }
