"""Write an exported graph with fewer nodes: patterns that ONNX has one node for.

A step of a decoder is many small operations, and for them a node costs more than its
arithmetic. tf2onnx writes layer normalisation as twelve nodes, GELU as six and every
look-up in a table with five more that allow negative indices, which ONNX allows anyway.

This file knows no model: it looks for patterns and replaces what is exactly the same.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

MICROSOFT = "com.microsoft"  # the domain of ONNX Runtime's own nodes
COMMUTES = ("Add", "Mul")

Pattern = str | tuple  # a name for anything, or (operation, pattern of each input, …)

_CENTRED = ("Sub", "x", ("ReduceMean", "x"))
_VARIANCE = ("ReduceMean", ("Mul", _CENTRED, _CENTRED))
_SCALE = ("Mul", ("Reciprocal", ("Sqrt", ("Add", _VARIANCE, "epsilon"))), "gamma")
LAYER_NORM = (
    "Add",
    ("Mul", "x", _SCALE),
    ("Add", ("Mul", ("Neg", ("ReduceMean", "x")), _SCALE), "beta"),
)
GELU = (
    "Mul",
    ("Mul", "half", "x"),
    ("Sub", "one", ("Erf", ("Mul", ("Neg", "x"), "root"))),
)
LOOKUP = ("Gather", "table", ("Where", ("Less", "compared", "zero"), "shifted", "x"))


class Scope(NamedTuple):
    """What a name means in a graph or in the body of a loop inside it."""

    makers: Mapping[str, Any]  # output -> node, those of the graphs around too
    values: Mapping[str, np.ndarray]  # constants


def fuse(graph: Any) -> None:
    """Replace in `graph` and the loops inside it what one node can do."""
    _fuse(graph, Scope({}, {}))
    for body in (*bodies(graph), graph):
        drop_unused(body)


def bodies(graph: Any) -> Iterator[Any]:
    """Yield the graphs inside `graph`, the innermost first."""
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == attribute.GRAPH:
                yield from bodies(attribute.g)
                yield attribute.g


def drop_unused(graph: Any) -> None:
    """Remove the nodes and constants of `graph` that nothing reads."""
    used = {entry.name for entry in graph.output}
    kept = []
    for node in reversed(graph.node):
        if used.intersection(node.output):
            kept.append(node)
            used.update(node.input)
            for inner in bodies_of(node):
                used.update(name for x in inner.node for name in x.input)
                used.update(x.name for x in inner.output)
    constants = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(constants)


def bodies_of(node: Any) -> Iterator[Any]:
    """Yield the graphs inside `node`, at any depth."""
    for attribute in node.attribute:
        if attribute.type == attribute.GRAPH:
            yield attribute.g
            yield from bodies(attribute.g)


def match(name: str, pattern: Pattern, scope: Scope, found: dict) -> dict | None:
    """Return `found` with what the pattern's names stand for, or None.

    A pattern may tell fewer inputs than a node has; a name stands for one thing only.
    """
    if isinstance(pattern, str):
        fits = found.setdefault(pattern, name) == name
        return found if fits else None
    node = scope.makers.get(name)
    if node is None or node.op_type != pattern[0]:
        return None
    inputs = list(node.input)[: len(pattern) - 1]
    orders = [inputs, inputs[::-1]] if node.op_type in COMMUTES else [inputs]
    for order in orders:
        now: dict | None = dict(found)
        for part, wanted in zip(order, pattern[1:], strict=True):
            now = now if now is None else match(part, wanted, scope, now)
        if now is not None:
            return now
    return None


def _fuse(graph: Any, outer: Scope) -> None:
    import onnx

    makers = dict(outer.makers) | {x: n for n in graph.node for x in n.output}
    values = dict(outer.values)
    for tensor in graph.initializer:
        values[tensor.name] = onnx.numpy_helper.to_array(tensor)
    scope = Scope(makers, values)
    for place, node in enumerate(graph.node):
        for inner in (x.g for x in node.attribute if x.type == x.GRAPH):
            _fuse(inner, scope)
        for pattern, replace in REPLACEMENTS:
            if node.op_type == pattern[0] and len(node.output) == 1:
                parts = match(node.output[0], pattern, scope, {})
                new = replace(node, parts, scope) if parts else None
                if new is not None:
                    graph.node[place].CopyFrom(new)
                    makers[node.output[0]] = graph.node[place]
                    break


def _layer_norm(node: Any, parts: dict, scope: Scope) -> Any:
    """Return one LayerNormalization, where scale and centre are weights (D,)."""
    import onnx

    vectors = [_before_reshape(parts[name], scope) for name in ("gamma", "beta")]
    epsilon = scope.values.get(parts["epsilon"])
    if epsilon is None or None in vectors:
        return None
    return onnx.helper.make_node(
        "LayerNormalization",
        [parts["x"], *vectors],
        list(node.output),
        name=node.name,
        axis=-1,
        epsilon=float(epsilon.reshape(())),
    )


def _before_reshape(name: str, scope: Scope) -> str | None:
    """Return the vector that `name` is a (1, …, 1, D) view of."""
    node = scope.makers.get(name)
    return node.input[0] if node is not None and node.op_type == "Reshape" else None


def _gelu(node: Any, parts: dict, scope: Scope) -> Any:
    """Return one Gelu, where the constants are those of 0.5 x erfc(-x / sqrt(2))."""
    import onnx

    wanted = {"half": 0.5, "one": 1.0, "root": 0.5**0.5}
    for name, value in wanted.items():
        constant = scope.values.get(parts[name])
        if constant is None or not np.allclose(constant, value, atol=1e-7):
            return None
    return onnx.helper.make_node(
        "Gelu", [parts["x"]], list(node.output), name=node.name, domain=MICROSOFT
    )


def _lookup(node: Any, parts: dict, scope: Scope) -> Any:
    """Return the Gather by the index as it came, negative or not."""
    import onnx

    compared = scope.makers.get(parts["compared"])
    same = parts["compared"] == parts["x"] or (
        compared is not None
        and compared.op_type == "Cast"
        and compared.input[0] == parts["x"]
    )
    zero = scope.values.get(parts["zero"])
    if not same or zero is None or np.any(zero != 0):
        return None
    new = onnx.NodeProto()
    new.CopyFrom(node)
    new.input[1] = parts["x"]
    return new


REPLACEMENTS: list[tuple[tuple, Callable]] = [
    (LAYER_NORM, _layer_norm),
    (GELU, _gelu),
    (LOOKUP, _lookup),
]
