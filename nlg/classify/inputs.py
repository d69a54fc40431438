"""What a classifier takes of labelled texts; no Keras."""

import collections
import pathlib
import re
from collections.abc import Iterable

from nlg.errors import DataError
from nlg.text.labelled import Row
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import CLS_ID, SEP_ID

MOST_LABELS = 1000


def label_names(rows: Iterable[Row], path: pathlib.Path) -> list[str]:
    """Return the labels of `rows`, numbers by size, others by their text.

    Raises:
        DataError: fewer than two, or too many to be labels.
    """
    counts = collections.Counter(row.label for row in rows if row.label)
    if not 2 <= len(counts) <= MOST_LABELS:
        raise DataError(
            f"{path}: {len(counts)} different labels; a classifier needs from 2 to "
            f"{MOST_LABELS}"
        )
    return sorted(counts, key=int if are_levels(counts) else None)


def are_levels(names: Iterable[str]) -> bool:
    """Return whether all names are whole numbers, so that one may be near another."""
    return all(re.fullmatch(r"-?\d{1,9}", name) for name in names)


def token_ids(text: str, tokenizer: Tokenizer, most: int) -> list[int]:
    """Return `[CLS]text[SEP]`, cut after `most` tokens."""
    return [CLS_ID, *tokenizer.encode(text)[: most - 2], SEP_ID]
