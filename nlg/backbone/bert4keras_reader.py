"""Read a TensorFlow checkpoint in a process of its own.

    python -m nlg.backbone.bert4keras_reader FOLDER

bert4keras 0.8.1 reads Google's checkpoints. It runs on Keras 2 (tf_keras), compares
version strings and takes the place of the module `keras`: nothing of that may reach the
process that runs Keras 3.

FOLDER holds request.json: prefix, the checkpoint; config, what bert4keras calls the
sizes of the model; wanted, the shapes of the weights by name, for either of Google's
layouts. It leaves answer.json there: layout, and found, the shapes of all weights by
name; and, if all wanted ones are there, weights.safetensors, by bert4keras's names.
"""

import json
import os
import pathlib
import sys
from typing import Any

import numpy as np

from nlg.backbone.names import stored_names

REQUEST, ANSWER, TENSORS = "request.json", "answer.json", "weights.safetensors"
# What DataParallel, torch.compile and scripts put before the names of a model.
WRAPPERS = ("module", "model", "_orig_mod")
OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"  # in what tf.keras's save_weights wrote
ENVIRONMENT = {
    "TF_KERAS": "1",
    "TF_USE_LEGACY_KERAS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",  # a GPU has better things to do
}
Tensors = dict[str, np.ndarray]


def main(folder: pathlib.Path) -> None:
    """Answer the request in `folder`."""
    os.environ.update(ENVIRONMENT)
    import tensorflow as tf
    from safetensors.numpy import save_file

    request = json.loads((folder / REQUEST).read_text("utf-8"))
    stored = dict(tf.train.list_variables(request["prefix"]))
    names = {plain(name, "/"): name for name in stored}
    found = {name: stored[own] for name, own in names.items()}
    layout, tensors = _layout(found), None
    if layout == "bert4keras":
        tensors = saved_by_keras(request["prefix"])
        found = {name: list(tensor.shape) for name, tensor in tensors.items()}
    elif fits(found, request["wanted"][layout]):
        tensors = read_by_bert4keras(request, layout, names)
    if tensors is not None:
        save_file(tensors, folder / TENSORS)
    answer = json.dumps({"layout": layout, "found": found})
    (folder / ANSWER).write_text(answer, "utf-8")


def read_by_bert4keras(
    request: dict[str, Any], layout: str, stored: dict[str, str]
) -> Tensors:
    """Return what `build_transformer_model` reads, by bert4keras's names.

    Args:
        request: see the module's text.
        layout: "google" or "albert".
        stored: what the checkpoint calls a weight, by Google's name for it.
    """
    import tensorflow.keras

    tensorflow.keras.__version__ = "2.21.0-tf"  # bert4keras asks for an ending -tf
    from bert4keras.models import (
        build_transformer_model,
    )

    bert = build_transformer_model(
        model="albert_unshared" if layout == "albert" else "bert",
        return_keras_model=False,
        **request["config"],
    )
    mapping = {
        layer: [stored.get(name, name) for name in theirs]
        for layer, theirs in bert.variable_mapping().items()
    }
    bert.load_weights_from_checkpoint(request["prefix"], mapping)
    tensors: Tensors = {}
    for layer in bert.model.layers:
        names = stored_names(layer.name, [weight.name for weight in layer.weights])
        tensors.update(zip(names, layer.get_weights(), strict=True))
    return tensors


def saved_by_keras(prefix: str) -> Tensors:
    """Return what `save_weights` of tf.keras wrote, by bert4keras's names.

    A graph of objects says which layer each tensor is of: `full_name` starts with the
    layer's name, `checkpoint_key` goes on with the attributes that lead to the weight.
    """
    import tensorflow as tf
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    reader = tf.train.load_checkpoint(prefix)
    graph = trackable_object_graph_pb2.TrackableObjectGraph()
    graph.ParseFromString(reader.get_tensor(OBJECT_GRAPH))
    tensors: Tensors = {}
    for entry in (entry for node in graph.nodes for entry in node.attributes):
        key = plain(entry.checkpoint_key.split("/.ATTRIBUTES")[0], "/")
        root, *inside = key.split("/")
        if root.startswith("layer"):  # not the optimizer
            name = "/".join([entry.full_name.split("/")[0], *inside])
            tensors[name] = reader.get_tensor(entry.checkpoint_key)
    return tensors


def plain(name: str, dot: str) -> str:
    """Return the name of a weight without what was put around the model.

    Example:
        >>> plain("module.bert.pooler.dense.bias", ".")
        'bert.pooler.dense.bias'
        >>> plain("model/roberta/embeddings/word_embeddings", "/")
        'bert/embeddings/word_embeddings'
    """
    parts = name.split(dot)
    while len(parts) > 1 and parts[0] in WRAPPERS:
        parts = parts[1:]
    if parts[0] == "roberta":
        parts[0] = "bert"
    return dot.join(parts)


def _layout(found: dict[str, Any]) -> str:
    """Return which layout of `nlg.backbone.names` the weights have."""
    if OBJECT_GRAPH in found:
        return "bert4keras"
    shared = any(name.startswith("bert/encoder/transformer/") for name in found)
    return "albert" if shared else "google"


def fits(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Return whether bert4keras can read what is wanted; who asks looks at the rest."""
    return all(found.get(name) == shape for name, shape in wanted.items())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
