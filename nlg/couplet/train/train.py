"""Train the couplet model: couplets in, a run folder and a checkpoint folder out."""

import dataclasses
import pathlib
import shutil
from typing import Any

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
from nlg.runtime.checkpoint import WEIGHTS, open_checkpoint
from nlg.text.vocab import Vocabulary
from nlg.training.batches import Schedule
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.loop import Means, fit
from nlg.training.options import MAY_CHANGE
from nlg.training.run import Run

VOCABULARY, PAIRS = "vocab.txt", "pairs.txt"  # in the run's folder


def train_couplet(
    data: pathlib.Path,
    dev: pathlib.Path,
    folder: pathlib.Path,
    options: CoupletTraining,
    init: pathlib.Path | None = None,
) -> dict[str, Any]:
    """Train to `options.steps`, resuming what `folder` holds; return the best line.

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
    run = Run(folder)
    run.lock_config(
        dataclasses.asdict(options) | {"data": data.name, "init": str(init or "")},
        MAY_CHANGE,
        defaults=dataclasses.asdict(CoupletTraining()) | {"init": ""},
    )
    if opened and not (folder / PAIRS).exists():
        shutil.copy(opened.path(VOCABULARY), folder / VOCABULARY)
        vocabulary = Vocabulary.load(folder / VOCABULARY)
        known = Pairs.load(opened.path(PAIRS), vocabulary).pairs[: options.max_pairs]
        Pairs(known, vocabulary).save(folder / PAIRS)
    if not (folder / PAIRS).exists():  # the last to be written
        lines = [line for couplet in couplets for line in couplet]
        vocabulary = Vocabulary.from_counts(lines, options.min_count)
        if len(vocabulary) <= LONGEST:
            raise DataError(
                f"{data}: {len(vocabulary) - 2} characters stand there "
                f"{options.min_count} times or more, too few for a line of {LONGEST}; "
                "give more couplets, or take another folder and a lower min_count"
            )
        vocabulary.save(folder / VOCABULARY)
        made = Pairs.from_counts(lines, vocabulary, options.max_pairs)
        made.save(folder / PAIRS)
    vocabulary = Vocabulary.load(folder / VOCABULARY)
    pairs = Pairs.load(folder / PAIRS, vocabulary)
    model = build_model(len(vocabulary), len(pairs), options)
    if opened:
        init_from(model, opened.path(WEIGHTS))
    encoded = encode(couplets, vocabulary, options.max_length)
    dev_encoded = encode(dev_couplets, vocabulary, options.max_length)
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

    def evaluate() -> dict[str, float]:
        return score(model, dev_encoded, pairs, options.batch_tokens)

    return fit(model, batch_at, evaluate, options, run)


def _read(path: pathlib.Path, longest: int) -> list[Couplet]:
    """Return the couplets of a file, some of them short enough to be used."""
    couplets = load_couplets(path)
    if all(len(first) > longest for first, _ in couplets):
        raise DataError(
            f"{path}: no couplet in it of up to {longest} characters; raise max_length"
        )
    return couplets


def make_checkpoint(
    folder: pathlib.Path, data: pathlib.Path, dev: pathlib.Path
) -> pathlib.Path:
    """Export the run's best weights to `folder`/checkpoint; return that path."""
    return export_in_subprocess("nlg.couplet.train.export", folder, data, dev)


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
    found = {}
    for mode in (FORWARD, REVERSE, COMPLETE):
        means = Means()
        for length, rows in encoded.items():
            size = max(1, batch_tokens // length)
            for start in range(0, len(rows), size):
                part = rows[start : start + size]
                batch = batch_of(part, np.full(len(part), mode), pairs, rng)
                model.reset_metrics()
                scores = model.test_on_batch(batch, return_dict=True)
                count = float(batch["weights"].sum())
                if count:
                    means.add({"nats": scores[MODES[mode]]}, count)
        found[MODES[mode]] = means.result().get("nats", 0.0)  # where nothing is blank
    nats = {f"dev_{name}": value for name, value in found.items()}
    return {"dev_loss": found[MODES[FORWARD]], **nats}
