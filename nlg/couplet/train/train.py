"""Train the couplet model: couplets in, a run folder and a checkpoint folder out."""

import functools
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from safetensors.numpy import load_file

from nlg.couplet.config import MODES
from nlg.couplet.pairs import Pairs
from nlg.couplet.responder import TASK
from nlg.couplet.train.batches import Encoded, batch_of, encode
from nlg.couplet.train.evaluate import score
from nlg.couplet.train.model import CoupletTagger, build_model
from nlg.couplet.train.options import CoupletTraining
from nlg.couplet.train.prepare import (
    PAIRS,
    VOCABULARY,
    count_characters,
    read_couplets,
    take_characters,
)
from nlg.layers.weights import assign, variables_by_path
from nlg.runtime.checkpoint import WEIGHTS, open_checkpoint
from nlg.text.vocab import Vocabulary
from nlg.training.batches import Schedule
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.run import Run
from nlg.training.task import TrainingTask


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
    couplets, dev_couplets = (
        read_couplets(path, options.max_length) for path in (data, dev)
    )
    opened = open_checkpoint(init, TASK) if init else None

    def prepare(run: Run) -> Data:
        if not (folder / PAIRS).exists():  # the last to be written
            if opened:
                take_characters(opened, folder, options)
            else:
                count_characters(couplets, data, folder, options)
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
        may_change=("metric_samples",),
    )


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
