"""Train the reader: questions in, a run folder and a checkpoint folder out."""

import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from nlg.backbone.init_from import Shape
from nlg.qa.train.batches import Batches, Encoded, PackedRows
from nlg.qa.train.evaluate import Evaluator
from nlg.qa.train.model import Answerer
from nlg.qa.train.options import QATraining
from nlg.qa.train.prepare import DEV, TRAIN, load_encoded, prepare
from nlg.qa.train.start import init_from_mean
from nlg.qa.train.word_vectors import fixed_weights, lexicon_of, vectors_for
from nlg.text.lexicon import Lexicon
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.progress_bar import note
from nlg.training.run import Run
from nlg.training.shares import shares_of_sources
from nlg.training.task import TrainingTask

WELL_FILLED = 0.75  # of a row's places


class Data(NamedTuple):
    """What a run trains and is scored on."""

    train: Encoded
    sources: list[str]  # of the samples of `train`, by number
    dev: Encoded
    lexicon: Lexicon | None


def qa_task(
    data: Sequence[pathlib.Path],
    dev: pathlib.Path,
    folder: pathlib.Path,
    options: QATraining,
    init: Sequence[pathlib.Path],
    vectors: pathlib.Path | None = None,
) -> TrainingTask[Data, Answerer]:
    """Return the training of a reader.

    Args:
        data: what `nlg data qa` and `nlg data cloze` wrote.
        dev: the same, kept back.
        folder: the run's.
        options: of the model and of the run.
        init: a backbone's checkpoint or a reader's; its vocabulary, size and weights
            are taken. Of several readers, the mean of the weights.
        vectors: of words, see `nlg.text.word_vectors`; None takes those of `init`.
    """
    model, tokenizer = init_from_mean(init, options)
    known = vectors_for(model, init[0], vectors)

    def ready(run: Run) -> Data:
        if not (folder / DEV).exists():
            Shape(model.unilm.config, tokenizer).save(folder)
            prepare(run, data, dev, tokenizer, options)
        train, sources = load_encoded(run, TRAIN)
        looked_at, _ = load_encoded(run, DEV)
        lexicon = lexicon_of(folder, tokenizer, known) if options.lexicon() else None
        return Data(train, sources, looked_at, lexicon)

    return TrainingTask(
        folder=folder,
        options=options,
        notes={
            "data": [path.name for path in data],
            "dev": dev.name,
            "init": ", ".join(map(str, init)),
            "word_vectors": vectors.name if vectors else "",
        },
        old_notes={"word_vectors": ""},
        prepare=ready,
        model=lambda run, data: model,
        batches=lambda data: _batches(data, options),
        evaluate=lambda model, data: (
            Evaluator(model, data.dev, tokenizer, options, data.lexicon).scores
        ),
        export=lambda trained: export_in_subprocess("nlg.qa.train.export", folder, dev),
        frozen=fixed_weights(options),
    )


def _batches(data: Data, options: QATraining) -> Callable[[int], dict[str, np.ndarray]]:
    """Return the function from the number of a batch to its input."""
    shares = shares_of_sources(options.shares, data.sources)
    rows = PackedRows(data.train, shares, options)
    warn_of_padding(rows)
    batches = Batches(data.train, options, data.lexicon)
    return lambda step: batches.batch(rows.at(step))


def warn_of_padding(rows: PackedRows) -> None:
    """Say on stderr if much of each row is padding, which takes as long as tokens."""
    filled, options = rows.filled(), rows.options
    if filled < WELL_FILLED:
        note(
            f"rows of {options.row_tokens} tokens are {filled:.0%} full, the rest is "
            f"padding; try another row_tokens, {options.longest()} or more"
        )
