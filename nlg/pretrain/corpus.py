"""Text of any kind as one long array of tokens, cut into samples.

Reads plain text (a blank line between documents), JSON lines (`passage`, `text`, or the
`lines` of a poem) and either of them gzipped or xz'd. Words are found by jieba, for
whole-word masking (arXiv:1906.08101); a sample is a run of whole sentences.

This file knows neither objectives nor the model.

Shapes: N tokens of all samples, one after another.
"""

import functools
import gzip
import io
import json
import logging
import lzma
import pathlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import load_file, save_file

from nlg.errors import DataError
from nlg.files import replacing
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import SPECIAL, Vocabulary

SENTENCE = re.compile(
    r"[^。！？；!?;\n]*[。！？；!?;\n]+[”’」』)）]*|[^。！？；!?;\n]+$"
)
CONTINUATIONS = "abcdefghijklmnopqrstuvwxyz0123456789"  # pieces inside a Latin word
Sample = tuple[np.ndarray, np.ndarray, np.ndarray]  # ids, word starts, sentence ends
NOTHING: Sample = (np.zeros(0, "uint16"), np.zeros(0, bool), np.zeros(0, bool))
LONGEST_DOCUMENT = 20_000  # characters; longer ones are cut, so that nothing blows up


class Corpus(NamedTuple):
    """Samples in one line: `starts[i]` to `starts[i + 1]` is sample i."""

    token_ids: np.ndarray  # (N,) uint16
    word_starts: np.ndarray  # (N,) bool: a word begins here
    sentence_ends: np.ndarray  # (N,) bool: a sentence ends here
    starts: np.ndarray  # (samples + 1,) int64

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
        """Read what `save` wrote."""
        return cls(**load_file(path))


def documents(path: pathlib.Path) -> Iterator[str]:
    """Yield the documents of a file.

    Raises:
        DataError: not text, not what its name says, or a line that is no JSON.
    """
    try:
        with _opened(path) as file:
            if ".jsonl" in path.suffixes:
                yield from _of_json_lines(path, file)
            else:
                yield from _of_text(file)
    except (OSError, EOFError, UnicodeDecodeError, lzma.LZMAError) as error:
        raise DataError(f"{path}: cannot be read as UTF-8 text: {error}") from None


def _opened(path: pathlib.Path) -> io.TextIOBase:
    openers = {".xz": lzma.open, ".gz": gzip.open}
    opener = openers.get(path.suffix, open)
    return opener(path, "rt", encoding="utf-8-sig")  # type: ignore[operator]


def _of_text(file: Iterable[str]) -> Iterator[str]:
    lines: list[str] = []
    size = 0
    for line in file:
        if line.strip() and size < LONGEST_DOCUMENT:
            lines.append(line[:LONGEST_DOCUMENT])
            size += len(line)
            continue
        if lines:
            yield "".join(lines)
        lines, size = (
            ([line[:LONGEST_DOCUMENT]], len(line)) if line.strip() else ([], 0)
        )
    if lines:
        yield "".join(lines)


def _of_json_lines(path: pathlib.Path, file: Iterable[str]) -> Iterator[str]:
    before = ""
    for number, line in enumerate(file, 1):
        try:
            record = json.loads(line)
            text = _text_of(record)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DataError(
                f"{path}:{number}: no JSON object with passage, text or lines"
            ) from None
        if text != before:  # several questions about one passage stand together
            yield text[:LONGEST_DOCUMENT]
        before = text


def _text_of(record: dict) -> str:
    if "lines" in record:
        marks = ("，", "。")
        verses = (x + marks[i % 2] for i, x in enumerate(record["lines"]))
        return "".join(verses)
    return str(record["passage"] if "passage" in record else record["text"])


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
    texts: Iterable[str], tokenizer: Tokenizer, sample_tokens: list[int], seed: int
) -> Corpus:
    """Tokenise `texts` and cut each into samples of whole sentences.

    Args:
        texts: documents.
        tokenizer: gives ids that fit 16 bits.
        sample_tokens: limits of a sample; each document is given one at random.
        seed: of that choice.
    """
    rng = np.random.default_rng(seed)
    samples: list[Sample] = []
    for text in texts:
        sentences = [_sentence(x, tokenizer) for x in SENTENCE.findall(text)]
        samples += _samples(sentences, int(rng.choice(sample_tokens)))
    columns = zip(NOTHING, *samples, strict=True)
    ids, words, ends = (np.concatenate(column) for column in columns)
    lengths = [len(token_ids) for token_ids, _, _ in samples]
    return Corpus(ids, words, ends, np.cumsum([0, *lengths]))


def _sentence(text: str, tokenizer: Tokenizer) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids of a sentence and where its words begin."""
    encoding = tokenizer.encode_with_offsets(text)
    word_lengths = [len(word) for word in _segmenter().cut(text)]
    begins = np.zeros(len(text) + 1, bool)
    begins[np.cumsum([0, *word_lengths])] = True
    starts = np.array([start for start, _ in encoding.offsets], int)
    return np.array(encoding.token_ids, "uint16"), begins[starts]


@functools.cache
def _segmenter() -> Any:
    import jieba

    jieba.setLogLevel(logging.WARNING)  # it tells stderr how it loads
    return jieba.Tokenizer()


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
