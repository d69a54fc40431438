"""Pretrain a backbone: text in, a run folder and a checkpoint folder out."""

import dataclasses
import pathlib
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from nlg.backbone.checkpoint import load_backbone, save_backbone
from nlg.backbone.unilm import UniLM
from nlg.errors import DataError, OptionError
from nlg.pretrain.corpus import (
    Corpus,
    build_corpus,
    count_characters,
    make_vocabulary,
)
from nlg.pretrain.model import Pretraining
from nlg.pretrain.objectives import EXTRA, OBJECTIVES, Objectives
from nlg.pretrain.options import PretrainOptions
from nlg.text.documents import documents
from nlg.text.packing import pack
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import Vocabulary
from nlg.training.batches import Epochs
from nlg.training.loop import Means, fit
from nlg.training.options import MAY_CHANGE
from nlg.training.run import Run

VOCABULARY, TRAIN, DEV = "vocab.txt", "corpus.safetensors", "dev.safetensors"


def pretrain(
    paths: list[pathlib.Path],
    folder: pathlib.Path,
    options: PretrainOptions,
    init: pathlib.Path | None = None,
) -> dict[str, Any]:
    """Train to `options.steps`, resuming what `folder` holds; return the best line.

    Leaves its best weights in `folder`/checkpoint.

    Args:
        paths: text of any kind, see `nlg.pretrain.corpus`.
        folder: the run's.
        options: of the model and of the run.
        init: a backbone to go on from, with its vocabulary, its size and its weights.
    """
    unilm, vocabulary = _given(init, options)
    run = Run(folder)
    names = [path.name for path in paths]
    notes = {"data": names, "init": str(init) if init else None}
    defaults = dataclasses.asdict(PretrainOptions())
    run.lock_config(dataclasses.asdict(options) | notes, MAY_CHANGE, defaults)
    vocabulary, train, dev = prepare(paths, folder, options, vocabulary)
    model = build_model(unilm or _fresh(len(vocabulary), options))
    rows = Rows(train, options)
    look = Rows(dev, options).epoch(0)
    objectives = _objectives(train, len(vocabulary), options)

    def batch_at(step: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng([options.seed, step])
        return objectives.batch(rows.at(step), options.row_tokens, rng)

    def evaluate() -> dict[str, float]:
        return score(model, dev, look, options)

    best = fit(model, batch_at, evaluate, options, run)
    corpus = {"samples": len(train.lengths), "corpus_tokens": train.token_ids.size}
    metrics = {**best, **corpus, **notes, "settings": dataclasses.asdict(options)}
    save_backbone(folder / "checkpoint", model.unilm, vocabulary, metrics)
    return best


def prepare(
    paths: list[pathlib.Path],
    folder: pathlib.Path,
    options: PretrainOptions,
    vocabulary: Vocabulary | None = None,
) -> tuple[Vocabulary, Corpus, Corpus]:
    """Return vocabulary, training and dev samples; made once, then read from `folder`.

    Raises:
        DataError: too little to learn from in `paths`.
    """
    if not (folder / DEV).exists():  # the last to be written
        _prepare(paths, folder, options, vocabulary)
    vocabulary = Vocabulary.load(folder / VOCABULARY)
    return vocabulary, Corpus.load(folder / TRAIN), Corpus.load(folder / DEV)


def _prepare(paths, folder, options, vocabulary) -> None:
    shares = {path: _share(path, options) for path in paths}
    counts = count_characters(text for text, _ in _kept(shares, options.seed))
    if vocabulary is None:
        vocabulary = make_vocabulary(counts, options.vocab_size, options.min_count)
    vocabulary.save(folder / VOCABULARY)
    dev_share = min(0.5, options.dev_tokens / max(1, counts.total()))
    for name, is_dev in ((TRAIN, False), (DEV, True)):
        lots = _kept(shares, options.seed)
        texts = (text for text, lot in lots if (lot < dev_share) == is_dev)
        limits = _limits(options.row_tokens)
        corpus = build_corpus(texts, Tokenizer(vocabulary), limits, options.seed)
        if not len(corpus.lengths):
            listed = ", ".join(map(str, paths))
            raise DataError(f"{listed}: too little text to learn from")
        corpus.save(folder / name)


class Rows(Epochs[list[list[int]]]):
    """Packed rows of samples: a pure function of the seed and the step."""

    def __init__(self, corpus: Corpus, options: PretrainOptions):
        self.lengths = (corpus.lengths + EXTRA).tolist()
        self.options = options
        self.rows_per_batch = options.batch_tokens // options.row_tokens
        super().__init__()

    def epoch(self, epoch: int) -> list[list[list[int]]]:
        """Return all batches of an epoch; rows that fill no batch sit it out."""
        rng = np.random.default_rng([self.options.seed, epoch])
        order = rng.permutation(len(self.lengths)).tolist()
        rows = pack(order, self.lengths, self.options.row_tokens)
        size = min(self.rows_per_batch, len(rows))
        shuffled = [rows[i] for i in rng.permutation(len(rows))]
        starts = range(0, len(rows) - size + 1, size)
        return [shuffled[start : start + size] for start in starts]


def build_model(unilm: UniLM) -> Pretraining:
    """Return a backbone with the losses of its objectives."""
    model = Pretraining(unilm)
    model.build()
    return model


def _fresh(vocab_size: int, options: PretrainOptions) -> UniLM:
    unilm = UniLM(options.backbone(vocab_size))
    unilm.build()
    return unilm


def _given(
    init: pathlib.Path | None, options: PretrainOptions
) -> tuple[UniLM | None, Vocabulary | None]:
    """Return the backbone to go on from, if there is one, and its vocabulary."""
    if init is None:
        return None, None
    unilm, tokenizer, config, _ = load_backbone(init)
    if options.row_tokens > config.max_positions:
        raise OptionError(
            f"row_tokens ({options.row_tokens}) is more than the "
            f"{config.max_positions} positions that {init} knows"
        )
    return unilm, tokenizer.vocabulary


def score(
    model: Pretraining,
    dev: Corpus,
    batches: list[list[list[int]]],
    options: PretrainOptions,
) -> dict[str, float]:
    """Return nats a prediction on dev: of each objective, and their mean, `dev_loss`.

    The same samples are masked in the same way each time.
    """
    vocab_size = model.unilm.config.vocab_size
    objectives = _objectives(dev, vocab_size, options)
    rng = np.random.default_rng(options.seed)
    means = {name: Means() for name in OBJECTIVES}
    for rows in batches:
        batch = objectives.batch(rows, options.row_tokens, rng)
        model.reset_metrics()
        scores = model.test_on_batch(batch, return_dict=True)
        for number, name in enumerate(OBJECTIVES):
            count = float(batch["weights"][batch["objective"] == number].sum())
            if count:
                means[name].add({f"dev_{name}": scores[name]}, count)
    found = {k: x for mean in means.values() for k, x in mean.result().items()}
    return {"dev_loss": float(np.mean(list(found.values()))), **found}


def _objectives(
    corpus: Corpus, vocab_size: int, options: PretrainOptions
) -> Objectives:
    shares = (options.bidirectional_share, options.lm_share)
    return Objectives(corpus, shares, options.mask_share, vocab_size)


def _limits(row_tokens: int) -> list[int]:
    """Return how long samples may be: most are short, some fill a row."""
    whole = row_tokens - EXTRA
    return [max(8, whole // 4), max(8, whole // 4), max(8, whole // 2), whole]


def _share(path: pathlib.Path, options: PretrainOptions) -> float:
    """Return how much of a file is read."""
    if not options.tokens_per_file:
        return 1.0
    size = sum(map(len, documents(path)))
    return min(1.0, options.tokens_per_file / max(1, size))


def _kept(shares: dict[pathlib.Path, float], seed: int) -> Iterator[tuple[str, float]]:
    """Yield the documents that are read, each with a lot in [0, 1) for the dev part.

    Lots are drawn from the text, so a document that comes twice has one lot.
    """
    for path, share in shares.items():
        for text in documents(path):
            mixed = zlib.crc32(f"{seed}{text}".encode())
            if (mixed & 0xFFFF) / 0x10000 < share:
                yield text, (mixed >> 16) / 0x10000
