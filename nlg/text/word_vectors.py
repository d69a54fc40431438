"""Vectors of words, from their neighbours in plain text.

    text -> words -> counts of neighbours -> PPMI -> truncated SVD

Positive pointwise mutual information of words and contexts, its largest singular
vectors: as good as word2vec and the same at every run (Levy, Goldberg and Dagan,
aclanthology.org/Q15-1016, whose smoothing of contexts and weighting of singular values
are used here). A context is a word within `NEAR` on one side. Left and right are
counted apart, so that words which can replace each other, 北京 and 上海, get similar
vectors, rather than words of one topic.

Files are in word2vec's text format, so vectors from elsewhere do as well:

    2 3
    北京 0.12 -0.5 1.25
    上海 0.1 -0.4 1.5

Shapes: n words of a text, W words, U units of a vector.
"""

import pathlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from nlg.errors import DataError
from nlg.files import UNREADABLE, opened
from nlg.text.collect import write_lines
from nlg.text.lexicon import LONGEST, SHORTEST, Lexicon
from nlg.text.vocab import SPECIAL, UNK_ID, Vocabulary
from nlg.text.words import dictionary

NEAR = 2  # words on each side
LEAST = 20  # times that a word must stand in the text
FREQUENT = 1e-3  # of all words: more frequent ones are subsampled, as word2vec does
CONTEXT_POWER = 0.75  # smooths how frequent contexts are
SINGULAR_POWER = 0.25  # of the singular values
PART = 2_000_000  # characters that are cut in one step
BLOCK = 6_000_000  # words whose neighbours are counted in one step


class WordVectors(NamedTuple):
    """Words, the most frequent first, and their vectors (W, U) float32."""

    words: list[str]
    vectors: np.ndarray


class Cutter:
    """Words of jieba's dictionary, and its characters, as numbers."""

    def __init__(self) -> None:
        tags = dictionary()
        self.vocabulary = Vocabulary([*SPECIAL, *sorted(set("".join(tags)))])
        self.lexicon = Lexicon.from_tags(tags.items(), self.vocabulary)
        self.words = list(tags)

    def cut(self, text: str) -> np.ndarray:
        """Return the words and other characters of `text` as numbers, (n,) int32.

        A character that is part of no word has the number of its token, a word that of
        its place in the lexicon, after the tokens. Marks are left out.
        """
        token_ids = np.array(self.vocabulary.encode(text), "int32")
        cut = self.lexicon.cut(token_ids)
        kept = token_ids != UNK_ID
        kept[cut.inside()] = False
        kept[cut.starts] = True
        token_ids[cut.starts] = len(self.vocabulary) + cut.places
        return token_ids[kept]

    def names(self) -> dict[int, str]:
        """Return the words of two characters or more by their numbers."""
        found: dict[int, str] = {}
        for length in range(SHORTEST, LONGEST + 1):
            words = [word for word in self.words if len(word) == length]
            ids = np.array(self.vocabulary.encode("".join(words)), "uint64")
            places = self.lexicon.find(ids.reshape(-1, length)).tolist()
            numbers = (len(self.vocabulary) + place for place in places)
            found.update(zip(numbers, words, strict=True))
        return found


def make(texts: Iterable[str], units: int, seed: int = 1) -> WordVectors:
    """Return vectors of the words of jieba's dictionary that stand in `texts`.

    A character that is part of no word counts as a neighbour, and gets no vector.

    Args:
        texts: any number of them; their words are kept in memory, 4 bytes each.
        units: U.
        seed: of the subsampling, and of the search for singular vectors.

    Raises:
        DataError: too few words stand there often enough.
        OptionError: jieba is not installed.
        ImportError: scikit-learn is not.
    """
    from sklearn.utils.extmath import randomized_svd

    cutter = Cutter()
    numbers = np.concatenate([np.zeros(0, "int32"), *map(cutter.cut, parts(texts))])
    counts = np.bincount(numbers)
    kept = np.argsort(-counts, kind="stable")
    kept = kept[counts[kept] >= LEAST]
    if len(kept) <= units:
        raise DataError(
            f"{len(kept)} words and characters stand {LEAST} times or more in the "
            f"texts; vectors of {units} units need more than {units}: give more text, "
            "or fewer units"
        )
    row = np.full(len(counts), -1, "int64")
    row[kept] = np.arange(len(kept))
    rows = row[numbers]
    rows = subsampled(rows[rows >= 0], np.random.default_rng(seed))
    information = ppmi(cooccurrences(rows, len(kept)))
    left, values, _ = randomized_svd(information, units, n_iter=4, random_state=seed)
    vectors = (left * values**SINGULAR_POWER).astype("float32")
    names = cutter.names()
    named = [place for place, unit in enumerate(kept.tolist()) if unit in names]
    return WordVectors([names[int(kept[place])] for place in named], vectors[named])


def parts(texts: Iterable[str]) -> Iterator[str]:
    """Yield `texts` joined, `PART` characters or more at once but for the last."""
    found: list[str] = []
    size = 0
    for text in texts:
        found.append(text)
        size += len(text)
        if size >= PART:
            yield "\n".join(found)
            found, size = [], 0
    if found:
        yield "\n".join(found)


def subsampled(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return `rows` (n,) without some of those that are very frequent.

    A word of share f is kept with a probability of (FREQUENT / f) ** 0.5.
    """
    shares = np.bincount(rows) / max(1, len(rows))
    keep = np.minimum(1, np.sqrt(FREQUENT / np.maximum(shares, 1e-12)))
    return rows[rng.random(len(rows)) < keep[rows]]


def cooccurrences(rows: np.ndarray, size: int) -> Any:
    """Return how often each word has each other to its right and left, (W, 2 W).

    Args:
        rows: (n,) int64, the words in their order.
        size: W.
    """
    from scipy import sparse

    found = sparse.csr_matrix((size, size), dtype="float32")
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK + NEAR]
        ends = [min(BLOCK, len(block) - away) for away in range(1, NEAR + 1)]
        pairs = [
            block[:end] * size + block[away : away + end]
            for away, end in enumerate(ends, 1)
            if end > 0
        ]
        keys, times = np.unique(np.concatenate([*pairs, rows[:0]]), return_counts=True)
        places = keys // size, keys % size
        found += sparse.csr_matrix(
            (times.astype("float32"), places), shape=(size, size)
        )
    return sparse.hstack([found, found.T]).tocsr()


def ppmi(counts: Any) -> Any:
    """Return max(0, log p(w, c) / (p(w) p(c))) of counts (W, C), p(c) smoothed."""
    from scipy import sparse

    counts = counts.tocoo()
    words = np.asarray(counts.sum(axis=1)).ravel()
    contexts = np.asarray(counts.sum(axis=0)).ravel() ** CONTEXT_POWER
    contexts /= contexts.sum()
    information = np.log(counts.data / (words[counts.row] * contexts[counts.col]))
    kept = information > 0
    return sparse.csr_matrix(
        (
            information[kept].astype("float32"),
            (counts.row[kept], counts.col[kept]),
        ),
        shape=counts.shape,
    )


def save(path: pathlib.Path, found: WordVectors) -> None:
    """Write vectors in word2vec's text format; gzipped if `path` ends in .gz.

    Whole or not at all; `-` is standard output.
    """
    lines = [" ".join(map(str, found.vectors.shape))]
    for word, vector in zip(found.words, found.vectors.tolist(), strict=True):
        lines.append(" ".join([word, *(f"{x:.5g}" for x in vector)]))
    write_lines(lines, path)


def load(path: pathlib.Path, most: int) -> WordVectors:
    """Read the first `most` vectors of a file in word2vec's text format.

    Raises:
        DataError: it is not such a file, or has fewer.
    """
    words: list[str] = []
    vectors: list[Sequence[float]] = []
    try:
        with opened(path) as file:
            units = int(file.readline().split()[1])
            for number, line in zip(range(2, most + 2), file, strict=False):
                word, *values = line.rstrip().split(" ")
                words.append(word)
                vectors.append([float(x) for x in values])
                if len(values) != units:
                    raise DataError(
                        f"{path}:{number}: {len(values)} numbers, where line 1 says "
                        f"{units}; is it word2vec's text format?"
                    )
    except (*UNREADABLE, ValueError, IndexError) as error:
        raise DataError(
            f"{path} is no file of word vectors in word2vec's text format: {error}"
        ) from None
    if len(words) < most:
        raise DataError(
            f"{path} has {len(words)} word vectors, not {most}; ask for fewer "
            "(vectors) or give another file"
        )
    found = WordVectors(words, np.array(vectors, "float32"))
    if not np.isfinite(found.vectors).all():
        raise DataError(f"{path} has numbers that are not finite; make it anew")
    return found
