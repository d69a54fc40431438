"""Train the couplet model: couplets in, a run folder and a checkpoint folder out."""

import functools
import pathlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from safetensors.numpy import load_file

from nlg.couplet.config import COMPLETE, FORWARD, MODES, REVERSE
from nlg.couplet.dataset import Couplet, load_couplets
from nlg.couplet.inputs import LONGEST
from nlg.couplet.pairs import Pairs
from nlg.couplet.responder import TASK
from nlg.couplet.train.batches import Encoded, batch_of, encode
from nlg.couplet.train.model import CoupletTagger
from nlg.couplet.train.options import CoupletTraining
from nlg.errors import DataError
from nlg.layers.weights import assign, variables_by_path
from nlg.runtime.checkpoint import WEIGHTS, Checkpoint, open_checkpoint
from nlg.text.vocab import Vocabulary
from nlg.training.batches import Schedule
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.metric_means import mean_scores
from nlg.training.run import Run
from nlg.training.task import TrainingTask

VOCABULARY, PAIRS = "vocab.txt", "pairs.txt"  # in the run's folder


class Data(NamedTuple):
    """What a run trains and is scored on."""

    vocabulary: Vocabulary
    pairs: Pairs
    train: Encoded
    dev: Encoded


def couplet_task(
    data: pathlib.Path,
    dev: pathlib.Path,
    folder: pathlib.Path,
    options: CoupletTraining,
    init: pathlib.Path | None = None,
) -> TrainingTask[Data, CoupletTagger]:
    """Return the training of a couplet model.

    Args:
        data: couplets, as `nlg data couplet` writes them.
        dev: the same, kept back.
        folder: the run's.
        options: of the run.
        init: a checkpoint to begin with; its vocabulary and weights are taken, and of
            its pairs the most frequent ones, `options.max_pairs` at most.

    Raises:
        CheckpointError: `init` is none, or is larger or of other sizes than asked.
        DataError: there are no couplets, none short enough, or too few characters.
    """
    couplets, dev_couplets = (_read(path, options.max_length) for path in (data, dev))
    opened = open_checkpoint(init, TASK) if init else None

    def prepare(run: Run) -> Data:
        if not (folder / PAIRS).exists():  # the last to be written
            if opened:
                _take_characters(opened, folder, options)
            else:
                _count_characters(couplets, data, folder, options)
        vocabulary = Vocabulary.load(folder / VOCABULARY)
        pairs = Pairs.load(folder / PAIRS, vocabulary)
        encoded = (
            encode(rows, vocabulary, options.max_length)
            for rows in (couplets, dev_couplets)
        )
        return Data(vocabulary, pairs, *encoded)

    def model(run: Run, data: Data) -> CoupletTagger:
        made = build_model(len(data.vocabulary), len(data.pairs), options)
        if opened:
            init_from(made, opened.path(WEIGHTS))
        return made

    return TrainingTask(
        folder=folder,
        options=options,
        notes={"data": data.name, "init": str(init or "")},
        old_notes={"init": ""},
        prepare=prepare,
        model=model,
        batches=lambda found: _batches(found.train, found.pairs, options),
        evaluate=lambda model, found: functools.partial(
            score, model, found.dev, found.pairs, options.batch_tokens
        ),
        export=lambda trained: export_in_subprocess(
            "nlg.couplet.train.export", folder, data, dev
        ),
    )


def _take_characters(
    opened: Checkpoint, folder: pathlib.Path, options: CoupletTraining
) -> None:
    """Give a run the vocabulary and the most frequent pairs of a checkpoint."""
    shutil.copy(opened.path(VOCABULARY), folder / VOCABULARY)
    vocabulary = Vocabulary.load(folder / VOCABULARY)
    known = Pairs.load(opened.path(PAIRS), vocabulary).pairs[: options.max_pairs]
    Pairs(known, vocabulary).save(folder / PAIRS)


def _count_characters(
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


def _batches(
    encoded: Encoded, pairs: Pairs, options: CoupletTraining
) -> Callable[[int], dict[str, np.ndarray]]:
    """Return the function from the number of a batch to its input."""
    schedule = Schedule(
        {length: len(rows) for length, rows in encoded.items()},
        {length: max(1, options.batch_tokens // length) for length in encoded},
        options.seed,
    )
    shares = (options.reverse_share, options.complete_share)
    chances = [1.0 - sum(shares), *shares]

    def batch_at(step: int) -> dict[str, np.ndarray]:
        length, rows = schedule.at(step)
        rng = np.random.default_rng([options.seed, step])
        modes = rng.choice(len(MODES), len(rows), p=chances)
        return batch_of(encoded[length][rows], modes, pairs, rng, options.hidden_share)

    return batch_at


def _read(path: pathlib.Path, longest: int) -> list[Couplet]:
    """Return the couplets of a file, some of them short enough to be used."""
    couplets = load_couplets(path)
    if all(len(first) > longest for first, _ in couplets):
        raise DataError(
            f"{path}: no couplet in it of up to {longest} characters; raise max_length"
        )
    return couplets


def build_model(vocab_size: int, pairs: int, options: CoupletTraining) -> CoupletTagger:
    """Return a fresh model of the size that `options` say."""
    model = CoupletTagger(options.model(vocab_size, pairs))
    model.build()
    return model


def init_from(model: CoupletTagger, weights: pathlib.Path) -> None:
    """Give `model` the weights of a checkpoint; an attention it lacked starts as none.

    Of more pairs than the model's the first are taken: they are the most frequent.

    Raises:
        CheckpointError: the checkpoint has other sizes.
    """
    tensors, variables = load_file(weights), variables_by_path(model)
    table = model.pairs.table
    if table.path in tensors:
        tensors[table.path] = tensors[table.path][: table.shape[0]]
    wanted = {
        name: variable
        for name, variable in variables.items()
        if name in tensors or "/attention_" not in name
    }
    assign(wanted, tensors, weights)


def score(
    model: CoupletTagger, encoded: Encoded, pairs: Pairs, batch_tokens: int
) -> dict[str, float]:
    """Return nats a character of each task; `dev_loss` is that of second lines.

    The same places are blank each time.
    """
    rng = np.random.default_rng(1)
    found: dict[str, float] = {}
    for mode in (FORWARD, REVERSE, COMPLETE):
        batches = _dev_batches(encoded, mode, pairs, batch_tokens, rng)
        found |= {MODES[mode]: 0.0} | mean_scores(model, batches)  # 0: nothing blank
    nats = {f"dev_{name}": value for name, value in found.items()}
    return {"dev_loss": found[MODES[FORWARD]], **nats}


def _dev_batches(
    encoded: Encoded,
    mode: int,
    pairs: Pairs,
    batch_tokens: int,
    rng: np.random.Generator,
) -> Iterator[tuple[dict[str, np.ndarray], dict[str, float]]]:
    """Yield all of `encoded` as batches of one mode, with the weight of its score."""
    for length, rows in encoded.items():
        size = max(1, batch_tokens // length)
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            batch = batch_of(part, np.full(len(part), mode), pairs, rng)
            yield batch, {MODES[mode]: float(batch["weights"].sum())}
