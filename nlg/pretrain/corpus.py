"""Text of any kind as one long array of tokens, cut into samples.

Words are found by jieba, for whole-word masking (arXiv:1906.08101); a sample is a run
of whole sentences.

This file knows neither objectives nor the model.

Shapes: S samples, N tokens of all of them, one after another.
"""

import pathlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from safetensors.numpy import load_file, save_file

from nlg.files import replacing
from nlg.text.documents import cut_sentences
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import SPECIAL, Vocabulary
from nlg.text.words import cut_words

CONTINUATIONS = "abcdefghijklmnopqrstuvwxyz0123456789"  # pieces inside a Latin word
Sample = tuple[np.ndarray, np.ndarray, np.ndarray]  # ids, word starts, sentence ends
NOTHING: Sample = (np.zeros(0, "uint16"), np.zeros(0, bool), np.zeros(0, bool))


class Corpus(NamedTuple):
    """Samples in one line: `starts[i]` to `starts[i + 1]` is sample i."""

    token_ids: np.ndarray  # (N,) uint16
    word_starts: np.ndarray  # (N,) bool: a word begins here
    sentence_ends: np.ndarray  # (N,) bool: a sentence ends here
    starts: np.ndarray  # (S + 1,) int64
    sources: np.ndarray  # (S,) uint16: number of the file that a sample is from

    @property
    def lengths(self) -> np.ndarray:
        """Return the number of tokens of each sample."""
        return np.diff(self.starts)

    def save(self, path: pathlib.Path) -> None:
        """Write the arrays to one safetensors file, whole or not at all."""
        with replacing(path) as part:
            save_file(self._asdict(), part)

    @classmethod
    def load(cls, path: pathlib.Path) -> "Corpus":
        """Read what `save` wrote; all is of one source where none is told."""
        arrays = load_file(path)
        sources = np.zeros(len(arrays["starts"]) - 1, "uint16")
        return cls(**{"sources": sources, **arrays})


def count_characters(texts: Iterable[str]) -> Counter[str]:
    """Return how often each lower-cased character stands in `texts`."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text.lower())
    return counts


def make_vocabulary(counts: Counter[str], size: int, min_count: int) -> Vocabulary:
    """Return the `size` most frequent characters, and the pieces inside Latin words."""
    always = [*SPECIAL, *(f"##{x}" for x in CONTINUATIONS), *CONTINUATIONS]
    rest = [
        x
        for x, n in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
        if n >= min_count and not x.isspace() and x.isprintable() and x not in always
    ]
    return Vocabulary([*always, *rest[: max(0, size - len(always))]])


def build_corpus(
    documents: Iterable[tuple[int, str]],
    tokenizer: Tokenizer,
    sample_tokens: list[int],
    seed: int,
) -> Corpus:
    """Tokenise documents and cut each into samples of whole sentences.

    Args:
        documents: number of the source, and text.
        tokenizer: gives ids that fit 16 bits.
        sample_tokens: limits of a sample; each document is given one at random.
        seed: of that choice.
    """
    rng = np.random.default_rng(seed)
    samples: list[Sample] = []
    sources: list[int] = []
    for source, text in documents:
        parts = [_sentence(x, tokenizer) for x in cut_sentences(text)]
        samples += _samples(parts, int(rng.choice(sample_tokens)))
        sources += [source] * (len(samples) - len(sources))
    columns = zip(NOTHING, *samples, strict=True)
    ids, words, ends = (np.concatenate(column) for column in columns)
    lengths = [len(token_ids) for token_ids, _, _ in samples]
    starts = np.cumsum([0, *lengths])
    return Corpus(ids, words, ends, starts, np.array(sources, "uint16"))


def _sentence(text: str, tokenizer: Tokenizer) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids of a sentence and where its words begin."""
    encoding = tokenizer.encode_with_offsets(text)
    word_lengths = [len(word) for word in cut_words(text)]
    begins = np.zeros(len(text) + 1, bool)
    begins[np.cumsum([0, *word_lengths])] = True
    starts = np.array([start for start, _ in encoding.offsets], int)
    return np.array(encoding.token_ids, "uint16"), begins[starts]


def _samples(
    sentences: list[tuple[np.ndarray, np.ndarray]], limit: int
) -> Iterator[Sample]:
    """Join the sentences of a document up to a limit; cut those that are longer."""
    row: list[tuple[np.ndarray, np.ndarray]] = []
    size = 0
    for ids, words in sentences:
        for start in range(0, len(ids), limit):
            part = ids[start : start + limit], words[start : start + limit]
            if size + len(part[0]) > limit:
                yield _joined(row)
                row, size = [], 0
            row.append(part)
            size += len(part[0])
    if size:
        yield _joined(row)


def _joined(row: list[tuple[np.ndarray, np.ndarray]]) -> Sample:
    """Return consecutive sentences as one sample."""
    ids = np.concatenate([ids for ids, _ in row])
    words = np.concatenate([words for _, words in row])
    ends = np.zeros(len(ids), bool)
    ends[np.cumsum([len(part) for part, _ in row]) - 1] = True
    return ids, words, ends
