"""The couplets of a run, and the characters and pairs that its model knows."""

import pathlib
import shutil
from collections.abc import Sequence

from nlg.couplet.dataset import load_couplets
from nlg.couplet.inputs import LONGEST
from nlg.couplet.pairs import Pairs
from nlg.couplet.train.options import CoupletTraining
from nlg.errors import DataError
from nlg.runtime.checkpoint import Checkpoint
from nlg.text.couplets import Couplet
from nlg.text.vocab import Vocabulary

VOCABULARY, PAIRS = "vocab.txt", "pairs.txt"  # in the run's folder


def read_couplets(path: pathlib.Path, longest: int) -> list[Couplet]:
    """Return the couplets of a file, some of them short enough to be used."""
    couplets = load_couplets(path)
    if all(len(first) > longest for first, _ in couplets):
        raise DataError(
            f"{path}: no couplet in it of up to {longest} characters; raise max_length"
        )
    return couplets


def take_characters(
    opened: Checkpoint, folder: pathlib.Path, options: CoupletTraining
) -> None:
    """Give a run the vocabulary and the most frequent pairs of a checkpoint."""
    shutil.copy(opened.path(VOCABULARY), folder / VOCABULARY)
    vocabulary = Vocabulary.load(folder / VOCABULARY)
    known = Pairs.load(opened.path(PAIRS), vocabulary).pairs[: options.max_pairs]
    Pairs(known, vocabulary).save(folder / PAIRS)


def count_characters(
    couplets: Sequence[Couplet],
    data: pathlib.Path,
    folder: pathlib.Path,
    options: CoupletTraining,
) -> None:
    """Give a run the frequent characters and pairs of `couplets`."""
    lines = [line for couplet in couplets for line in couplet]
    vocabulary = Vocabulary.from_counts(lines, options.min_count)
    if len(vocabulary) <= LONGEST:
        raise DataError(
            f"{data}: {len(vocabulary) - 2} characters stand there "
            f"{options.min_count} times or more, too few for a line of {LONGEST}; "
            "give more couplets, or take another folder and a lower min_count"
        )
    vocabulary.save(folder / VOCABULARY)
    Pairs.from_counts(lines, vocabulary, options.max_pairs).save(folder / PAIRS)
