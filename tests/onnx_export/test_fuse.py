"""Fewer nodes, the same numbers; int8, and rows that do not see each other."""

import collections

import keras
import numpy as np
import pytest
from decode.models import SEP, SOURCES, tiny_unilm
from decode.toys import BACKEND

from nlg.decode.seq2seq import write
from nlg.onnx_export import export
from nlg.onnx_export.quantize import WEIGHT_MOST, as_integers
from nlg.runtime.graph import Graph

pytestmark = pytest.mark.skipif(
    BACKEND != "tensorflow", reason="tf2onnx reads TensorFlow"
)
NAMES = ("token_ids", "log_probs", "scores")


@pytest.fixture(scope="module")
def model():
    return tiny_unilm(layers=1)


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    return tmp_path_factory.mktemp("graphs")


def traced(model):
    search = {"beams": 2, "length": 5, "end_id": SEP}
    function = lambda x: write(model, {"token_ids": x}, **search)  # noqa: E731
    return export.trace(function, model, {"sources": ((None, None), "int32")}, NAMES)


def saved(model, folder, trace, name, **options):
    weights, path = folder / "weights.safetensors", folder / f"{name}.onnx"
    export.save_weights(model, weights)
    export.save_graph(trace, path, weights, **options)
    return path


@pytest.fixture(scope="module")
def trace(model):
    return traced(model)


@pytest.fixture(scope="module")
def fused(model, folder, trace):
    return saved(model, folder, trace, "fused")


@pytest.fixture(scope="module")
def int8(model, folder, trace):
    return saved(model, folder, trace, "int8", int8=True)


def nodes(path, inside_loop=False):
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    if inside_loop:
        (loop,) = [node for node in graph.node if node.op_type == "Loop"]
        graph = next(x.g for x in loop.attribute if x.name == "body")
    return collections.Counter(node.op_type for node in graph.node)


def test_fused_graph_has_fewer_nodes_and_gives_the_same(
    model, folder, fused, monkeypatch
):
    monkeypatch.setattr(export, "fuse", lambda graph: None)
    plain = saved(model, folder, traced(model), "plain")
    before, after = nodes(plain, True), nodes(fused, True)
    assert after["LayerNormalization"] == 4  # embeddings, two of the block, the head
    assert after["Gelu"] == 2 and not after["Erf"]
    assert sum(after.values()) < 0.75 * sum(before.values())
    got, want = (Graph(path, "cpu", 1)(sources=SOURCES) for path in (fused, plain))
    np.testing.assert_array_equal(got["token_ids"], want["token_ids"])
    np.testing.assert_allclose(got["scores"], want["scores"], atol=1e-4)


def test_conditional_norms_are_fused_too(folder, monkeypatch):
    model = tiny_unilm(layers=1, condition_size=4, classes=(3,))
    weights = folder / "conditional.safetensors"
    export.save_weights(model, weights)
    inputs = {"token_ids": SOURCES, "class_ids": np.array([[1], [3]], "int32")}
    signature = {
        "token_ids": ((None, None), "int32"),
        "class_ids": ((None, 1), "int32"),
    }

    def states(token_ids, class_ids):
        return [model({"token_ids": token_ids, "class_ids": class_ids})]

    def answer(name):
        path = folder / f"{name}.onnx"
        export.export_onnx(states, model, signature, ["states"], path, weights)
        return nodes(path), Graph(path, "cpu", 1)(**inputs)["states"]

    count, got = answer("conditional")
    assert count["LayerNormalization"] == 3  # embeddings, two of the block
    assert not count["Sqrt"]
    monkeypatch.setattr(export, "fuse", lambda graph: None)
    before, plain = answer("conditional_plain")
    assert before["Sqrt"] == 3
    np.testing.assert_allclose(got, plain, atol=1e-5)
    np.testing.assert_allclose(got, states(**inputs)[0], atol=1e-4)


def test_dense_layer_of_more_axes_is_one_product(folder):
    dense = keras.Sequential([keras.Input((None, 4)), keras.layers.Dense(6)])
    weights, path = folder / "dense.safetensors", folder / "dense.onnx"
    export.save_weights(dense, weights, "float32")
    signature = {"x": ((None, None, 4), "float32")}
    export.export_onnx(lambda x: [dense(x)], dense, signature, ["y"], path, weights)
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    kernel, bias = dense.get_weights()
    np.testing.assert_allclose(Graph(path, "cpu", 1)(x=x)["y"], x @ kernel + bias, 1e-5)
    assert nodes(path).keys() <= {"MatMul", "Add", "Cast", "Identity"}


def test_model_of_one_head_reads_the_same_as_a_graph(folder):
    # tf2onnx may take the shape of what is transposed for that of what it was before
    model = tiny_unilm(heads=1)
    weights, path = folder / "one_head.safetensors", folder / "one_head.onnx"
    export.save_weights(model, weights)
    function = lambda x: [model.prefill(x)[0]]  # noqa: E731
    signature = {"sources": ((None, None), "int32")}
    export.export_onnx(function, model, signature, ["states"], path, weights)
    got = Graph(path, "cpu", 1)(sources=SOURCES)["states"]
    np.testing.assert_allclose(got, model.prefill(SOURCES)[0], atol=1e-4)


def test_int8_graph_multiplies_by_no_weight_in_float(int8):
    for inside in (False, True):
        count = nodes(int8, inside)
        # query, key, value, output, two of the feed-forward, two of the head
        assert count["MatMulIntegerToFloat"] == 8
    inside = nodes(int8, True)
    assert inside["MatMul"] == 4  # the products of attention


def test_int8_answers_stay_near_those_of_float32(model, fused, int8):
    rng = np.random.default_rng(0)
    sources = rng.integers(4, 30, (200, 8)).astype("int32")
    sources[:, 0], sources[:, -1] = 2, 3
    want, got = (Graph(path, "cpu", 1)(sources=sources) for path in (fused, int8))
    same = (want["token_ids"][:, 0] == got["token_ids"][:, 0]).all(-1)
    assert same.mean() > 0.9  # of lines by a random model, where most choices are close
    assert np.median(np.abs(want["scores"] - got["scores"])[same, 0]) < 0.05


def test_int8_answer_to_a_row_does_not_depend_on_the_rows_beside_it(int8):
    graph = Graph(int8, "cpu", 1)
    together = graph(sources=SOURCES)
    for row in range(2):
        alone = graph(sources=SOURCES[row : row + 1])
        np.testing.assert_array_equal(together["token_ids"][row], alone["token_ids"][0])
        np.testing.assert_allclose(
            together["scores"][row], alone["scores"][0], atol=1e-5
        )


def test_integers_are_the_nearest_to_the_matrix_and_of_seven_bits():
    matrix = np.random.default_rng(0).normal(size=(50, 7)).astype("float32")
    integers, scale = as_integers(matrix)
    assert np.abs(integers).max(axis=0).tolist() == [WEIGHT_MOST] * 7
    assert (np.abs(integers * scale - matrix) <= scale / 2 + 1e-6).all()
