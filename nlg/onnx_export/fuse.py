"""Write an exported graph with fewer nodes: patterns that ONNX has one node for.

A step of a decoder is many small operations, and for them a node costs more than its
arithmetic. tf2onnx writes layer normalisation as twelve nodes, GELU as six and every
look-up in a table with five more that allow negative indices, which ONNX allows anyway.

This file knows no model: it looks for patterns and replaces what is exactly the same.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

OPSET = 18  # of the nodes that are written
MICROSOFT = "com.microsoft"  # the domain of ONNX Runtime's own nodes
COMMUTES = ("Add", "Mul")

Pattern = str | tuple  # a name for anything, or (operation, pattern of each input, …)

_CENTRED = ("Sub", "x", ("ReduceMean", "x"))
_VARIANCE = ("ReduceMean", ("Mul", _CENTRED, _CENTRED))
_INVERSE = ("Reciprocal", ("Sqrt", ("Add", _VARIANCE, "epsilon")))
_SCALE = ("Mul", _INVERSE, "gamma")
LAYER_NORM = (
    "Add",
    ("Mul", "x", _SCALE),
    ("Add", ("Mul", ("Neg", ("ReduceMean", "x")), _SCALE), "beta"),
)
NORMALISED = (  # without gamma and beta: the start of Conditional LayerNorm
    "Add",
    ("Mul", "x", _INVERSE),
    ("Mul", ("Neg", ("ReduceMean", "x")), _INVERSE),
)
GELU = (
    "Mul",
    ("Mul", "half", "x"),
    ("Sub", "one", ("Erf", ("Mul", ("Neg", "x"), "root"))),
)
DENSE = (  # a product with a matrix, which takes any number of axes anyway
    "Reshape",
    ("MatMul", ("Reshape", "x", "rows"), "kernel"),
    ("Cast", ("Concat", ("Gather", ("Cast", ("Shape", "x")), "axes"), "units")),
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


def rename_inputs(node: Any, names: Mapping[str, str]) -> None:
    """Let `node` read what `names` has in place of its inputs."""
    for place, name in enumerate(node.input):
        node.input[place] = names.get(name, name)


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
    nodes = []
    for node in graph.node:
        for inner in (x.g for x in node.attribute if x.type == x.GRAPH):
            _fuse(inner, scope)
        fused = _fused(node, scope)
        makers |= {x: n for n in fused for x in n.output}
        nodes += fused
    del graph.node[:]
    graph.node.extend(nodes)


def _fused(node: Any, scope: Scope) -> list[Any]:
    """Return what stands for `node`: the nodes of a replacement, or itself."""
    for pattern, replace in REPLACEMENTS:
        if node.op_type == pattern[0] and len(node.output) == 1:
            parts = match(node.output[0], pattern, scope, {})
            new = replace(node, parts, scope) if parts else None
            if new is not None:
                return new
    return [node]


def _layer_norm(node: Any, parts: dict, scope: Scope) -> list[Any] | None:
    """Return one LayerNormalization, where scale and centre are weights (D,)."""
    gamma, beta = (_before_reshape(parts[name], scope) for name in ("gamma", "beta"))
    epsilon = scope.values.get(parts["epsilon"])
    if epsilon is None or gamma is None or beta is None:
        return None
    return [_normalisation(node, [parts["x"], gamma, beta], epsilon)]


def _normalised(node: Any, parts: dict, scope: Scope) -> list[Any] | None:
    """Return a LayerNormalization whose scale is ones (D,), which it must have."""
    from onnx import helper, numpy_helper

    epsilon = scope.values.get(parts["epsilon"])
    if epsilon is None:
        return None
    x, one = parts["x"], numpy_helper.from_array(np.ones(1, "float32"))
    units, ones = f"{node.output[0]}_units", f"{node.output[0]}_ones"
    return [
        helper.make_node("Shape", [x], [units], start=-1),
        helper.make_node("ConstantOfShape", [units], [ones], value=one),
        _normalisation(node, [x, ones], epsilon),
    ]


def _normalisation(node: Any, inputs: list[str], epsilon: np.ndarray) -> Any:
    from onnx import helper

    return helper.make_node(
        "LayerNormalization",
        inputs,
        list(node.output),
        name=node.name,
        axis=-1,
        epsilon=float(epsilon.reshape(())),
    )


def _dense(node: Any, parts: dict, scope: Scope) -> list[Any] | None:
    """Return the product alone, where all axes but the last are put together."""
    from onnx import helper

    axes, rows = scope.values.get(parts["axes"]), scope.values.get(parts["rows"])
    if axes is None or rows is None or parts["units"] not in scope.values:
        return None
    if rows.shape != (2,) or rows[0] != -1 or list(axes) != list(range(axes.size)):
        return None
    product = [parts["x"], parts["kernel"]]
    return [helper.make_node("MatMul", product, list(node.output), name=node.name)]


def _before_reshape(name: str, scope: Scope) -> str | None:
    """Return the vector that `name` is a (1, …, 1, D) view of."""
    node = scope.makers.get(name)
    return node.input[0] if node is not None and node.op_type == "Reshape" else None


def _gelu(node: Any, parts: dict, scope: Scope) -> list[Any] | None:
    """Return one Gelu, where the constants are those of 0.5 x erfc(-x / sqrt(2))."""
    import onnx

    wanted = {"half": 0.5, "one": 1.0, "root": 0.5**0.5}
    for name, value in wanted.items():
        constant = scope.values.get(parts[name])
        if constant is None or not np.allclose(constant, value, atol=1e-7):
            return None
    gelu = onnx.helper.make_node(
        "Gelu", [parts["x"]], list(node.output), name=node.name, domain=MICROSOFT
    )
    return [gelu]


def _lookup(node: Any, parts: dict, scope: Scope) -> list[Any] | None:
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
    return [new]


REPLACEMENTS: list[tuple[tuple, Callable]] = [
    (LAYER_NORM, _layer_norm),
    (NORMALISED, _normalised),
    (GELU, _gelu),
    (DENSE, _dense),
    (LOOKUP, _lookup),
]
