"""Pretrained Chinese BERTs in: Google's, Hugging Face's, and what bert4keras trained.

    files ── tensors by their names ── table of names ── by ours ── rows cut ── folder

A checkpoint that lacks a weight, has one more or another shape is refused with a list,
in the names of its maker; heads that do not write are known, and only counted.

Shapes: R rows of the token table before, V after, D units.
"""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from nlg.backbone.checkpoint import refuse_foreign, refuse_hollow, save_backbone
from nlg.backbone.config import BackboneConfig
from nlg.backbone.import_config import config_of, for_bert4keras
from nlg.backbone.import_source import (
    HDF5,
    SAFETENSORS,
    Source,
    lower_case_of,
    read_config,
)
from nlg.backbone.import_tensors import TABLE as HUB_TABLE
from nlg.backbone.import_tensors import read_hdf5, read_safetensors, read_tensorflow
from nlg.backbone.import_vocabulary import Kept, cut, padded, read_tokens, rows_of
from nlg.backbone.import_weights import HEAD, Sought, Tensors, build
from nlg.backbone.names import MODEL, is_ignored, names
from nlg.errors import CheckpointError
from nlg.layers.weights import (
    Shape,
    assign,
    shapes_of,
    variables_by_path,
    weights_by_path,
)
from nlg.runtime.checkpoint import digest
from nlg.text.vocab import UNK_ID, Vocabulary

TABLE, BIAS = f"{MODEL}/embeddings/token/table", f"{HEAD}bias"
SAVED_TABLE = "Embedding-Token/embeddings"
CONDITION = "Embedding-Norm/beta_dense/kernel"
NEVER = -1e4  # a score that float16 can hold and that no softmax shows
SEGMENTS = 2  # all that bert4keras builds


@dataclasses.dataclass(frozen=True)
class ImportOptions:
    """What a checkpoint does not say of itself."""

    keep: str = "simplified"  # of the vocabulary: simplified, full, or a file of tokens
    application: str = "unilm"  # of nlg.backbone.config.APPLICATIONS
    activation: str = ""  # of nlg.backbone.config.ACTIVATIONS; empty is what it says
    cased: bool = False  # keep capitals, whatever it says
    fresh_head: bool = False  # start the head that scores tokens anew
    dtype: str = "float16"  # of the weights on disk; or float32


class Pretrained(NamedTuple):
    """A checkpoint, read."""

    layout: str  # of nlg.backbone.names.LAYOUTS
    config: BackboneConfig  # vocab_size is R
    tokens: list[str]  # of the R rows
    tensors: Tensors  # by our paths, float32
    ignored: list[str]  # names of weights that a writer does without
    classes: tuple[str, ...] = ()  # what it calls the table of each kind of class


def import_bert(
    source: Source, out: pathlib.Path, options: ImportOptions
) -> tuple[Pretrained, Kept]:
    """Make the backbone folder `out` of a pretrained checkpoint.

    Returns:
        What was read, and what was kept of its vocabulary.

    Raises:
        CheckpointError: `source` cannot be used; what was at `out` still is.
    """
    refuse_foreign(out)
    read = read_pretrained(source, options)
    kept = cut(read.tokens, options.keep, source.vocabulary)
    model = build(dataclasses.replace(read.config, vocab_size=len(kept.rows)))
    tensors = with_rows(read.tensors, kept.rows)
    if options.fresh_head:
        fresh = weights_by_path(model)
        tensors |= {path: x for path, x in fresh.items() if path.startswith(HEAD)}
    assign(variables_by_path(model), tensors, source.weights[0])
    save_backbone(
        out,
        model,
        Vocabulary(kept.tokens),
        {"imported": {path.name: digest(path) for path in source.files()}},
        options.dtype,
        lower_case_of(source) and not options.cased,
    )
    return read, kept


def read_pretrained(source: Source, options: ImportOptions) -> Pretrained:
    """Return all that a checkpoint holds.

    Raises:
        CheckpointError: no BERT, or weights are missing, unused or misshapen.
    """
    facts = read_config(source.config)
    config = config_of(facts, source.config, options.application, options.activation)
    tokens = padded(read_tokens(source.vocabulary), config.vocab_size)
    # The table's rows are the tokens, whatever the config says.
    config = dataclasses.replace(config, vocab_size=len(tokens))
    if source.kind == HDF5:
        tensors = read_hdf5(source.weights[0])
        return _from_keras(tensors, source, config, tokens, options)
    if source.kind == SAFETENSORS:
        return _from_hugging_face(source, config, tokens, options)
    return _from_tensorflow(source, config, tokens, options)


def with_rows(tensors: Tensors, rows: list[int]) -> Tensors:
    """Return `tensors` with V of the R rows of the table (R, D) and of the bias (R,).

    A row -1 is that of a [MASK] which the model never saw: it looks like [UNK], and is
    never written.
    """
    order = np.array(rows)
    new = order < 0
    order[new] = order[UNK_ID]
    chosen = {path: tensors[path][order] for path in {TABLE, BIAS} & tensors.keys()}
    if BIAS in chosen:
        chosen[BIAS] = np.where(new, NEVER, chosen[BIAS])
    return tensors | chosen


def _from_hugging_face(
    source: Source, config: BackboneConfig, tokens: list[str], options: ImportOptions
) -> Pretrained:
    tensors = read_safetensors(source.weights)
    tokens = padded(tokens, len(tensors.get(HUB_TABLE, ())))
    config = dataclasses.replace(config, vocab_size=len(tokens))
    refuse_hollow(config, source.files(), config.layers)
    sought = Sought(config, "hugging_face", options.fresh_head)
    ignored = sought.check(shapes_of(tensors), source.weights[0])
    return Pretrained("hugging_face", config, tokens, sought.take(tensors), ignored)


def _from_tensorflow(
    source: Source, config: BackboneConfig, tokens: list[str], options: ImportOptions
) -> Pretrained:
    """Read Google's checkpoint, or what tf.keras saved in TensorFlow's format."""
    (prefix,) = source.weights
    refuse_hollow(config, source.files(), blocks=1)  # ALBERT's blocks are one
    fresh = options.fresh_head
    soughts = {x: Sought(config, x, fresh) for x in ("google", "albert")}
    ignored: list[str] = []

    def check(found: Mapping[str, Shape], layout: str) -> None:
        if layout in soughts:
            ignored.extend(soughts[layout].check(found, prefix))
            if config.segments != SEGMENTS:
                raise CheckpointError(
                    f"{source.config}: type_vocab_size is {config.segments}, and "
                    f"bert4keras reads {SEGMENTS}; save it with transformers instead"
                )

    layout, tensors = read_tensorflow(
        prefix,
        for_bert4keras(config, with_mlm=not fresh),
        {layout: sought.shapes for layout, sought in soughts.items()},
        check,
    )
    if layout == "bert4keras":
        return _from_keras(tensors, source, config, tokens, options)
    ours = Sought(config, "bert4keras", fresh).take(tensors)
    return Pretrained(layout, config, tokens, ours, ignored)


def _from_keras(
    tensors: Tensors,
    source: Source,
    config: BackboneConfig,
    tokens: list[str],
    options: ImportOptions,
) -> Pretrained:
    """Take what a script of bert4keras saved, whose rows are fewer than the tokens."""
    if SAVED_TABLE in tensors:
        rows = len(tensors[SAVED_TABLE])
        tokens = rows_of(rows, tokens, source.vocabulary)
        config = dataclasses.replace(config, vocab_size=rows)
    config, classes = _with_condition(config, tensors)
    refuse_hollow(config, source.files(), config.layers)
    sought = Sought(config, "bert4keras", options.fresh_head, classes)
    ignored = sought.check(shapes_of(tensors), source.weights[0])
    ours = sought.take(tensors)
    return Pretrained("bert4keras", config, tokens, ours, ignored, classes)


def _with_condition(
    config: BackboneConfig, tensors: Tensors
) -> tuple[BackboneConfig, tuple[str, ...]]:
    """Return the config with the condition that the weights have, and its tables.

    bert4keras leaves the condition to the script, kexue.fm/archives/7124: a table of
    the classes, as wide as what the LayerNorms take in.
    """
    if CONDITION not in tensors:
        return config, ()
    size = len(tensors[CONDITION])
    config = dataclasses.replace(config, condition_size=size)
    known = set(names(config, "bert4keras").values())
    tables = tuple(
        name
        for name, x in tensors.items()
        if name not in known and not is_ignored(name, "bert4keras")
        if name.endswith("/embeddings") and x.shape[1:] == (size,)
    )
    sizes = tuple(len(tensors[name]) for name in tables)
    return dataclasses.replace(config, classes=sizes), tables
