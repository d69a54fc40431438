"""Write a Keras function as an ONNX graph whose weights stay in one safetensors file.

Several graphs of one model can then share its weights on disk: an ONNX file names its
tensors by file, offset and length, and a safetensors file is raw tensors behind a
header that says where each one is. Weights are stored in 16 bits and cast to float32
once, when the graph is opened.

    trace          a Keras function -> an ONNX model whose weights are inputs
    save_graph     that model -> a file, in float32 or in int8
    export_onnx    the two, one after the other

Runs on the TensorFlow backend, which tf2onnx reads.
"""

import json
import pathlib
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from safetensors.numpy import load_file, save_file

from nlg.onnx_export.fuse import (
    MICROSOFT,
    OPSET,
    bodies,
    drop_unused,
    fuse,
    rename_inputs,
)
from nlg.onnx_export.gradients import GRADIENTS
from nlg.onnx_export.quantize import quantize
from nlg.onnx_export.simplify import simplify

DTYPES = {"F16": "FLOAT16", "F32": "FLOAT"}  # what safetensors and ONNX call them


class Traced(NamedTuple):
    """A function as ONNX whose weights are inputs still."""

    model: Any  # onnx.ModelProto; its first inputs are weights
    weights: Mapping[str, str]  # the path of the variable that an input is, by name
    outputs: Sequence[str]


def save_weights(
    model: keras.Model, path: pathlib.Path, dtype: str = "float16"
) -> None:
    """Write the trainable variables of `model` by path, in float16 or float32."""
    tensors = {
        variable.path: keras.ops.convert_to_numpy(variable.value).astype(dtype)
        for variable in model.trainable_variables
    }
    save_file(tensors, path)


def export_onnx(
    function: Callable[..., Any],
    model: keras.Model,
    signature: Mapping[str, tuple[Sequence[int | None], str]],
    outputs: Sequence[str],
    path: pathlib.Path,
    weights: pathlib.Path,
    int8: bool = False,
) -> None:
    """Write `function` to `path`, its weights being those of `weights` beside it.

    Args:
        function: of the inputs that `signature` names; returns arrays, in order.
        model: the owner of the variables that `function` uses.
        signature: shape and dtype of each input; None is any length.
        outputs: a name for each array that `function` returns.
        path: the file to write.
        weights: the safetensors file that `save_weights` wrote in the same folder.
        int8: multiply by weights in int8 (see `nlg.onnx_export.quantize`). Those
            weights are in the graph's own file; check that the answers stay what they
            were.
    """
    save_graph(trace(function, model, signature, outputs), path, weights, int8)


def of_names(
    function: Callable[[dict[str, Any]], Any], names: Iterable[str]
) -> Callable[..., Any]:
    """Return `function`, which takes its inputs by name, as one that takes them all."""
    names = tuple(names)
    return lambda *given: function(dict(zip(names, given, strict=True)))


def trace(
    function: Callable[..., Any],
    model: keras.Model,
    signature: Mapping[str, tuple[Sequence[int | None], str]],
    outputs: Sequence[str],
) -> Traced:
    """Return `function` as ONNX; see `export_onnx`. This is what takes long."""
    import tensorflow as tf

    variables = model.trainable_variables
    # While tf2onnx looks at the graph the weights are inputs: it then cannot fold a
    # transposed copy of a tensor into the file.
    specs = [
        tf.TensorSpec(variable.shape, "float32", name=f"weight_{number}")
        for number, variable in enumerate(variables)
    ] + [
        tf.TensorSpec(shape, dtype, name=name)
        for name, (shape, dtype) in signature.items()
    ]

    def graph(*tensors):
        count = len(variables)
        mapping = list(zip(variables, tensors[:count], strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            results = function(*tensors[count:])
        return [
            tf.identity(x, name=name) for x, name in zip(results, outputs, strict=True)
        ]

    exported = _converted(tf.function(graph, autograph=False), specs)
    fuse(exported.graph)
    exported.opset_import.add(domain=MICROSOFT, version=1)
    hoist_invariants(exported.graph)
    simplify(exported.graph)
    names = {f"weight_{n}": variable.path for n, variable in enumerate(variables)}
    return Traced(exported, names, outputs)


def _converted(function: Any, specs: Sequence[Any]) -> Any:
    """Return a function of TensorFlow as an onnx.ModelProto.

    As `tf2onnx.convert.from_function` does it, but for most of tf2onnx's optimizers:
    they took half of an export's time, for what `fuse` and `simplify` do as well.
    """
    import tensorflow as tf
    from tf2onnx import optimizer, tf_loader
    from tf2onnx.tfonnx import process_tf_graph

    concrete = function.get_concrete_function(*specs)
    ends = {
        "input_names": [tensor.name for tensor in concrete.inputs],
        "output_names": [tensor.name for tensor in concrete.outputs],
    }
    frozen = tf_loader.from_function(concrete, **ends)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(frozen, name="")
        converted = process_tf_graph(
            graph,
            opset=OPSET,
            custom_op_handlers=HANDLERS | GRADIENTS,
            tensors_to_rename={name: _plain(name) for name in ends["input_names"]},
            **ends,
        )
    kept = [
        optimizer.TransposeOptimizer,
        optimizer.ConstFoldOptimizer,
        optimizer.ReshapeOptimizer,
        optimizer.IdentityOptimizer,
        optimizer.BackToBackOptimizer,
    ]
    named = {kind.__name__: kind for kind in kept}
    optimizer.optimize_graph(converted, catch_errors=False, optimizers=named)
    return converted.make_model("nlg")


def save_graph(
    traced: Traced, path: pathlib.Path, weights: pathlib.Path, int8: bool = False
) -> None:
    """Write `traced` to `path`; see `export_onnx`. It may be written more than once."""
    import onnx

    model = onnx.ModelProto()
    model.CopyFrom(traced.model)
    if int8:
        stored = load_file(weights)
        values = {n: stored[p].astype("float32") for n, p in traced.weights.items()}
        quantize(model.graph, values)
        drop_unused(model.graph)
    _use_weights_of(model.graph, traced.weights, weights)
    _name_ends(model.graph, traced.outputs)
    onnx.save(model, path)


def _erfc(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Write Erfc, which tf2onnx does not know and exact GELU needs, as 1 - Erf."""
    value = node.input[0]
    dtype, shape = context.get_dtype(node.output[0]), context.get_shape(node.output[0])
    context.remove_node(node.name)
    erf = context.make_node("Erf", [value], name=f"{name}_erf")
    one = context.make_const(f"{name}_one", np.array(1, "float32"))
    context.make_node(
        "Sub",
        [one.output[0], erf.output[0]],
        name=name,
        outputs=node.output,
        dtypes=[dtype],
        shapes=[shape],
    )


def _where(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Write a choice as Where; tf2onnx writes six nodes of arithmetic."""
    node.type = "Where"


def _as_it_is(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Compare integers as such; tf2onnx casts them to floats."""


def _all(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Write All as the least, Any as the greatest; tf2onnx adds up and compares."""
    from onnx import TensorProto

    reduce = node.type  # what `HANDLERS` names beside this
    axes = node.inputs[1].get_tensor_value(as_list=True)
    value, end = node.input[0], node.output[0]
    keep, shape = node.get_attr_value("keep_dims"), context.get_shape(end)
    context.remove_node(node.name)
    to = {"to": TensorProto.INT32}
    number = context.make_node("Cast", [value], attr=to).output[0]
    axes = context.make_const(f"{name}_axes", np.atleast_1d(axes).astype("int64"))
    found = context.make_node(
        reduce, [number, axes.output[0]], attr={"keepdims": int(bool(keep))}
    )
    context.make_node(
        "Cast",
        [found.output[0]],
        name=name,
        attr={"to": TensorProto.BOOL},
        outputs=[end],
        dtypes=[TensorProto.BOOL],
        shapes=[shape],
    )


HANDLERS: dict[str, Any] = {
    "All": (_all, ["ReduceMin"]),
    "Any": (_all, ["ReduceMax"]),
    "Erfc": (_erfc, []),
    "SelectV2": (_where, []),
    "Less": (_as_it_is, []),
    "Greater": (_as_it_is, []),
}


def _use_weights_of(
    graph: Any, names: Mapping[str, str], weights: pathlib.Path
) -> None:
    """Turn the inputs `names` of `graph` into tensors of the file `weights`."""
    import onnx

    places = tensor_places(weights)
    used = {x for body in (graph, *bodies(graph)) for n in body.node for x in n.input}
    kept = []
    for entry in graph.input:
        name = _plain(entry.name)
        if name not in names:
            kept.append(entry)
        if name not in names or entry.name not in used:
            continue
        place = places[names[name]]
        stored = onnx.TensorProto(
            name=f"{name}_stored",
            data_type=onnx.TensorProto.DataType.Value(DTYPES[place["dtype"]]),
            dims=place["shape"],
            data_location=onnx.TensorProto.EXTERNAL,
        )
        facts = {"location": weights.name, **place["bytes"]}
        for key, value in facts.items():
            stored.external_data.add(key=key, value=str(value))
        graph.initializer.append(stored)
        cast = onnx.helper.make_node(
            "Cast", [stored.name], [entry.name], to=onnx.TensorProto.FLOAT
        )
        graph.node.insert(0, cast)
    del graph.input[:]
    graph.input.extend(kept)


def tensor_places(path: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Return where each tensor of a safetensors file lies.

    The layout: 8 bytes with the header's length N, N bytes of JSON, the tensors.
    """
    with path.open("rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
    return {
        name: {
            "dtype": entry["dtype"],
            "shape": entry["shape"],
            "bytes": {
                "offset": 8 + length + entry["data_offsets"][0],
                "length": entry["data_offsets"][1] - entry["data_offsets"][0],
            },
        }
        for name, entry in header.items()
        if name != "__metadata__"
    }


def hoist_invariants(graph: Any) -> None:
    """Move out of the loops of `graph` what is the same at every step.

    tf2onnx carries each captured tensor from step to step, where ONNX Runtime copies
    it, weights included; and it computes each shape anew at each step.
    """
    for place, loop in reversed(list(enumerate(graph.node))):
        if loop.op_type == "Loop":
            body = next(x.g for x in loop.attribute if x.name == "body")
            _drop_fixed_state(loop, body)
            graph.initializer.extend(body.initializer)
            del body.initializer[:]
            for node in reversed(_take_fixed_nodes(body)):
                graph.node.insert(place, node)


def _drop_fixed_state(loop: Any, body: Any) -> None:
    """Read what the body of `loop` only passes on from the graph around it."""
    first = 2  # inputs start with counter and condition; outputs with the condition
    fixed = [
        number
        for number in range(len(body.input) - first)
        if body.output[number + 1].name == body.input[number + first].name
    ]
    outer = {body.input[n + first].name: loop.input[n + first] for n in fixed}
    for node in body.node:
        rename_inputs(node, outer)
    for number in reversed(fixed):
        del loop.input[number + first], loop.output[number]
        del body.input[number + first], body.output[number + 1]


def _take_fixed_nodes(body: Any) -> list[Any]:
    """Remove from `body` the nodes that depend on nothing it computes; return them."""
    moving = {entry.name for entry in body.input}
    fixed, kept = [], []
    for node in body.node:
        nested = any(x.type == x.GRAPH for x in node.attribute)
        if nested or moving.intersection(node.input):
            moving.update(node.output)
            kept.append(node)
        else:
            fixed.append(node)
    ends = {entry.name for entry in body.output}
    fixed_ends = [node for node in fixed if ends.intersection(node.output)]
    del body.node[:]
    body.node.extend(fixed_ends + kept)  # an output must be made inside the body
    return [node for node in fixed if node not in fixed_ends]


def _plain(name: str) -> str:
    """Return a tensor's name without TensorFlow's `:0`."""
    return name.split(":")[0]


def _name_ends(graph: Any, outputs: Sequence[str]) -> None:
    """Give inputs and outputs their plain names, without TensorFlow's `:0`."""
    from onnx import helper

    for entry in graph.input:
        plain = _plain(entry.name)
        if plain != entry.name:
            graph.node.insert(0, helper.make_node("Identity", [plain], [entry.name]))
            entry.name = plain
    for entry, name in zip(graph.output, outputs, strict=True):
        if entry.name != name:
            graph.node.append(helper.make_node("Identity", [entry.name], [name]))
            entry.name = name
