"""Graphs of a few nodes, run by ONNX Runtime; the oracle is float32 in NumPy."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from nlg.onnx_export.fuse import MICROSOFT, OPSET, bodies
from nlg.onnx_export.quantize import SMALL, WEIGHT_MOST, as_integers, quantize

K, N = 12, 9
RNG = np.random.default_rng(0)
W = RNG.normal(size=(K, N)).astype("float32")
X = RNG.normal(size=(5, K)).astype("float32")


def node(kind, inputs, outputs, **attributes):
    return helper.make_node(kind, inputs, outputs, **attributes)


def graph_of(nodes, *weights, x="x", y="y"):
    floats = TensorProto.FLOAT
    return helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(x, floats, [None, K])],
        [helper.make_tensor_value_info(y, floats, [None, None])],
        [numpy_helper.from_array(value, name) for name, value in weights],
    )


def run(graph, **inputs):
    imports = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=9)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, inputs)[0]


def kinds(graph):
    every = (graph, *bodies(graph))
    return [one.op_type for body in every for one in body.node]


def numpy_int8(x, w):
    """x @ w, each row of x in 8 bits and each column of w in 7, written anew."""
    column = np.abs(w).max(0) / 63
    row = np.abs(x).max(1, keepdims=True) / 127
    return np.round(x / row) @ np.round(w / column) * column * row


def test_columns_become_integers_of_seven_bits():
    integers, scale = as_integers(W)
    assert integers.dtype == np.int8 and scale.shape == (N,)
    assert np.abs(integers).max(axis=0).tolist() == [WEIGHT_MOST] * N
    np.testing.assert_allclose(integers * scale, W, atol=scale.max() / 2 + 1e-6)


def test_a_column_of_zeros_stays_one():
    integers, scale = as_integers(np.zeros((3, 2), "float32"))
    assert not integers.any() and np.isfinite(scale).all()


def test_a_product_is_that_of_rounded_rows_and_columns():
    graph = graph_of([node("MatMul", ["x", "w"], ["y"])], ("w", W))
    assert quantize(graph, {"w": W}) == 1
    assert "MatMul" not in kinds(graph) and "MatMulIntegerToFloat" in kinds(graph)
    got = run(graph, x=X)
    np.testing.assert_allclose(got, numpy_int8(X, W), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(got, X @ W, atol=0.2)
    assert np.abs(got - X @ W).max() > 1e-4  # it is not float32


def test_a_row_does_not_depend_on_the_rows_beside_it():
    graph = graph_of([node("MatMul", ["x", "w"], ["y"])], ("w", W))
    quantize(graph, {"w": W})
    together = run(graph, x=np.concatenate([X, 1000 * X]))
    np.testing.assert_array_equal(together[:5], run(graph, x=X))
    np.testing.assert_array_equal(run(graph, x=np.zeros((1, K), "float32")), [[0] * N])


def test_one_matrix_and_one_row_are_made_integers_once():
    nodes = [
        node("MatMul", ["x", "w"], ["a"]),
        node("MatMul", ["x", "w"], ["b"]),
        node("Add", ["a", "b"], ["y"]),
    ]
    graph = graph_of(nodes, ("w", W))
    assert quantize(graph, {"w": W}) == 2
    assert kinds(graph).count("QuantizeLinear") == 1
    assert [x.name for x in graph.initializer].count("w_int8") == 1
    np.testing.assert_allclose(run(graph, x=X), 2 * numpy_int8(X, W), rtol=1e-4)


def test_a_transposed_and_a_cut_weight_are_weights():
    table = RNG.normal(size=(2 * N, K)).astype("float32")
    part = [("starts", [0]), ("ends", [N]), ("axes", [0])]
    nodes = [
        node("Slice", ["table", "starts", "ends", "axes"], ["some"]),
        node("Transpose", ["some"], ["turned"], perm=[1, 0]),
        node("MatMul", ["x", "turned"], ["y"]),
    ]
    constants = [(name, np.array(value)) for name, value in part]
    graph = graph_of(nodes, ("table", table), *constants)
    assert quantize(graph, {"table": table}) == 1
    want = numpy_int8(X, table[:N].T)
    np.testing.assert_allclose(run(graph, x=X), want, rtol=1e-4, atol=1e-4)


def test_products_inside_a_loop_are_rewritten_too():
    square = RNG.normal(size=(K, K)).astype("float32") / K
    floats, info = TensorProto.FLOAT, helper.make_tensor_value_info
    body = helper.make_graph(
        [
            node("Identity", ["go"], ["goes_on"]),
            node("MatMul", ["h", "w"], ["next"]),
        ],
        "body",
        [
            info("i", TensorProto.INT64, []),
            info("go", TensorProto.BOOL, []),
            info("h", floats, None),
        ],
        [info("goes_on", TensorProto.BOOL, []), info("next", floats, None)],
    )
    loop = node("Loop", ["count", "yes", "x"], ["y"], body=body)
    constants = ("count", np.array(3)), ("yes", np.array(True))
    graph = graph_of([loop], ("w", square), *constants)
    assert quantize(graph, {"w": square}) == 1
    want = X
    for _ in range(3):
        want = numpy_int8(want, square)
    np.testing.assert_allclose(run(graph, x=X), want, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("what", ["small", "not a weight", "left", "vector"])
def test_what_is_no_large_matrix_on_the_right_stays_as_it_is(what):
    small = np.ones((K, SMALL // K), "float32")
    assert small.size <= SMALL
    value = {"small": small, "vector": np.ones(K, "float32")}.get(what, W)
    inputs = ["w", "x"] if what == "left" else ["x", "w"]
    if what == "left":
        value = W.T
    graph = graph_of([node("MatMul", inputs, ["y"])], ("w", value))
    if what == "not a weight":
        del graph.initializer[:]
        graph.input.append(
            helper.make_tensor_value_info("w", TensorProto.FLOAT, [K, N])
        )
    assert quantize(graph, {} if what == "not a weight" else {"w": value}) == 0
    assert kinds(graph) == ["MatMul"]


def test_the_graph_is_one_that_onnx_knows():
    graph = graph_of([node("MatMul", ["x", "w"], ["y"], name="p")], ("w", W))
    quantize(graph, {"w": W})
    assert [one.name for one in graph.node if one.output[0] == "y"] == ["p"]
    imports = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    onnx.checker.check_model(helper.make_model(graph, opset_imports=imports))
