"""A backbone's checkpoint folder: written whole or not at all, and opened again.

    config.json           {"task": "backbone", "format": 1, "nlg": "0.3.0",
                           "model": {…BackboneConfig…}, "lower_case": true}
    vocab.txt             one token a line; [PAD] [UNK] [CLS] [SEP] [MASK] first
    weights.safetensors   every weight by the path Keras gives it, float16 or float32
    metrics.json          how good it is, or where it is from
    sha256                see nlg.runtime.checkpoint

Nothing is unpickled. What a task needs besides goes into a checkpoint of its own.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import nlg
from nlg.backbone.config import BackboneConfig
from nlg.backbone.unilm import UniLM
from nlg.errors import CheckpointError, DataError, OptionError
from nlg.files import write_json
from nlg.layers.weights import assign, variables_by_path, weights_by_path
from nlg.runtime import checkpoint as folders
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import SPECIAL, Vocabulary

TASK = "backbone"
FACTS = {"model", "lower_case"}
NEWER = "install the nlg that made it"
DTYPES = ("float16", "float32")


class Backbone(NamedTuple):
    """An opened folder."""

    model: UniLM  # built, in float32
    tokenizer: Tokenizer
    config: BackboneConfig
    metrics: dict[str, Any]


def save_backbone(
    folder: pathlib.Path,
    model: UniLM,
    vocabulary: Vocabulary,
    metrics: Mapping[str, Any],
    dtype: str = "float16",
    lower_case: bool = True,
) -> None:
    """Write `model` and all that is needed to use it; an old checkpoint is replaced.

    Args:
        folder: a new one, an empty one, or an old checkpoint.
        model: built.
        vocabulary: of the model, `SPECIAL` first.
        metrics: what goes to metrics.json.
        dtype: of the weights on disk; float16 halves a float32 file and moves a score
            of BERT by some 1e-3.
        lower_case: whether text is made lower case before it is cut into tokens.

    Raises:
        CheckpointError: the folder holds something else, the disk is full, or a weight
            is too great for `dtype`; an old checkpoint is as it was.
    """
    refuse_foreign(folder)
    _check_vocabulary(vocabulary, model.config, folder)
    tensors = _as(weights_by_path(model), dtype, folder)
    config = {
        "task": TASK,
        "format": folders.FORMAT,
        "nlg": nlg.__version__,
        "model": dataclasses.asdict(model.config),
        "lower_case": lower_case,
    }
    from safetensors.numpy import save

    try:
        with _replacing(folder) as part:
            write_json(part / folders.CONFIG, config)
            vocabulary.save(part / folders.VOCABULARY)
            # Not `save_file`: that lets nobody but its user read the file.
            (part / folders.WEIGHTS).write_bytes(save(tensors))
            write_json(part / folders.METRICS, metrics)
            folders.seal(part)
    except OSError as error:
        raise CheckpointError(
            f"{folder} cannot be written: {error}; make room or name another folder"
        ) from None


def load_backbone(folder: pathlib.Path) -> Backbone:
    """Open a folder that `save_backbone` wrote.

    Raises:
        CheckpointError: missing, half-written, altered, of another task or format, or
            its files do not fit each other.
    """
    opened = folders.open_checkpoint(folder, TASK)
    model, lower_case = _from_config(opened)
    path, weights = opened.path(folders.VOCABULARY), opened.path(folders.WEIGHTS)
    try:
        vocabulary = Vocabulary.load(path)
    except (DataError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path}: {error}; copy the folder again") from None
    _check_vocabulary(vocabulary, model.config, folder)
    assign(variables_by_path(model), _read_tensors(weights), weights)
    tokenizer = Tokenizer(vocabulary, lower_case)
    return Backbone(model, tokenizer, model.config, opened.metrics)


def refuse_hollow(
    config: BackboneConfig, weights: Iterable[pathlib.Path], blocks: int
) -> None:
    """Refuse a config whose weights no file of that size can hold.

    A model is built before it is compared with what is there; a stranger's config may
    ask for more memory than there is. No file has a weight in less than a byte.

    Raises:
        CheckpointError: `blocks` blocks of this config do not fit into the files.
    """
    paths = list(weights)
    size, least = sum(x.stat().st_size for x in paths), config.least_weights(blocks)
    if least > size:
        raise CheckpointError(
            f"{paths[0]} has {size:,} bytes, too few for the {least:,} weights or more "
            "of its config; copy the checkpoint again, or do not use it"
        )


def refuse_foreign(folder: pathlib.Path) -> None:
    """Refuse to replace anything but a backbone's checkpoint.

    Raises:
        CheckpointError: `folder` is a file, or a folder with anything else in it.
    """
    if not folder.exists():
        return
    if folder.is_dir():
        inside = {path.name for path in folder.iterdir()}
        if not inside or inside <= _listed(folder):
            return
    raise CheckpointError(
        f"{folder} exists and is no backbone, or holds more than one; name another "
        "folder"
    )


def _listed(folder: pathlib.Path) -> set[str]:
    """Return the names of the files of a backbone's folder, none if it is no such."""
    try:
        task = json.loads((folder / folders.CONFIG).read_text("utf-8"))["task"]
        lines = (folder / folders.SHA256).read_text("utf-8").splitlines()
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    listed = {line.partition("  ")[2] for line in lines}
    return {*listed, folders.SHA256} if task == TASK else set()


@contextlib.contextmanager
def _replacing(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Give a folder to fill; it takes the place of `folder` once all is on the disk.

    Beside it, hidden, so that a rename is all it takes.
    """
    folder = folder.resolve()
    part = folder.with_name(f".{folder.name}.part")
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(part, ignore_errors=True)  # left by a kill
    part.mkdir(parents=True)
    try:
        yield part
        for path in part.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        _swap(part, folder, old)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _swap(new: pathlib.Path, folder: pathlib.Path, old: pathlib.Path) -> None:
    """Rename `new` to `folder`; what was there waits as `old` until that is done."""
    replaced = folder.exists()
    if replaced:
        shutil.rmtree(old, ignore_errors=True)
        os.rename(folder, old)
    try:
        os.rename(new, folder)
    except BaseException:
        if replaced:
            os.rename(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _as(tensors: Mapping[str, Any], dtype: str, folder: pathlib.Path) -> dict[str, Any]:
    """Return `tensors` in `dtype`, or refuse what it cannot hold."""
    import numpy as np

    if dtype not in DTYPES:
        raise OptionError(f"dtype is {dtype!r}; choose {', '.join(DTYPES)}")
    most = np.finfo(dtype).max
    for name, tensor in tensors.items():
        if not (np.abs(tensor) <= most).all():  # a NaN is not, either
            raise CheckpointError(
                f"{folder}: {name} holds NaN, infinity or more than {most:.4g}, the "
                f"most of {dtype}; save float32, or an earlier state of the training"
            )
    return {name: tensor.astype(dtype) for name, tensor in tensors.items()}


def _from_config(opened: folders.Checkpoint) -> tuple[UniLM, bool]:
    """Return a fresh model of the config's shape, and whether text is lower case."""
    path, facts = opened.folder / folders.CONFIG, opened.config.facts
    unknown = sorted(facts.keys() - FACTS)
    if unknown:
        raise CheckpointError(f"{path} has unknown keys: {', '.join(unknown)}; {NEWER}")
    lower_case = facts.get("lower_case")
    if not isinstance(lower_case, bool):
        raise CheckpointError(f"{path}: lower_case must be true or false; {NEWER}")
    try:
        config = BackboneConfig.from_dict(facts["model"])
        refuse_hollow(config, [opened.path(folders.WEIGHTS)], config.layers)
        model = UniLM(config)
        model.build()
    except KeyError as error:
        raise CheckpointError(f"{path}: no {error.args[0]} in it; {NEWER}") from None
    except (TypeError, ValueError, OptionError) as error:
        raise CheckpointError(f"{path}: no such model: {error}; {NEWER}") from None
    return model, lower_case


def _read_tensors(path: pathlib.Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError, ValueError, TypeError) as error:
        raise CheckpointError(
            f"{path}: no safetensors file: {error}; copy the folder again"
        ) from None


def _check_vocabulary(
    vocabulary: Vocabulary, config: BackboneConfig, folder: pathlib.Path
) -> None:
    if len(vocabulary) != config.vocab_size:
        raise CheckpointError(
            f"{folder}: {len(vocabulary):,} tokens in {folders.VOCABULARY}, but "
            f"{config.vocab_size:,} in the model; take the one it was trained with"
        )
    if tuple(vocabulary.tokens[: len(SPECIAL)]) != SPECIAL:
        raise CheckpointError(
            f"{folder}: {folders.VOCABULARY} must start with {' '.join(SPECIAL)}"
        )
