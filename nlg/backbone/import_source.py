"""What a pretrained checkpoint is made of: which files, of which kind.

    bert_config.json  bert_model.ckpt.index, .data…   vocab.txt   TensorFlow: Google's
    bert_config.json  best_model.weights.index, …     vocab.txt   or Keras on tf.keras
    bert_config.json  best_model.weights              vocab.txt   HDF5, saved by Keras 2
    config.json       model.safetensors               vocab.txt   Hugging Face

Pickles are not read: loading one runs whatever code its maker put into it.
"""

import json
import pathlib
from typing import Any, NamedTuple

from nlg.errors import CheckpointError

TENSORFLOW, HDF5, SAFETENSORS = "TensorFlow", "HDF5", "safetensors"
HDF5_STARTS = b"\x89HDF\r\n\x1a\n"
PICKLE_STARTS = (b"PK\x03\x04", b"\x80")  # torch's archive of one, and a bare one
PICKLES = {".bin", ".pt", ".pth", ".pkl", ".ckpt"}
INDEX = ".index"
CONFIGS = ("bert_config.json", "config.json", "*config*.json")
VOCABULARIES = ("vocab.txt", "vocab*.txt", "tokenizer.json")
HUGGING_FACE_HDF5 = "tf_model.h5"  # stands beside the same weights as safetensors
TOKENIZER = "tokenizer_config.json"
NO_CONFIGS = {TOKENIZER, "generation_config.json"}
WAY_OUT_OF_PICKLE = "save it with model.save_pretrained(…, safe_serialization=True)"


class Source(NamedTuple):
    """The files of one checkpoint."""

    kind: str  # TENSORFLOW, HDF5 or SAFETENSORS
    weights: list[pathlib.Path]  # one, or the parts of one; of TensorFlow the prefix
    config: pathlib.Path
    vocabulary: pathlib.Path

    def files(self) -> list[pathlib.Path]:
        """Return the files that hold the weights."""
        if self.kind != TENSORFLOW:
            return self.weights
        (prefix,) = self.weights
        return sorted(prefix.parent.glob(f"{prefix.name}.data-*"))


def find(
    path: pathlib.Path,
    config: pathlib.Path | None = None,
    vocabulary: pathlib.Path | None = None,
) -> Source:
    """Look at `path`, a folder or the weights in one, and say what it is.

    Args:
        path: of TensorFlow's weights also their prefix, `bert_model.ckpt`.
        config: of the model; by default the one beside the weights.
        vocabulary: likewise.

    Raises:
        CheckpointError: nothing there that can be read, or several things.
    """
    if path.is_dir():
        kind, weights = _in_folder(path)
        folder = path
    else:
        kind, weights = _of_file(path)
        folder = path.parent
    return Source(
        kind,
        weights,
        config or _beside(folder, CONFIGS, "--config"),
        vocabulary or _beside(folder, VOCABULARIES, "--vocab"),
    )


def read_config(path: pathlib.Path) -> dict[str, Any]:
    """Return the JSON object of a config file.

    Raises:
        CheckpointError: it is not there, no JSON, or no object.
    """
    try:
        facts = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise CheckpointError(f"{path} is no JSON: {error}") from None
    if not isinstance(facts, dict):
        raise CheckpointError(f"{path} is no config: it holds no JSON object")
    return facts


def lower_case_of(source: Source) -> bool:
    """Return whether text is made lower case, as Chinese BERTs that do not say want."""
    path = source.vocabulary.with_name(TOKENIZER)
    said = read_config(path).get("do_lower_case", True) if path.is_file() else True
    return said is not False


def _in_folder(folder: pathlib.Path) -> tuple[str, list[pathlib.Path]]:
    """Return the one checkpoint of a folder."""
    shards = sorted(folder.glob("model*.safetensors"))
    found = [(SAFETENSORS, shards)] if shards else []
    for index in sorted(folder.glob(f"*{INDEX}")):
        found.append((TENSORFLOW, [index.with_suffix("")]))
    for path in sorted(folder.iterdir()):
        if path.name != HUGGING_FACE_HDF5 and _starts(path) == HDF5_STARTS:
            found.append((HDF5, [path]))
    if len(found) > 1:
        listed = ", ".join(paths[0].name for _, paths in found)
        raise CheckpointError(
            f"{folder} holds several checkpoints: {listed}; name one, such as "
            f"{found[0][1][0]}"
        )
    if not found:
        raise _nothing_in(folder)
    return found[0]


def _of_file(path: pathlib.Path) -> tuple[str, list[pathlib.Path]]:
    """Return what a file, or the prefix of TensorFlow's files, is."""
    prefix = path.with_suffix("") if path.suffix == INDEX else path
    if prefix.with_name(prefix.name + INDEX).is_file():
        return TENSORFLOW, [prefix]
    if not path.is_file():
        raise CheckpointError(f"{path}: no such folder or weights file")
    if path.suffix == ".safetensors":
        return SAFETENSORS, [path]
    start = _starts(path)
    if start == HDF5_STARTS:
        return HDF5, [path]
    if start.startswith(PICKLE_STARTS):
        raise CheckpointError(
            f"{path} is a pickle, which could run any code; {WAY_OUT_OF_PICKLE}"
        )
    raise CheckpointError(
        f"{path} is no TensorFlow checkpoint, HDF5 or safetensors file; it may be cut "
        "short: copy it again"
    )


def _nothing_in(folder: pathlib.Path) -> CheckpointError:
    pickles = sorted(path for path in folder.iterdir() if path.suffix in PICKLES)
    if pickles:
        return CheckpointError(
            f"{folder} holds only a pickle, {pickles[0].name}, which could run any "
            f"code; {WAY_OUT_OF_PICKLE}"
        )
    return CheckpointError(
        f"{folder} holds no weights: no *.ckpt.index, best_model.weights or "
        "model.safetensors; name the file"
    )


def _beside(
    folder: pathlib.Path, patterns: tuple[str, ...], option: str
) -> pathlib.Path:
    """Return the first file in `folder` of the first pattern that has one."""
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            if path.is_file() and path.name not in NO_CONFIGS:
                return path
    raise CheckpointError(f"{folder} has no {patterns[0]}; pass {option}")


def _starts(path: pathlib.Path) -> bytes:
    """Return the first bytes of a file, as many as HDF5 writes before all else."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(len(HDF5_STARTS))
