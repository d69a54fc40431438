"""Poems as arrays of ids, one array per shape of page."""

from collections.abc import Iterable

import numpy as np

from nlg.text.forms import FORMS
from nlg.text.poem_records import Poem
from nlg.text.vocab import Vocabulary

Encoded = dict[tuple[int, int], np.ndarray]  # (R, C) -> (N, R, C) int32


def encode(poems: Iterable[Poem], vocabulary: Vocabulary, halves: bool) -> Encoded:
    """Encode `poems`; with `halves`, each 律诗 gives its two quatrains as well."""
    rows: dict[tuple[int, int], list[list[list[int]]]] = {}
    for poem in poems:
        form = FORMS[poem.form]
        page = [vocabulary.encode(line) for line in poem.lines]
        rows.setdefault((form.lines, form.columns), []).append(page)
        if halves and form.lines == 8:
            rows.setdefault((4, form.columns), []).extend([page[:4], page[4:]])
    return {shape: np.array(pages, "int32") for shape, pages in sorted(rows.items())}


def batch_size(shape: tuple[int, int], batch_tokens: int) -> int:
    """Return how many poems of a shape (R, C) a batch of so many tokens has."""
    lines, columns = shape
    return max(1, batch_tokens // (lines * columns))
