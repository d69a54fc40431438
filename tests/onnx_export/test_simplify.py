"""Graphs made by hand, before and after, run by ONNX's own reference."""

import collections

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from nlg.onnx_export.fuse import MICROSOFT, OPSET, bodies
from nlg.onnx_export.simplify import simplify

X = np.arange(6, dtype="float32").reshape(2, 3)


def graph_of(nodes, outputs, constants=(), inputs=("x",), name="made"):
    def untyped(names):
        return [helper.make_empty_tensor_value_info(name) for name in names]

    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in constants]
    return helper.make_graph(nodes, name, untyped(inputs), untyped(outputs), tensors)


def run(graph, x=X):
    return ReferenceEvaluator(graph, opsets={"": OPSET}).run(None, {"x": x})


def operations(graph):
    every = [node for body in (graph, *bodies(graph)) for node in body.node]
    return collections.Counter(node.op_type for node in every)


def assert_tidied(graph, left):
    want = run(graph)
    simplify(graph)
    assert operations(graph) == left
    for got, expected in zip(run(graph), want, strict=True):
        np.testing.assert_array_equal(got, expected)


def node(operation, inputs, output, **attributes):
    return helper.make_node(operation, inputs.split(), [output], **attributes)


def test_what_is_computed_twice_is_computed_once():
    nodes = [
        node("Neg", "x", "a"),
        node("Neg", "x", "b"),
        node("Exp", "a", "c"),
        node("Exp", "b", "d"),
        node("Mul", "c d", "end"),
    ]
    assert_tidied(graph_of(nodes, ["end"]), {"Neg": 1, "Exp": 1, "Mul": 1})


def test_attributes_tell_nodes_apart():
    nodes = [
        node("Softmax", "x", "a", axis=0),
        node("Softmax", "x", "b", axis=1),
        node("Add", "a b", "end"),
    ]
    assert_tidied(graph_of(nodes, ["end"]), {"Softmax": 2, "Add": 1})


def test_draws_are_not_merged():
    nodes = [
        node("RandomNormalLike", "x", "a"),
        node("RandomNormalLike", "x", "b"),
        node("Sub", "a b", "end"),
    ]
    graph = graph_of(nodes, ["end"])
    simplify(graph)
    assert operations(graph)["RandomNormalLike"] == 2


def test_outputs_keep_their_names_though_they_are_equal():
    nodes = [node("Neg", "x", "first"), node("Neg", "x", "second")]
    graph = graph_of(nodes, ["first", "second"])
    assert_tidied(graph, {"Neg": 2})
    assert [entry.name for entry in graph.output] == ["first", "second"]


def test_constant_that_is_an_output_stays_though_it_is_equal():
    constants = [("two", np.float32(2)), ("second", np.float32(2))]
    graph = graph_of([node("Mul", "x two", "first")], ["first", "second"], constants)
    assert_tidied(graph, {"Mul": 1})


def test_loop_reads_what_is_computed_around_it():
    inner = [
        node("Identity", "goes", "goes_on"),
        node("Neg", "x", "again"),
        node("Exp", "x", "own"),
        node("Mul", "again own", "both"),
        node("Add", "state both", "next"),
    ]
    body = graph_of(inner, ["goes_on", "next"], (), ("step", "goes", "state"), "body")
    nodes = [
        node("Neg", "x", "outside"),
        node("Loop", "count true outside", "end", body=body),
    ]
    constants = [("count", np.int64(3)), ("true", np.array(True))]
    left = {"Neg": 1, "Loop": 1, "Identity": 1, "Exp": 1, "Mul": 1, "Add": 1}
    graph = graph_of(nodes, ["end"], constants)
    np.testing.assert_allclose(run(graph)[0], -X - 3 * X * np.exp(X), rtol=1e-6)
    assert_tidied(graph, left)


IDLE = {
    "a slice of everything": (
        [node("Slice", "x from to", "a")],
        [("from", np.array([0, 0])), ("to", np.array([10**9, 2**31 - 1]))],
    ),
    "a product with one": ([node("Mul", "one x", "a")], [("one", np.float32(1))]),
    "a quotient by one": ([node("Div", "x one", "a")], [("one", np.float32(1))]),
    "an axis taken and given back": (
        [
            node("Unsqueeze", "x axes", "b"),
            node("Squeeze", "b axes", "c"),
            node("Unsqueeze", "c axes", "d"),
            node("Squeeze", "d axes", "a"),
        ],
        [("axes", np.array([0]))],
    ),
}


@pytest.mark.parametrize("idle", IDLE)
def test_dropped_is(idle):
    nodes, constants = IDLE[idle]
    graph = graph_of([*nodes, node("Neg", "a", "end")], ["end"], constants)
    before = sum(operations(graph).values())
    want = run(graph)[0]
    simplify(graph)
    kept = 2 if "axis" in idle else 0  # one Unsqueeze and its Squeeze do something
    assert sum(operations(graph).values()) == kept + 1 < before
    np.testing.assert_array_equal(run(graph)[0], want)


BUSY = {
    "a slice from the second": (
        node("Slice", "x from to", "a"),
        [("from", np.array([0, 1])), ("to", np.array([10**9, 10**9]))],
    ),
    "a slice to the second": (
        node("Slice", "x from to", "a"),
        [("from", np.array([0, 0])), ("to", np.array([1, 10**9]))],
    ),
    "a slice of every second": (
        node("Slice", "x from to axes by", "a"),
        [
            ("from", np.array([0])),
            ("to", np.array([10**9])),
            ("axes", np.array([1])),
            ("by", np.array([2])),
        ],
    ),
    "a one of more axes": (
        node("Mul", "x one", "a"),
        [("one", np.ones((1, 1, 1), "float32"))],
    ),
    "one by a number": (node("Div", "one x", "a"), [("one", np.float32(1))]),
}


@pytest.mark.parametrize("busy", BUSY)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_kept_is(busy):
    made, constants = BUSY[busy]
    graph = graph_of([made, node("Neg", "a", "end")], ["end"], constants)
    assert_tidied(graph, {made.op_type: 1, "Neg": 1})


def test_shape_cast_to_small_integers_and_back_is_a_shape():
    nodes = [
        node("Shape", "x", "shape"),
        node("Cast", "shape", "small", to=TensorProto.INT32),
        node("Cast", "small", "end_shape", to=TensorProto.INT64),
        node("Expand", "one end_shape", "end"),
    ]
    graph = graph_of(nodes, ["end"], [("one", np.float32(1))])
    assert_tidied(graph, {"Shape": 1, "Expand": 1})


def test_cast_that_cuts_a_number_is_kept():
    nodes = [
        node("Sqrt", "x", "root"),
        node("Cast", "root", "whole", to=TensorProto.INT32),
        node("Cast", "whole", "wide", to=TensorProto.INT64),
        node("Cast", "wide", "end", to=TensorProto.FLOAT),
    ]
    assert_tidied(graph_of(nodes, ["end"]), {"Sqrt": 1, "Cast": 3})


def test_what_depends_on_constants_alone_is_one():
    nodes = [
        node("Add", "two three", "five"),
        node("Mul", "five two", "ten"),
        node("Add", "x ten", "end"),
    ]
    constants = [("two", np.float32(2)), ("three", np.float32(3))]
    graph = graph_of(nodes, ["end"], constants)
    assert_tidied(graph, {"Add": 1})
    (constant,) = graph.initializer
    assert numpy_helper.to_array(constant) == 10


def test_what_only_onnx_runtime_computes_is_left_to_it():
    nodes = [
        node("Gelu", "two", "bent", domain=MICROSOFT),
        node("Add", "x bent", "end"),
    ]
    graph = graph_of(nodes, ["end"], [("two", np.float32(2))])
    simplify(graph)
    assert operations(graph) == {"Gelu": 1, "Add": 1}


def test_large_constant_is_not_written_out():
    nodes = [node("Expand", "one shape", "many"), node("Add", "x many", "end")]
    constants = [("one", np.float32(1)), ("shape", np.array([1000, 2, 3]))]
    assert_tidied(graph_of(nodes, ["end"], constants), {"Expand": 1, "Add": 1})


def test_weights_in_another_file_are_the_same_by_their_place():
    def weight(name, offset):
        tensor = onnx.TensorProto(name=name, data_type=1, dims=[2, 3], data_location=1)
        for key, value in (("location", "w"), ("offset", offset), ("length", "24")):
            tensor.external_data.add(key=key, value=value)
        return tensor

    nodes = [
        node("Add", "x a", "first"),
        node("Add", "first b", "second"),
        node("Add", "second c", "end"),
    ]
    graph = graph_of(nodes, ["end"])
    graph.initializer.extend([weight("a", "8"), weight("b", "8"), weight("c", "32")])
    simplify(graph)
    assert [tensor.name for tensor in graph.initializer] == ["a", "c"]
    assert [list(n.input) for n in graph.node] == [
        ["x", "a"],
        ["first", "a"],
        ["second", "c"],
    ]
