"""Write an exported graph with fewer nodes: nothing twice and nothing for nothing.

ONNX Runtime would do much of this each time that it opens a graph, and opening is what
most of a short command waits for: a node costs a fifth of a millisecond there.

    merge_equal     nodes that compute the same, in a loop or around it, become one
    drop_idle       slices of everything, a cast there and back, a product with one
    fold_constants  what depends on constants alone becomes one

This file knows no model.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nlg.onnx_export.fuse import OPSET, bodies, bodies_of, drop_unused, rename_inputs

EVERYTHING = 1_000_000_000  # and more: what tf2onnx writes for "to the end"
MOST_FOLDED = 64  # numbers of a constant that is computed beforehand
RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
INTEGERS = {6, 7}  # int32 and int64, as ONNX numbers them


def simplify(graph: Any) -> None:
    """Remove from `graph` and the loops inside it what changes no number."""
    before = None
    while before != _count(graph):
        before = _count(graph)
        fold_constants(graph)
        drop_idle(graph)
        merge_equal(graph)
        for body in (*bodies(graph), graph):
            drop_unused(body)


def merge_equal(graph: Any) -> None:
    """Compute once what is computed of the same inputs in the same way."""
    _merge_constants(graph)
    _merge_nodes(graph, {}, {})


def drop_idle(graph: Any) -> None:
    """Pass on the input of a node that gives what it is given."""
    _drop_idle(graph, {}, {}, {})


def fold_constants(graph: Any) -> None:
    """Turn small nodes of constants alone into constants."""
    from onnx import numpy_helper

    values = _small_constants(graph)
    for body in (graph, *bodies(graph)):
        kept = []
        ends = {entry.name for entry in body.output}
        for node in body.node:
            found = _computed(node, values) if ends.isdisjoint(node.output) else {}
            values |= found
            for name, value in found.items():
                graph.initializer.append(numpy_helper.from_array(value, name))
            if not found:
                kept.append(node)
        del body.node[:]
        body.node.extend(kept)


def _count(graph: Any) -> int:
    return sum(len(body.node) for body in (graph, *bodies(graph)))


def _small_constants(graph: Any) -> dict[str, np.ndarray]:
    """Return the constants of `graph` that are small enough to be looked at."""
    from onnx import numpy_helper

    return {
        tensor.name: numpy_helper.to_array(tensor)
        for body in (graph, *bodies(graph))
        for tensor in body.initializer
        if np.prod(tensor.dims, dtype=int) <= MOST_FOLDED and not tensor.external_data
    }


def _computed(node: Any, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what `node` gives for its constants, or nothing: by ONNX's reference."""
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    known = bool(node.input) and all(name in values for name in node.input)
    if not known or node.domain or node.op_type in RANDOM or list(bodies_of(node)):
        return {}
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_empty_tensor_value_info(name) for name in node.input],
        [helper.make_empty_tensor_value_info(name) for name in node.output],
    )
    inputs = {name: values[name] for name in node.input}
    results = ReferenceEvaluator(graph, opsets={"": OPSET}).run(None, inputs)
    if any(np.size(x) > MOST_FOLDED for x in results):
        return {}
    return dict(zip(node.output, map(np.asarray, results), strict=True))


def _merge_constants(graph: Any) -> None:
    """Keep one of the constants of `graph` that are equal."""
    first: dict[Any, str] = {}
    names, kept = {}, []
    ends = {entry.name for body in (graph, *bodies(graph)) for entry in body.output}
    for tensor in graph.initializer:
        key = tensor.data_type, tuple(tensor.dims), _bytes_of(tensor)
        names[tensor.name] = first.setdefault(key, tensor.name)
        if tensor.name in {names[tensor.name], *ends}:
            kept.append(tensor)
    del graph.initializer[:]
    graph.initializer.extend(kept)
    for body in (graph, *bodies(graph)):
        for node in body.node:
            rename_inputs(node, names)


def _bytes_of(tensor: Any) -> Any:
    from onnx import numpy_helper

    if tensor.external_data:
        return tuple((entry.key, entry.value) for entry in tensor.external_data)
    return numpy_helper.to_array(tensor).tobytes()


def _merge_nodes(graph: Any, seen: Mapping[Any, Any], names: Mapping[str, str]) -> None:
    """Merge in `graph`, where the nodes `seen` around it may be read too."""
    seen, names = dict(seen), dict(names)
    ends = {entry.name for entry in graph.output}
    kept = []
    for node in graph.node:
        rename_inputs(node, names)
        inner = [x.g for x in node.attribute if x.type == x.GRAPH]
        for body in inner:
            _merge_nodes(body, seen, names)
        if inner or node.op_type in RANDOM or not ends.isdisjoint(node.output):
            kept.append(node)
            continue
        attributes = sorted(x.SerializeToString() for x in node.attribute)
        key = node.domain, node.op_type, tuple(node.input), tuple(attributes)
        if key in seen:
            names |= dict(zip(node.output, seen[key], strict=True))
        else:
            seen[key] = tuple(node.output)
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def _drop_idle(
    graph: Any,
    makers: Mapping[str, Any],
    values: Mapping[str, np.ndarray],
    names: Mapping[str, str],
) -> None:
    makers, names = dict(makers), dict(names)
    values = {**values, **_small_constants(graph)}
    ends = {entry.name for entry in graph.output}
    kept = []
    for node in graph.node:
        rename_inputs(node, names)
        for attribute in node.attribute:
            if attribute.type == attribute.GRAPH:
                _drop_idle(attribute.g, makers, values, names)
        idle = IDLE.get(node.op_type)
        given = idle(node, makers, values) if idle else None
        if given is not None and ends.isdisjoint(node.output):
            names[node.output[0]] = given
        else:
            kept.append(node)
            makers |= dict.fromkeys(node.output, node)
    del graph.node[:]
    graph.node.extend(kept)


def _cut_nothing(node: Any, makers: Mapping, values: Mapping) -> str | None:
    """Return what a Slice from the start to the end, by one, is of."""
    starts, ends, _, steps = (*node.input[1:], None, None)[:4]
    if starts not in values or ends not in values or steps not in {None, *values}:
        return None
    by_one = steps is None or np.all(values[steps] == 1)
    whole = np.all(values[starts] == 0) and np.all(values[ends] >= EVERYTHING)
    return node.input[0] if by_one and whole else None


def _there_and_back(node: Any, makers: Mapping, values: Mapping) -> str | None:
    """Return the shape that a Cast to integers of a Cast to integers is of."""
    before = makers.get(node.input[0])
    if before is None or before.op_type != "Cast":
        return None
    shape = makers.get(before.input[0])
    both = {node.attribute[0].i, before.attribute[0].i} == INTEGERS
    if both and shape is not None and shape.op_type == "Shape":
        return before.input[0]
    return None


def _squeezed(node: Any, makers: Mapping, values: Mapping) -> str | None:
    """Return what an Unsqueeze of a Squeeze of the same axes is of."""
    before = makers.get(node.input[0])
    if before is None or before.op_type != "Squeeze" or len(before.input) < 2:
        return None
    given, taken = values.get(node.input[1]), values.get(before.input[1])
    if given is None or taken is None or not np.array_equal(given, taken):
        return None
    return before.input[0]


def _by_one(node: Any, makers: Mapping, values: Mapping) -> str | None:
    """Return the other side of a product with one, or of a quotient by it."""
    sides = list(node.input)
    for place in (0, 1) if node.op_type == "Mul" else (1,):
        one = values.get(sides[place])
        if one is not None and one.ndim == 0 and one == 1:
            return sides[1 - place]
    return None


IDLE: dict[str, Callable[[Any, Mapping, Mapping], str | None]] = {
    "Slice": _cut_nothing,
    "Cast": _there_and_back,
    "Unsqueeze": _squeezed,
    "Mul": _by_one,
    "Div": _by_one,
}
