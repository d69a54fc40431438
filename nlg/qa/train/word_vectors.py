"""What a reader knows of words: where their vectors come from, and that they stay.

The words themselves are the `Lexicon` of a run or a checkpoint, the vectors a weight of
the model (`nlg.layers.meaning`), which a training leaves as it is.
"""

import pathlib
from collections.abc import Sequence

import numpy as np

from nlg.errors import OptionError
from nlg.qa.inputs import LEXICON
from nlg.qa.train.model import Answerer
from nlg.qa.train.options import QATraining
from nlg.text.lexicon import Lexicon
from nlg.text.tokenizer import Tokenizer
from nlg.text.word_vectors import load
from nlg.text.words import dictionary

WEIGHTS = "answerer/meaning/*"


def vectors_for(
    model: Answerer, init: pathlib.Path, path: pathlib.Path | None
) -> Sequence[str] | Lexicon:
    """Give `model` the vectors of words in the file `path`.

    Args:
        model: at its start.
        init: what it began with; it has the vectors already where `path` is None.
        path: see `nlg.text.word_vectors`.

    Returns:
        The words in the order of their vectors, or the lexicon of `init` that knows it.

    Raises:
        OptionError: there are vectors and no use for them, or the other way round.
    """
    wanted = model.config.vectors
    if path is None and not wanted:
        return []
    if path is None:
        there = init / LEXICON
        lexicon = Lexicon.load(there) if there.exists() else None
        if lexicon is None or not lexicon.rows.any():
            raise OptionError(
                f"vectors is {wanted}, but {init} has none: give a file with --vectors "
                "(`nlg data vectors` makes one)"
            )
        return lexicon
    if not model.meaning:
        raise OptionError(
            f"--vectors {path} is of no use without a number of words: add --set "
            "vectors=40000"
        )
    words, vectors = load(path, wanted)
    if vectors.shape[1] != model.config.vector_units:
        raise OptionError(
            f"{path} has vectors of {vectors.shape[1]} numbers; add --set "
            f"vector_units={vectors.shape[1]}"
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.maximum(lengths, 1e-9)
    model.meaning.table.assign(units * vectors.shape[1] ** 0.5)
    return words


def lexicon_of(
    folder: pathlib.Path, tokenizer: Tokenizer, known: Sequence[str] | Lexicon = ()
) -> Lexicon:
    """Return the words of jieba's dictionary, kept in the run's folder.

    Args:
        folder: the run's.
        tokenizer: of the model.
        known: of `vectors_for`.
    """
    path = folder / LEXICON
    if not path.exists():
        if not isinstance(known, Lexicon):
            rows = {word: number for number, word in enumerate(known, 1)}
            tags = dictionary().items()
            known = Lexicon.from_tags(tags, tokenizer.vocabulary, rows)
        known.save(path)
    return Lexicon.load(path)


def fixed_weights(options: QATraining) -> tuple[str, ...]:
    """Return the patterns of the weights that do not learn: the vectors of words."""
    return (WEIGHTS,) if options.vectors else ()
