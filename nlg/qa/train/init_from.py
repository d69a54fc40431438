"""What a reader begins with: a backbone, readers, or random weights."""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

from safetensors.numpy import load_file

from nlg.backbone.checkpoint import TASK as BACKBONE
from nlg.backbone.checkpoint import load_backbone, refuse_hollow
from nlg.backbone.config import BackboneConfig
from nlg.backbone.deepen import deepened
from nlg.backbone.init_from import init_from as init_from_backbone
from nlg.backbone.unilm import UniLM
from nlg.errors import OptionError
from nlg.layers.weights import assign, variables_by_path, weights_by_path
from nlg.qa.reader import TASK
from nlg.qa.train.model import Answerer, build_model
from nlg.qa.train.options import QATraining
from nlg.runtime.checkpoint import WEIGHTS, Checkpoint, open_checkpoint
from nlg.text.tokenizer import Tokenizer
from nlg.training.average import mean_of

CONDITION = 64  # units


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
    classes = options.model().classes()
    if classes:
        changes = {"condition_size": CONDITION, "classes": classes}
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


@dataclasses.dataclass(frozen=True)
class ReaderFacts:
    """The part of a reader's config.json that its training goes on with."""

    backbone: dict[str, Any]
    lower_case: bool


def _reader(
    opened: Checkpoint, options: QATraining, changes: dict[str, Any]
) -> tuple[Answerer, Tokenizer]:
    """Return a model with all weights of a reader's checkpoint."""
    facts = opened.config.facts_as(ReaderFacts)
    config = BackboneConfig.from_dict(facts.backbone)
    refuse_hollow(config, [opened.path(WEIGHTS)], config.layers)
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
    tokenizer = Tokenizer(opened.vocabulary, facts.lower_case)
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
