"""Let an exported graph multiply by its weights in int8: a quarter of the reading.

A step of a decoder multiplies a few rows by every weight of the model, so it takes as
long as reading the weights takes. Here

    y = x @ W   becomes   y ~ r * (q(x / r) @ Q) * c

with Q the weights as integers, c their scale by column, r the scale of each row of x,
taken anew at every call. A row has a scale of its own, so what it gives does not depend
on the rows beside it, as it would with ONNX Runtime's `quantize_dynamic`.

Weights have seven bits: with AVX2 the products of eight by eight bits are added in
pairs in 16 bits, where 255 * 127 twice would overflow and 255 * 63 does not.

This file knows no model; the tables that are looked up in stay as they are.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from nlg.onnx_export.fuse import MICROSOFT, bodies

WEIGHT_MOST = 63  # of 7 bits with a sign
ROW_MOST = 127.0  # of 8 bits, around `CENTRE`
CENTRE = 128
SMALL = 64  # numbers; a smaller matrix is not worth its extra nodes
CONSTANTS: dict[str, Any] = {
    "int8_one": np.float32(1),
    "int8_step": np.float32(1 / ROW_MOST),
    "int8_least": np.float32(1e-20),  # the scale of a row of zeros
    "int8_centre": np.uint8(CENTRE),
    "int8_last_axis": np.array([-1]),
}


def quantize(graph: Any, weights: Mapping[str, np.ndarray]) -> int:
    """Rewrite the products with weights in `graph` and its loops; return how many.

    Args:
        graph: an ONNX graph with opset 18.
        weights: the values of its inputs or constants that are weights, by name.
    """
    from onnx import numpy_helper

    matrices = dict(_matrices(graph, weights))
    count, done = 0, set()
    # The innermost first: to rewrite a graph makes its loops anew.
    for body in (*bodies(graph), graph):
        for name in _rewrite(body, matrices):
            count += 1
            if name not in done:
                integers, scale = as_integers(matrices[name])
                for suffix, value in (("int8", integers), ("scale", scale)):
                    tensor = numpy_helper.from_array(value, f"{name}_{suffix}")
                    graph.initializer.append(tensor)
                done.add(name)
    for name, value in CONSTANTS.items():
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    return count


def as_integers(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (K, N) as int8 and the scale (N,) of its columns.

    Example:
        >>> integers, scale = as_integers(np.array([[63.0, 2.0], [-10.0, -2.0]]))
        >>> integers.tolist()
        [[63, 63], [-10, -63]]
    """
    most = np.maximum(np.abs(matrix).max(axis=0), 1e-20)
    scale = (most / WEIGHT_MOST).astype("float32")
    return np.rint(matrix / scale).astype("int8"), scale


def _matrices(
    graph: Any, weights: Mapping[str, np.ndarray]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield what may be multiplied by: weights of two axes, cut and transposed too."""
    from onnx import numpy_helper

    known = dict(weights)
    known |= {x.name: numpy_helper.to_array(x) for x in graph.initializer}
    for body in (graph, *bodies(graph)):
        for node in body.node:
            if node.op_type in EVALUATED and all(x in known for x in node.input):
                known[node.output[0]] = EVALUATED[node.op_type](
                    *(known[x] for x in node.input)
                )
    for name, value in known.items():
        if value.ndim == 2 and value.dtype == np.float32 and value.size > SMALL:
            yield name, value


def _slice(value, starts, ends, axes, steps=None) -> np.ndarray:
    """Return what ONNX's Slice returns, with steps of one."""
    cut = [slice(None)] * value.ndim
    for start, end, axis in zip(starts, ends, axes, strict=True):
        cut[axis] = slice(int(start), int(end))
    return value[tuple(cut)]


EVALUATED: dict[str, Callable[..., np.ndarray]] = {
    "Transpose": lambda x: np.ascontiguousarray(x.T),
    "Slice": _slice,
}


def _rewrite(graph: Any, matrices: Mapping[str, np.ndarray]) -> Iterator[str]:
    """Replace the products of one graph; yield the names of their matrices."""
    nodes, rows = [], set()
    for node in list(graph.node):
        if node.op_type != "MatMul" or node.input[1] not in matrices:
            nodes.append(node)
            continue
        x, matrix = node.input
        if x not in rows:
            rows.add(x)
            nodes += _row_nodes(x)
        nodes += _product_nodes(x, matrix, node)
        yield matrix
    del graph.node[:]
    graph.node.extend(nodes)


def _row_nodes(x: str) -> list[Any]:
    """Return the nodes that make `x` (…, K) integers, with a scale a row."""
    from onnx.helper import make_node

    scaled = f"{x}_rows"
    return [
        make_node("Abs", [x], [f"{x}_abs"]),
        make_node("ReduceMax", [f"{x}_abs", "int8_last_axis"], [f"{x}_most"]),
        make_node("Mul", [f"{x}_most", "int8_step"], [f"{x}_step"]),
        make_node("Max", [f"{x}_step", "int8_least"], [f"{x}_scale"]),
        make_node("Div", [x, f"{x}_scale"], [scaled]),
        make_node(
            "QuantizeLinear", [scaled, "int8_one", "int8_centre"], [f"{x}_uint8"]
        ),
    ]


def _product_nodes(x: str, matrix: str, node: Any) -> list[Any]:
    """Return the nodes that stand for the product `node`."""
    from onnx.helper import make_node

    inputs = [f"{x}_uint8", f"{matrix}_int8", "int8_one", f"{matrix}_scale"]
    product = f"{node.output[0]}_by_row"
    return [
        make_node(
            "MatMulIntegerToFloat",
            [*inputs, "int8_centre"],
            [product],
            domain=MICROSOFT,
        ),
        make_node("Mul", [product, f"{x}_scale"], list(node.output), name=node.name),
    ]
