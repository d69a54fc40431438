"""Texts with a label as arrays, and the batches that the writer is trained on.

    房间很干净。<TAB>1      ->      [CLS] 房 间 很 干 净 。      what is read
                                    房 间 很 干 净 。 [SEP]      what is to be written

A text that is too long is cut after its last sentence that fits, which then ends it;
one without such a place is cut where it is full, and has no end. Which texts come
with their class is drawn from the seed and the step alone.

Shapes: N texts, B rows, T tokens of a row.
"""

import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nlg.config import hint
from nlg.errors import OptionError
from nlg.text.labelled import load_labelled
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import CLS_ID, PAD_ID, SEP_ID
from nlg.training.batches import Schedule, length_buckets
from nlg.training.progress_bar import counted
from nlg.write.train.options import WriteTraining, name_of

TILE = 8  # rows are padded to a multiple
SENTENCE_ENDS = frozenset("。！？；!?;~～…")


class Labelled(NamedTuple):
    """A text as it was written, and its label."""

    text: str
    label: str


class Texts(NamedTuple):
    """Texts as arrays."""

    token_ids: np.ndarray  # uint16, of all texts one after another, [SEP] at each end
    starts: np.ndarray  # (N + 1,) int64, where each begins
    class_ids: np.ndarray  # (N,) uint8, from 1


def load_texts(path: pathlib.Path) -> list[Labelled]:
    """Read texts and their labels, see `nlg.text.labelled.load_labelled`."""
    rows = load_labelled(path, counted=counted)
    return [Labelled(row.written.strip(), str(row.label)) for row in rows]


def classes_of(texts: Iterable[Labelled], names: Sequence[str]) -> dict[str, str]:
    """Return the name of every class by its label, in the order of their ids.

    Args:
        texts: of training.
        names: label=name, for the labels that shall have another name.

    Raises:
        OptionError: a name is of no label, or of two.

    Example:
        >>> classes_of([Labelled("好", "1"), Labelled("差", "0")], ["1=positive"])
        {'0': '0', '1': 'positive'}
    """
    labels = sorted({text.label for text in texts})
    named = dict(map(name_of, names))
    for label in named.keys() - set(labels):
        raise OptionError(
            f"names: no text has the label {label}; {hint(label, labels)}"
        )
    classes = {label: named.get(label, label) for label in labels}
    if len(set(classes.values())) < len(labels):
        raise OptionError(f"names: two labels of one name: {', '.join(names)}")
    return classes


def texts_of(
    labelled: Iterable[Labelled],
    classes: Mapping[str, str],
    tokenizer: Tokenizer,
    length: int,
) -> Texts:
    """Return texts as arrays; those with a label that `classes` lack are left out."""
    ids = {label: number for number, label in enumerate(classes, 1)}
    known = [text for text in labelled if text.label in ids]
    rows = [tokens_of(text.text, tokenizer, length) for text in known]
    return Texts(
        np.array([token for row in rows for token in row], "uint16"),
        np.cumsum([0, *map(len, rows)], dtype="int64"),
        np.array([ids[text.label] for text in known], "uint8"),
    )


def tokens_of(text: str, tokenizer: Tokenizer, length: int) -> list[int]:
    """Return at most `length` tokens of a text, [SEP] where it ends.

    Of its second half the last sentence that fits is the end; blanks end one too.
    """
    token_ids, offsets = tokenizer.encode_with_offsets(text)
    if len(token_ids) < length:
        return [*token_ids, SEP_ID]
    for kept in range(length - 1, length // 2, -1):
        end = offsets[kept - 1][1]
        if text[end - 1] in SENTENCE_ENDS or text[end : end + 1].isspace():
            return [*token_ids[:kept], SEP_ID]
    return token_ids[:length]


class Batches:
    """Rows of one length each: a pure function of the seed and the step."""

    def __init__(self, texts: Texts, options: WriteTraining):
        self.texts, self.options = texts, options
        self.rows = buckets(texts, options.length)
        sizes = {edge: max(1, options.batch_tokens // edge) for edge in self.rows}
        counts = {edge: len(rows) for edge, rows in self.rows.items()}
        self.schedule = Schedule(counts, sizes, options.seed)

    def at(self, step: int) -> dict[str, np.ndarray]:
        """Return the inputs of `step`, see `inputs`."""
        edge, places = self.schedule.at(step)
        rng = np.random.default_rng([self.options.seed, step])
        conditioned = rng.random(len(places)) < self.options.tell
        return inputs(self.texts, self.rows[edge][places], edge, conditioned)


def buckets(texts: Texts, length: int) -> dict[int, np.ndarray]:
    """Return the texts whose rows are padded to each number of tokens."""
    edges = range(TILE, length + TILE, TILE)
    return length_buckets(np.diff(texts.starts).tolist(), edges)


def inputs(
    texts: Texts, rows: np.ndarray, length: int, conditioned: np.ndarray | bool = True
) -> dict[str, np.ndarray]:
    """Return the arrays of some texts.

    Args:
        texts: all of them.
        rows: (B,) which.
        length: T.
        conditioned: (B,) bool, which texts come with their class.

    Returns:
        token_ids (B, T) int32: [CLS] and all but the last token of each text.
        targets (B, T) int32: the token after each of these; `PAD_ID` is not charged.
        class_ids (B, 1) int32.
    """
    targets = np.full((len(rows), length), PAD_ID, "int32")
    for place, row in enumerate(rows):
        tokens = texts.token_ids[texts.starts[row] : texts.starts[row + 1]]
        targets[place, : len(tokens)] = tokens
    read = np.c_[np.full(len(rows), CLS_ID, "int32"), targets[:, :-1]]
    class_ids = texts.class_ids[rows] * np.asarray(conditioned)
    return {
        "token_ids": np.where(targets == PAD_ID, PAD_ID, read),
        "targets": targets,
        "class_ids": class_ids[:, None].astype("int32"),
    }
