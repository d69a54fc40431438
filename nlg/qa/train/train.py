"""Train the reader: questions in, a run folder and a checkpoint folder out."""

import dataclasses
import math
import pathlib
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops
from safetensors.numpy import load_file

from nlg.backbone.checkpoint import TASK as BACKBONE
from nlg.backbone.checkpoint import load_backbone
from nlg.backbone.config import BackboneConfig
from nlg.backbone.deepen import deepened
from nlg.backbone.init_from import Shape
from nlg.backbone.init_from import init_from as init_from_backbone
from nlg.backbone.unilm import UniLM
from nlg.decode.compile import bucket_of_length, compiled
from nlg.decode.results import line_of
from nlg.errors import DataError, OptionError
from nlg.layers.weights import assign, variables_by_path, weights_by_path
from nlg.metrics.qa import Attempt, squad_report
from nlg.qa.config import ANSWER_TYPES
from nlg.qa.data.answer_substitution import substituted
from nlg.qa.data.examples import Example, load_examples, write
from nlg.qa.inputs import padded
from nlg.qa.reader import TASK
from nlg.qa.train.batches import Batches, Encoded, PackedRows, encode, in_company
from nlg.qa.train.measure import RANKED, some
from nlg.qa.train.model import Answerer
from nlg.qa.train.options import QATraining
from nlg.qa.train.search import greedy
from nlg.qa.train.word_vectors import fixed_weights, lexicon_of, vectors_for
from nlg.runtime.checkpoint import WEIGHTS, Checkpoint, open_checkpoint
from nlg.text.lexicon import Lexicon
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import SEP_ID
from nlg.training.average import mean_of
from nlg.training.export_subprocess import export_in_subprocess
from nlg.training.metric_means import mean_scores
from nlg.training.progress_bar import counted, note
from nlg.training.run import Run
from nlg.training.shares import shares_of_sources
from nlg.training.task import TrainingTask

# in the run's folder; the last is the last to be written
TO_RANK, TRAIN, DEV = "ranking.jsonl", "train.safetensors", "dev.safetensors"
CONDITION = 64  # units
EVAL_BATCH = 16  # questions that are answered at once
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


def init_from_mean(
    inits: Sequence[pathlib.Path], options: QATraining
) -> tuple[Answerer, Tokenizer]:
    """Return a model that begins with the mean of several readers' weights.

    See `nlg.training.average`; of one reader or backbone, see `init_from`.

    Raises:
        OptionError: they know other tokens.
        CheckpointError: they are not of one size, not readers, or know other words by
            their vectors.
    """
    if len(inits) == 1:
        return init_from(inits[0], options)
    opened = [init_from(init, options, (TASK,)) for init in inits]
    model, tokenizer = opened[0]
    for init, (_, its) in zip(inits, opened, strict=True):
        if its.vocabulary.tokens != tokenizer.vocabulary.tokens:
            raise OptionError(
                f"{init} and {inits[0]} know other tokens; take readers of one "
                "vocabulary"
            )
    means = mean_of(
        (init, weights_by_path(its))
        for init, (its, _) in zip(inits, opened, strict=True)
    )
    assign(variables_by_path(model), means, inits[0])
    return model, tokenizer


def init_from(
    init: pathlib.Path, options: QATraining, tasks: Sequence[str] = (BACKBONE, TASK)
) -> tuple[Answerer, Tokenizer]:
    """Return a model that begins with the weights of `init`, or of a preset's size.

    Args:
        init: a backbone's checkpoint or a reader's. What `options` put beside it and
            it does not have starts without effect.
        options: of the run.
        tasks: what it may be a checkpoint for.

    Raises:
        OptionError: it does not suit `options`.
        CheckpointError: it is for none of `tasks`, or has what `options` leave out.
    """
    changes: dict[str, Any] = {"condition_size": 0, "classes": ()}
    if options.answer_types:
        changes = {"condition_size": CONDITION, "classes": (len(ANSWER_TYPES),)}
    changes["dropout"] = options.dropout
    opened = open_checkpoint(init, *tasks)
    if opened.config.task == TASK:
        return _reader(opened, options, changes)
    backbone = load_backbone(init)
    _check_room(options, backbone.config, init)
    unilm = init_from_backbone(
        backbone, init, options.layers, options.preset, **changes
    )
    return build_model(unilm, options), backbone.tokenizer


def _reader(
    opened: Checkpoint, options: QATraining, changes: dict[str, Any]
) -> tuple[Answerer, Tokenizer]:
    """Return a model with all weights of a reader's checkpoint."""
    config = BackboneConfig.from_dict(opened.config.facts["backbone"])
    _check_room(options, config, opened.folder)
    layers = options.layers or config.layers
    if options.preset or layers < config.layers:
        raise OptionError(
            f"{opened.folder} is a reader, of which all {config.layers} blocks are "
            "kept: leave preset out, take as many layers or more, or begin with a "
            "backbone"
        )
    unilm = UniLM(dataclasses.replace(config, layers=layers, **changes))
    unilm.build()
    model = build_model(unilm, options)
    path = opened.path(WEIGHTS)
    tensors = deepened(load_file(path), layers)
    variables = variables_by_path(model)
    known = {name: x for name, x in variables.items() if name in tensors}
    assign(known, tensors, path)
    tokenizer = Tokenizer(opened.vocabulary, opened.config.facts["lower_case"])
    return model, tokenizer


def _check_room(
    options: QATraining, config: BackboneConfig, init: pathlib.Path
) -> None:
    positions = config.max_positions
    if options.row_tokens > positions:
        raise OptionError(
            f"row_tokens ({options.row_tokens}) is more than the {positions} positions "
            f"that {init} knows"
        )


def build_model(unilm: UniLM, options: QATraining) -> Answerer:
    """Return `unilm` with what `options` put beside it."""
    model = Answerer(unilm, options.model(), options.r_drop)
    model.build()
    return model


def prepare(
    run: Run,
    data: Sequence[pathlib.Path],
    dev: pathlib.Path,
    tokenizer: Tokenizer,
    options: QATraining,
) -> None:
    """Write the samples of `data` and `dev` as arrays into the folder of `run`.

    And some of `data` as they are, for the ranking that the checkpoint is to have.
    """
    rng = random.Random(options.seed)
    examples = [example for path in data for example in load_examples(path)]
    write(to_rank(examples, options), run.folder / TO_RANK)
    varied = list(substituted(examples, options.swapped, rng))
    joined = in_company(varied, options.least_passage, rng)
    looked_at = some(load_examples(dev), options.dev_questions)
    for name, found in ((TRAIN, joined), (DEV, looked_at)):
        shown = counted(found, f"reading for {name}")
        encoded, sources = encode(shown, tokenizer, options)
        run.save(name, encoded._asdict(), sources=sources)


def to_rank(examples: Sequence[Example], options: QATraining) -> list[Example]:
    """Return up to `RANKED` examples, of each source as many as its share allows.

    Those whose passage is too short to stand alone are left out.
    """
    by_source: dict[str, list[Example]] = {}
    for example in examples:
        here = by_source.setdefault(example.source, [])
        if len(example.passage) >= options.least_passage:
            here.append(example)
    shares = shares_of_sources(options.shares, list(by_source))
    there = sum(x for x, here in zip(shares, by_source.values(), strict=True) if here)
    rng = random.Random(options.seed)
    found = []
    for here, share in zip(by_source.values(), shares, strict=True):
        count = math.ceil(RANKED * share / max(there, 1e-9))
        found += rng.sample(here, min(len(here), count))
    return found


def warn_of_padding(rows: PackedRows) -> None:
    """Say on stderr if much of each row is padding, which takes as long as tokens."""
    filled, options = rows.filled(), rows.options
    if filled < WELL_FILLED:
        note(
            f"rows of {options.row_tokens} tokens are {filled:.0%} full, the rest is "
            f"padding; try another row_tokens, {options.longest()} or more"
        )


def load_encoded(run: Run, name: str) -> tuple[Encoded, list[str]]:
    """Return the samples that `prepare` wrote, and the names of their sources."""
    saved = run.load(name)
    if saved is None:
        raise DataError(f"{run.folder} has no {name}; take another folder")
    tensors, notes = saved
    return Encoded(**tensors), notes["sources"]


class Evaluator:
    """What a run looks at: the same questions of dev each time."""

    def __init__(
        self,
        model: Answerer,
        encoded: Encoded,
        tokenizer: Tokenizer,
        options: QATraining,
        lexicon: Lexicon | None = None,
    ):
        self.model, self.tokenizer = model, tokenizer
        length = options.max_answer + 1
        self.write = compiled(lambda **inputs: greedy(model, inputs, length), model)
        plain = dataclasses.replace(
            options, by_sample=False, untold_share=0.0, batch_tokens=options.row_tokens
        )
        self.batches = Batches(encoded, plain, lexicon)
        self.rows = PackedRows(
            encoded, [1.0] * (int(encoded.sources.max()) + 1), plain
        ).epoch(0)
        self.kinds = encoded.kinds

    def scores(self) -> dict[str, float]:
        """Return nats an answer token, and how good the most probable answers are.

        exact match and F1 of characters as `nlg eval qa --metric squad` has them, but
        of greedy answers and without the search's rules.
        """
        batches = map(self.batches.batch, self.rows)
        weighed = ((batch, float(batch["weights"].sum())) for batch in batches)
        loss = mean_scores(self.model, weighed)["loss"]
        report = squad_report(list(self.attempts()))
        return {"dev_loss": loss} | {f"dev_{name}": x for name, x in report.items()}

    def attempts(self) -> Iterator[Attempt]:
        """Yield what the model answers to each question, and what is right."""
        lengths = self.batches.encoded.lengths[:, :2].sum(axis=1)
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), EVAL_BATCH):
            samples = order[start : start + EVAL_BATCH].tolist()
            answers = ops.convert_to_numpy(self.write(**self._inputs(samples)))
            for sample, line in zip(samples, answers.tolist(), strict=False):
                _, target = self.batches.sample(sample)
                said, right = map(self._text, (line, target.tolist()))
                yield Attempt(said, (right,) if right else ())

    def _inputs(self, samples: list[int]) -> dict[str, np.ndarray]:
        """Return the sources of `EVAL_BATCH` samples; the first fill up the last."""
        filled = samples + samples[:1] * (EVAL_BATCH - len(samples))
        arrays = padded([self.batches.sample(sample)[0] for sample in filled])
        width = arrays["token_ids"].shape[1]
        room = ((0, 0), (0, bucket_of_length(width) - width))
        kinds = self.kinds[filled].astype("int32")[:, None]
        return {k: np.pad(x, room) for k, x in arrays.items()} | {"class_ids": kinds}

    def _text(self, token_ids: list[int]) -> str:
        return self.tokenizer.decode(line_of(token_ids, SEP_ID))
