"""What a pretrained checkpoint is made of: which files, of which kind.

    bert_config.json  bert_model.ckpt.index, .data…   vocab.txt   TensorFlow: Google's
    bert_config.json  best_model.weights.index, …     vocab.txt   or Keras on tf.keras
    bert_config.json  best_model.weights              vocab.txt   HDF5, saved by Keras 2
    config.json       model.safetensors               vocab.txt   Hugging Face

A checkpoint in parts has them all, beside one another; a name in a file is one
of the same folder. Pickles are not read: loading one runs whatever code its maker put
into it.
"""

import glob
import pathlib
import re
from typing import Any, NamedTuple

from nlg.errors import CheckpointError
from nlg.files import parse_json

TENSORFLOW, HDF5, SAFETENSORS = "TensorFlow", "HDF5", "safetensors"
HDF5_STARTS = b"\x89HDF\r\n\x1a\n"
PICKLE_STARTS = (b"PK\x03\x04", b"\x80")  # torch's archive of one, and a bare one
PICKLES = {".bin", ".pt", ".pth", ".pkl", ".ckpt"}
INDEX, LATEST = ".index", "checkpoint"  # TensorFlow's; the latter names the newest
PARTS = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\.safetensors)?")
BESIDE_INDEX = re.compile(r"\.(?:index|meta|data-\d{5}-of-\d{5})$")
CONFIGS = ("bert_config.json", "config.json", "*config*.json")
VOCABULARIES = ("vocab.txt", "vocab*.txt", "tokenizer.json")
HUGGING_FACE_HDF5 = "tf_model.h5"  # stands beside the same weights as safetensors
TOKENIZER = "tokenizer_config.json"
MOST_PARTS, SHOWN = 10_000, 3  # of a checkpoint; of those that an error lists
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
        return _data_of(prefix)


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
    _refuse_missing_parts(_data_of(weights[0]) if kind == TENSORFLOW else weights)
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
        facts = parse_json(path.read_text("utf-8-sig"))
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
    found = [(SAFETENSORS, shards)] if (shards := _safetensors_in(folder)) else []
    found += [(TENSORFLOW, [prefix]) for prefix in _tensorflow_in(folder)]
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
    if path.name == LATEST and path.is_file():
        return _in_folder(path.parent)
    prefix = path.with_name(BESIDE_INDEX.sub("", path.name))
    if prefix.with_name(prefix.name + INDEX).is_file():
        return TENSORFLOW, [prefix]
    if prefix != path and path.is_file():
        raise CheckpointError(
            f"{prefix}{INDEX} is missing, without which {path.name} cannot be read; "
            "copy all files of the checkpoint"
        )
    if not path.is_file():
        raise CheckpointError(f"{path}: no such folder or weights file")
    if path.suffix == ".safetensors":
        return SAFETENSORS, _all_parts(path)
    return _by_content(path)


def _by_content(path: pathlib.Path) -> tuple[str, list[pathlib.Path]]:
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


def _safetensors_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the file of a model, or its parts; an index names them all."""
    whole = folder / "model.safetensors"
    if whole.is_file():
        return [whole]
    parts = sorted(folder.glob("model*.safetensors"))
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return parts
    weights = read_config(index).get("weight_map")
    names = set(weights.values()) if isinstance(weights, dict) else set()
    for name in names:
        if not isinstance(name, str) or pathlib.PurePath(name).name != name:
            raise CheckpointError(f"{index} names {name!r}, no file beside it")
    missing = sorted(name for name in names if not (folder / name).is_file())
    if missing:
        raise _missing(folder, missing)
    return sorted({*parts, *(folder / name for name in names)})


def _tensorflow_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the prefixes of TensorFlow's checkpoints; the newest if one is named."""
    prefixes = [path.with_suffix("") for path in sorted(folder.glob(f"*{INDEX}"))]
    latest = folder / LATEST
    if len(prefixes) > 1 and latest.is_file():
        text = latest.read_text("utf-8", errors="replace")
        named = re.search(r'^model_checkpoint_path: *"(.*)"', text, re.M)
        # Saved elsewhere, the path is that of another machine.
        name = re.split(r"[/\\]", named[1])[-1] if named else ""
        prefixes = [x for x in prefixes if x.name == name] or prefixes
    return prefixes


def _data_of(prefix: pathlib.Path) -> list[pathlib.Path]:
    """Return the files that hold the weights of a checkpoint of TensorFlow."""
    found = sorted(prefix.parent.glob(f"{glob.escape(prefix.name)}.data-*"))
    if not found:
        raise _missing(prefix.parent, [f"{prefix.name}.data-00000-of-00001"])
    return found


def _all_parts(path: pathlib.Path) -> list[pathlib.Path]:
    """Return the parts of the model that `path` is a part of, or itself."""
    part = PARTS.fullmatch(path.name)
    if not part:
        return [path]
    pattern = f"{glob.escape(part[1])}-*-of-{part[3]}.safetensors"
    return sorted(path.parent.glob(pattern))


def _refuse_missing_parts(files: list[pathlib.Path]) -> None:
    """Raise where the names of parts count more than there are."""
    parts = [part for part in (PARTS.fullmatch(x.name) for x in files) if part]
    if not parts:
        return
    stem, _, count, suffix = parts[0].groups()
    first = 0 if suffix is None else 1  # TensorFlow counts from 0
    names = [
        f"{stem}-{number:05}-of-{count}{suffix or ''}"
        for number in range(first, first + min(int(count), MOST_PARTS))
    ]
    have = {path.name for path in files}
    missing = [name for name in names if name not in have]
    if missing:
        raise _missing(files[0].parent, missing)


def _missing(folder: pathlib.Path, names: list[str]) -> CheckpointError:
    listed = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    return CheckpointError(
        f"{folder} lacks {listed}: the weights are in parts, and all are needed; copy "
        "them again"
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
