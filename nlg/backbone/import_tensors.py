"""Tensors out of foreign files, by the names of bert4keras or of Hugging Face.

What is returned is float32. This file does not know which tensors a model needs.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nlg.backbone import bert4keras_reader as reader
from nlg.errors import CheckpointError

Tensors = dict[str, np.ndarray]
Shapes = Mapping[str, tuple[int, ...]]
COPY_AGAIN = "it may be cut short: copy it again"
INSTALL = 'pip install "nlg[train]"'
AS_HDF5 = "load it in the script that made it and model.save_weights('best_model.h5')"
WHOLE = "model_weights"  # where `model.save` puts what `save_weights` has at the top
# What reading a group as a dataset, or numbers as names, raises.
NO_WEIGHTS = (KeyError, TypeError, ValueError, AttributeError)
MOST_PACKED = 1000  # bytes of a byte that is stored; zlib packs no better
AS_ONE = "load the model that you mean and save it with save_pretrained"
TABLE, DECODER = "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder."


def read_hdf5(path: pathlib.Path) -> Tensors:
    """Return what `save_weights` of Keras 2 wrote, by bert4keras's names.

    Raises:
        CheckpointError: cut short, or the layout of another Keras.
    """
    import h5py

    try:
        with h5py.File(path) as file:
            layers = _inside(file, WHOLE) if WHOLE in file else file
            if "layer_names" not in layers.attrs:
                raise CheckpointError(
                    f"{path} was not saved by Keras 2: it names no layers; {AS_HDF5}"
                )
            return _layers(layers)
    except (OSError, RuntimeError) as error:
        raise CheckpointError(f"{path}: {_line(error)}; {COPY_AGAIN}") from None
    except NO_WEIGHTS as error:
        raise CheckpointError(
            f"{path}: not laid out as Keras 2 does it ({_line(error)}); {AS_HDF5}"
        ) from None


def read_safetensors(paths: list[pathlib.Path]) -> Tensors:
    """Return the tensors of Hugging Face, as transformers names them today.

    Raises:
        CheckpointError: no safetensors file, or scores come from a second table.
    """
    import ml_dtypes  # noqa: F401 - tells NumPy of bfloat16
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    tensors: Tensors = {}
    for path in paths:
        try:
            tensors |= load_file(path)
        except (OSError, SafetensorError, ValueError, TypeError, KeyError) as error:
            raise CheckpointError(f"{path}: {_line(error)}; {COPY_AGAIN}") from None
    plain = {reader.plain(name, "."): x for name, x in tensors.items()}
    whole = any(name.startswith("bert.") for name in plain)
    named = {_modern(name, whole): _float(x) for name, x in plain.items()}
    if len(named) < len(tensors):
        raise CheckpointError(f"{paths[0]} holds the same weights twice; {AS_ONE}")
    return _with_one_table(named, paths[0])


def read_tensorflow(
    prefix: pathlib.Path,
    sizes: Mapping[str, Any],
    wanted: Mapping[str, Shapes],
    check: Callable[[Shapes, str], None],
) -> tuple[str, Tensors]:
    """Return the layout of a checkpoint and its weights by bert4keras's names.

    Args:
        prefix: of the files, such as …/bert_model.ckpt.
        sizes: of the model, as bert4keras calls them.
        wanted: shapes by name, for Google's layouts "google" and "albert".
        check: gets the shapes that were found and the layout, and may raise.

    Raises:
        CheckpointError: it cannot be read.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        request = {"prefix": str(prefix), "config": sizes, "wanted": wanted}
        (folder / reader.REQUEST).write_text(json.dumps(request), "utf-8")
        _run_reader(folder, prefix)
        answer = json.loads((folder / reader.ANSWER).read_text("utf-8"))
        check(answer["found"], answer["layout"])
        from safetensors.numpy import load_file

        tensors = load_file(folder / reader.TENSORS)
    return answer["layout"], {name: _float(x) for name, x in tensors.items()}


def _run_reader(folder: pathlib.Path, prefix: pathlib.Path) -> None:
    environment = {
        **os.environ,
        **reader.ENVIRONMENT,
        "PYTHONUTF8": "1",
        "PYTHONWARNINGS": "ignore",  # bert4keras has some of its own
        "PYTHONPATH": os.pathsep.join(sys.path),  # nlg may run from a checkout
    }
    done = subprocess.run(
        [sys.executable, "-m", reader.__name__, folder],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        last = "".join(lines[-1:])
        way_out = INSTALL if last.startswith("ModuleNotFoundError") else COPY_AGAIN
        raise CheckpointError(f"{prefix} cannot be read: {last}; {way_out}")


def _layers(group: Any) -> Tensors:
    """Return the weights of every layer of an HDF5 group that Keras 2 wrote."""
    from nlg.backbone.names import stored_names

    tensors: Tensors = {}
    for layer in map(_text, group.attrs["layer_names"]):
        inside = _inside(group, layer)
        own = [_text(name) for name in inside.attrs["weight_names"]]
        for name, stored in zip(stored_names(layer, own), own, strict=True):
            tensors[name] = _float(_inside(inside, stored)[()])
    return tensors


def _inside(group: Any, name: str) -> Any:
    """Return what `group` of an HDF5 file holds under `name`, if it holds it itself.

    A link may lead to another file, and a dataset may lie in one, or be of a shape that
    the file holds no numbers for.
    """
    import h5py

    where = f"{group.file.filename}: {name}"
    for part in name.split("/"):
        if not isinstance(group.get(part, getlink=True), h5py.HardLink):
            raise CheckpointError(f"{where} is not in the file itself; do not use it")
        group = group[part]
    if isinstance(group, h5py.Dataset):
        most = MOST_PACKED * group.id.get_storage_size()
        if group.external or group.is_virtual or group.nbytes > most:
            raise CheckpointError(f"{where} has no numbers in the file; do not use it")
    return group


def _modern(name: str, whole: bool) -> str:
    """Return what transformers calls `name` today.

    Files of before 2019 say gamma and beta, and a file of the encoder alone says
    embeddings where `whole` models say bert.embeddings.
    """
    name = re.sub(r"(LayerNorm\.)gamma$", r"\1weight", name)
    name = re.sub(r"(LayerNorm\.)beta$", r"\1bias", name)
    alone = name.startswith(("embeddings.", "encoder.", "pooler.")) and not whole
    return f"bert.{name}" if alone else name


def _with_one_table(tensors: Tensors, path: pathlib.Path) -> Tensors:
    """Take the head's bias from where it is; refuse scores of a table of their own."""
    bias = tensors.get(f"{DECODER}bias")
    if bias is not None:
        tensors.setdefault("cls.predictions.bias", bias)
    scoring, table = tensors.get(f"{DECODER}weight"), tensors.get(TABLE)
    if scoring is None or (table is not None and np.array_equal(scoring, table)):
        return tensors
    raise CheckpointError(
        f"{path} scores tokens by a second table, {DECODER}weight; a model with "
        "tie_word_embeddings is asked for"
    )


def _float(tensor: Any) -> np.ndarray:
    return np.asarray(tensor).astype("float32")


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
