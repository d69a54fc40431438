"""What tf2onnx lacks of a gradient: operations that only a backward pass has.

A gradient is made of operations of forward passes, and of a few of its own, such as
RsqrtGrad. `GRADIENTS` writes those of our layers as arithmetic;
`nlg.onnx_export.export` hands it to tf2onnx. The sizes of the inputs must be fixed:
where they are open, TensorFlow finds out at run time which axes were broadcast, and
ONNX has no operation for that.

This file knows no model.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

MASKS = "begin", "end", "ellipsis", "new_axis", "shrink_axis"  # bits of a slice
Formula = Callable[..., str]  # of a `Maker` and the names of inputs, to that of dx


class Maker:
    """Adds a node to the graph that tf2onnx is writing; returns its output's name."""

    def __init__(self, context: Any, name: str, node: Any):
        self.context, self.name, self.node = context, name, node

    def __call__(self, operation: str, *inputs: str) -> str:
        """Add one node."""
        return self.context.make_node(operation, list(inputs)).output[0]

    def constant(self, value: Any, dtype: str = "float32") -> str:
        """Add a number, or several."""
        from tf2onnx.utils import make_name

        array = np.array(value, dtype)
        return self.context.make_const(make_name(self.name), array).output[0]

    def value(self, name: str) -> Any:
        """Return the numbers of an input that is a constant."""
        return self.context.get_node_by_output(name).get_tensor_value(as_list=False)


def _rsqrt(make: Maker, y: str, dy: str) -> str:
    """Return dx of y = 1 / sqrt(x): -1/2 y^3 dy."""
    cube = make("Mul", make("Mul", y, y), y)
    return make("Mul", make("Mul", cube, make.constant(-0.5)), dy)


def _tanh(make: Maker, y: str, dy: str) -> str:
    """Return dx of y = tanh x: (1 - y^2) dy."""
    return make("Mul", make("Sub", make.constant(1.0), make("Mul", y, y)), dy)


def _sigmoid(make: Maker, y: str, dy: str) -> str:
    """Return dx of y = sigmoid x: y (1 - y) dy."""
    return make("Mul", make("Mul", y, make("Sub", make.constant(1.0), y)), dy)


def _relu(make: Maker, dy: str, y: str) -> str:
    """Return dx of y = relu(x): dy where y is positive."""
    zero = make.constant(0.0)
    return make("Where", make("Greater", y, zero), dy, zero)


def _slice(make: Maker, shape: str, begin: str, end: str, steps: str, dy: str) -> str:
    """Return dx of a slice: dy, and zeros around it where something was left out.

    Raises:
        NotImplementedError: the slice has steps.
    """
    sizes = make.value(shape)
    places = np.arange(math.prod(sizes), dtype="int32").reshape(sizes)
    taken = places[_index(make.node, *map(make.value, (begin, end, steps)))].ravel()
    corners = np.array(np.unravel_index(taken[[0, -1]], sizes))  # (axes, 2)
    box = corners[:, 1] - corners[:, 0] + 1
    if math.prod(box) != len(taken):
        raise NotImplementedError(f"the gradient of a slice of {sizes} with steps")
    dx = make("Reshape", dy, make.constant(box, "int64"))
    if math.prod(box) == math.prod(sizes):
        return dx
    around = np.concatenate([corners[:, 0], sizes - 1 - corners[:, 1]])
    return make("Pad", dx, make.constant(around, "int64"))


def _index(node: Any, begin: Any, end: Any, steps: Any) -> tuple[Any, ...]:
    """Return what NumPy calls the part that a slice of TensorFlow takes."""
    marked = {name: node.get_attr_value(f"{name}_mask") for name in MASKS}
    index: list[Any] = []
    for axis, (first, last, step) in enumerate(zip(begin, end, steps, strict=True)):
        here = {name for name, bits in marked.items() if bits >> axis & 1}
        if "ellipsis" in here:
            index.append(...)
        elif "new_axis" in here:
            index.append(None)
        elif "shrink_axis" in here:
            index.append(first)
        else:
            first = None if "begin" in here else first
            index.append(slice(first, None if "end" in here else last, step))
    return tuple(index)


def _as_arithmetic(formula: Formula) -> tuple[Callable[..., None], list]:
    """Return what tf2onnx calls for an operation that `formula` stands for."""

    def write(context: Any, node: Any, name: str, arguments: Any) -> None:
        inputs, outputs = list(node.input), list(node.output)
        kind = {
            "dtypes": [context.get_dtype(outputs[0])],
            "shapes": [context.get_shape(outputs[0])],
        }
        result = formula(Maker(context, name, node), *inputs)
        context.remove_node(node.name)
        context.make_node("Identity", [result], name=name, outputs=outputs, **kind)

    return write, []


GRADIENTS = {
    "RsqrtGrad": _as_arithmetic(_rsqrt),
    "TanhGrad": _as_arithmetic(_tanh),
    "SigmoidGrad": _as_arithmetic(_sigmoid),
    "ReluGrad": _as_arithmetic(_relu),
    "StridedSliceGrad": _as_arithmetic(_slice),
}
