"""Pretrain a backbone: text in, a run folder and a checkpoint folder out."""

import dataclasses
import functools
import pathlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

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
from nlg.training.metric_means import mean_scores
from nlg.training.shares import shares_of_sources
from nlg.training.task import Trained, TrainingTask

VOCABULARY, TRAIN, DEV = "vocab.txt", "corpus.safetensors", "dev.safetensors"


class Data(NamedTuple):
    """What a run trains and is scored on."""

    vocabulary: Vocabulary
    train: Corpus
    dev: Corpus


def pretrain_task(
    data: Sequence[pathlib.Path],
    folder: pathlib.Path,
    options: PretrainOptions,
    init: pathlib.Path | None = None,
    *,
    dev: pathlib.Path | None = None,
    vocab: pathlib.Path | None = None,
) -> TrainingTask[Data, Pretraining]:
    """Return the training of a backbone.

    Args:
        data: text of any kind, see `nlg.pretrain.corpus`.
        folder: the run's.
        options: of the model and of the run.
        init: a backbone to go on from, with its vocabulary, its size and its weights.
        dev: text to score on, whose documents are not trained on; by default a part of
            `data`.
        vocab: a vocab.txt to take instead of one made from `data`.
    """
    unilm, vocabulary = _given(init, options)
    if init and vocab:
        raise OptionError(f"{init} has a vocabulary of its own; leave out --vocab")
    if vocab:
        vocabulary = Vocabulary.load(vocab)
    paths = list(data)
    notes: dict[str, Any] = {"data": [path.name for path in paths]}
    notes |= {"init": str(init) if init else None, "dev": dev.name if dev else None}
    return TrainingTask(
        folder=folder,
        options=options,
        notes=notes,
        old_notes={"dev": None},
        prepare=lambda run: Data(*prepare(paths, folder, options, vocabulary, dev)),
        model=lambda run, data: build_model(
            unilm or _fresh(len(data.vocabulary), options)
        ),
        batches=lambda data: _batches(data, paths, options),
        evaluate=lambda model, data: functools.partial(
            score, model, data.dev, Rows(data.dev, options).epoch(0), options
        ),
        export=lambda trained: _export(
            trained, {**notes, "settings": dataclasses.asdict(options)}
        ),
    )


def _batches(
    data: Data, paths: Sequence[pathlib.Path], options: PretrainOptions
) -> Callable[[int], dict[str, np.ndarray]]:
    """Return the function from the number of a batch to its input."""
    vocabulary = data.vocabulary
    shares = shares_of_sources(options.shares, list(map(str, paths)))
    rows = Rows(data.train, options, shares)
    of_words = _is_text(vocabulary)
    objectives = _objectives(data.train, len(vocabulary), options, of_words)

    def batch_at(step: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng([options.seed, step])
        return objectives.batch(rows.at(step), options.row_tokens, rng)

    return batch_at


def _export(
    trained: Trained[Data, Pretraining], about: Mapping[str, Any]
) -> pathlib.Path:
    """Write the checkpoint of a trained backbone; return its folder.

    Args:
        trained: its model has the best weights.
        about: what metrics.json says of the run besides.
    """
    corpus, out = trained.data.train, trained.run.folder / "checkpoint"
    size = {"samples": len(corpus.lengths), "corpus_tokens": corpus.token_ids.size}
    metrics = {**trained.best, **size, **about}
    save_backbone(out, trained.model.unilm, trained.data.vocabulary, metrics)
    return out


def prepare(
    paths: list[pathlib.Path],
    folder: pathlib.Path,
    options: PretrainOptions,
    vocabulary: Vocabulary | None = None,
    dev: pathlib.Path | None = None,
) -> tuple[Vocabulary, Corpus, Corpus]:
    """Return vocabulary, training and dev samples; made once, then read from `folder`.

    Raises:
        DataError: too little to learn from in `paths`.
    """
    if not (folder / DEV).exists():  # the last to be written
        _prepare(paths, folder, options, vocabulary, dev)
    vocabulary = Vocabulary.load(folder / VOCABULARY)
    return vocabulary, Corpus.load(folder / TRAIN), Corpus.load(folder / DEV)


def _prepare(paths, folder, options, vocabulary, dev) -> None:
    parts = [_part_read(path, options) for path in paths]
    counts = count_characters(text for _, text, _ in _read(paths, parts, options.seed))
    if vocabulary is None:
        vocabulary = make_vocabulary(counts, options.vocab_size, options.min_count)
    vocabulary.save(folder / VOCABULARY)
    dev_share = min(0.5, options.dev_tokens / max(1, counts.total()))
    given = {text.strip() for text in documents(dev)} if dev else set()

    def is_dev(text: str, lot: float) -> bool:
        return text.strip() in given if dev else lot < dev_share

    for name, wanted in ((TRAIN, False), (DEV, True)):
        texts = (
            (source, text)
            for source, text, lot in _read(paths, parts, options.seed)
            if is_dev(text, lot) == wanted
        )
        if dev and wanted:
            texts = ((0, text) for text in documents(dev))
        limits = _limits(options.row_tokens)
        corpus = build_corpus(texts, Tokenizer(vocabulary), limits, options.seed)
        if not len(corpus.lengths):
            listed = ", ".join(map(str, [dev] if dev and wanted else paths))
            raise DataError(f"{listed}: too little text to learn from")
        corpus.save(folder / name)


class Rows(Epochs[list[list[int]]]):
    """Packed rows of samples: a pure function of the seed and the step.

    Args:
        corpus: the samples.
        options: of the run.
        shares: of the samples of each source that an epoch has, drawn anew each time;
            all of them by default.
    """

    def __init__(
        self, corpus: Corpus, options: PretrainOptions, shares: Sequence[float] = ()
    ):
        self.lengths = (corpus.lengths + EXTRA).tolist()
        self.shares = np.array(shares)[corpus.sources] if shares else None  # (S,)
        self.options = options
        self.rows_per_batch = options.batch_tokens // options.row_tokens
        super().__init__()

    def epoch(self, epoch: int) -> list[list[list[int]]]:
        """Return all batches of an epoch; rows that fill no batch sit it out."""
        rng = np.random.default_rng([self.options.seed, epoch])
        order = rng.permutation(len(self.lengths))
        if self.shares is not None and self.shares.min() < 1:
            order = order[rng.random(len(order))[order] < self.shares[order]]
        rows = pack(order.tolist(), self.lengths, self.options.row_tokens)
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

    The same samples are masked in the same way each time, and of all words alike, so
    that runs with and without recurring spans compare.
    """
    plain = dataclasses.replace(options, recurring_share=0.0)
    objectives = _objectives(dev, model.unilm.config.vocab_size, plain)
    rng = np.random.default_rng(options.seed)
    arrays = (objectives.batch(rows, options.row_tokens, rng) for rows in batches)
    scores = mean_scores(model, ((batch, _predictions(batch)) for batch in arrays))
    found = {f"dev_{name}": scores[name] for name in OBJECTIVES if name in scores}
    return {"dev_loss": float(np.mean(list(found.values()))), **found}


def _predictions(batch: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return how many predictions of each objective a batch charges."""
    return {
        name: float(batch["weights"][batch["objective"] == number].sum())
        for number, name in enumerate(OBJECTIVES)
    }


def _objectives(
    corpus: Corpus,
    vocab_size: int,
    options: PretrainOptions,
    is_text: np.ndarray | None = None,
) -> Objectives:
    return Objectives(
        corpus,
        (options.bidirectional_share, options.lm_share),
        options.mask_share,
        vocab_size,
        options.recurring_share,
        is_text,
    )


def _is_text(vocabulary: Vocabulary) -> np.ndarray:
    """Return (V,) bool: which tokens are characters or pieces of words, no marks."""
    return np.array([x.removeprefix("##").isalnum() for x in vocabulary.tokens])


def _limits(row_tokens: int) -> list[int]:
    """Return how long samples may be: most are short, some fill a row."""
    whole = row_tokens - EXTRA
    return [max(8, whole // 4), max(8, whole // 4), max(8, whole // 2), whole]


def _part_read(path: pathlib.Path, options: PretrainOptions) -> float:
    """Return how much of a file is read, from 0 to 1."""
    if not options.tokens_per_file:
        return 1.0
    size = sum(map(len, documents(path)))
    return min(1.0, options.tokens_per_file / max(1, size))


def _read(
    paths: Sequence[pathlib.Path], parts: Sequence[float], seed: int
) -> Iterator[tuple[int, str, float]]:
    """Yield source, text and a lot in [0, 1) for the dev part of each document read.

    Lots are drawn from the text, so a document that comes twice has one lot.
    """
    for source, (path, part) in enumerate(zip(paths, parts, strict=True)):
        for text in documents(path):
            mixed = zlib.crc32(f"{seed}{text}".encode())
            if (mixed & 0xFFFF) / 0x10000 < part:
                yield source, text, (mixed >> 16) / 0x10000
