"""A tiny recurrence stands for a decoder: one loop, one captured kernel."""

import keras
import numpy as np
import pytest
from keras import ops
from safetensors.numpy import load_file, save_file

from nlg.onnx_export import export
from nlg.runtime.graph import Graph

UNITS, STEPS = 4, 5
X = np.random.default_rng(0).normal(size=(3, UNITS)).astype("float32")
SIGNATURE = {"x": ((None, UNITS), "float32"), "steps": ((), "int32")}


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((UNITS,)), keras.layers.Dense(UNITS)])


def recurrence(model):
    """Return a function that applies `model` `steps` times, counting from `steps`."""
    kernel = model.layers[0].kernel

    def function(x, steps):
        def step(i, x, scale):
            fixed = ops.tanh(ops.transpose(kernel))  # the same at every step
            return i + 1, ops.tanh(model(x)) + ops.matmul(x, fixed) * scale, scale

        start = (ops.zeros((), "int32"), x, ops.mean(ops.abs(x)))
        i, x, _ = ops.while_loop(lambda i, x, scale: i < steps, step, start)
        return x, i

    return function


def write(model, folder, function=None, name="model"):
    """Export into `folder`; return the path of the graph."""
    weights = folder / "weights.safetensors"
    export.save_weights(model, weights)
    path = folder / f"{name}.onnx"
    export.export_onnx(
        function or recurrence(model), model, SIGNATURE, ("y", "count"), path, weights
    )
    return path


def answer(path):
    return Graph(path, "cpu")(x=X, steps=np.array(STEPS, "int32"))


def loop_of(path):
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    (loop,) = [node for node in graph.node if node.op_type == "Loop"]
    return loop, next(x.g for x in loop.attribute if x.name == "body")


def operations_of(path):
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    return {node.op_type for node in graph.node}


def test_exported_graph_answers_as_the_function_does(model, tmp_path):
    # Weights that 16 bits hold exactly leave float32 arithmetic as the only difference.
    for variable in model.variables:
        variable.assign(np.float16(variable.numpy()).astype("float32"))
    y, count = recurrence(model)(X, STEPS)
    got = answer(write(model, tmp_path))
    np.testing.assert_allclose(got["y"], y, atol=1e-5)
    assert got["count"] == count == STEPS


def test_weights_of_16_bits_change_a_step_by_less_than_their_precision(model, tmp_path):
    got = Graph(write(model, tmp_path), "cpu")(x=X, steps=np.array(1, "int32"))["y"]
    exact = np.array(recurrence(model)(X, 1)[0])
    # half precision has 11 bits; a sum of 2 * UNITS products of numbers around 1
    assert 0 < np.abs(got - exact).max() < 2 * UNITS * 2**-11 * np.abs(X).max()


def test_weights_of_32_bits_are_kept_as_they_are(model, tmp_path):
    path, weights = tmp_path / "model.onnx", tmp_path / "weights.safetensors"
    export.save_weights(model, weights, "float32")
    export.export_onnx(
        recurrence(model), model, SIGNATURE, ("y", "count"), path, weights
    )
    y, _ = recurrence(model)(X, STEPS)
    np.testing.assert_allclose(answer(path)["y"], y, atol=1e-6)


def test_one_trace_is_written_in_float_and_in_int8(tmp_path):
    wide = keras.Sequential([keras.Input((64,)), keras.layers.Dense(64)])
    weights = tmp_path / "weights.safetensors"
    export.save_weights(wide, weights)
    signature = {"x": ((None, 64), "float32")}
    traced = export.trace(lambda x: [wide(x)], wide, signature, ["y"])
    before, int8, after = (tmp_path / f"{n}.onnx" for n in ("before", "int8", "after"))
    export.save_graph(traced, before, weights)
    export.save_graph(traced, int8, weights, int8=True)
    export.save_graph(traced, after, weights)
    assert before.read_bytes() == after.read_bytes() != int8.read_bytes()
    x = np.random.default_rng(0).normal(size=(3, 64)).astype("float32")
    exact, near = (Graph(path, "cpu", 1)(x=x)["y"] for path in (after, int8))
    assert 0 < np.abs(exact - near).max() < 0.1


def test_loop_carries_only_what_changes(model, tmp_path, monkeypatch):
    hoisted, body = loop_of(write(model, tmp_path))
    changing = 2  # i and x
    assert len(hoisted.input) == 2 + changing  # with Loop's own counter and condition
    assert len(hoisted.output) == changing
    assert len(body.input) == 2 + changing and len(body.output) == 1 + changing
    assert not body.initializer
    assert "Transpose" not in {node.op_type for node in body.node}

    monkeypatch.setattr(export, "hoist_invariants", lambda graph: None)
    carrying, before = loop_of(write(model, tmp_path, name="unhoisted"))
    assert len(carrying.input) > len(hoisted.input)
    assert len(before.node) > len(body.node)
    got, want = answer(tmp_path / "model.onnx"), answer(tmp_path / "unhoisted.onnx")
    np.testing.assert_allclose(got["y"], want["y"], atol=1e-6)


def test_weights_are_read_from_the_file_beside_the_graph(model, tmp_path):
    path, weights = write(model, tmp_path), tmp_path / "weights.safetensors"
    before = answer(path)["y"]
    save_file({k: 0 * v for k, v in load_file(weights).items()}, weights)
    np.testing.assert_array_equal(answer(path)["y"], np.zeros_like(X))
    assert np.abs(before).max() > 0.1


def test_graph_holds_no_copy_of_the_weights(tmp_path):
    wide = 64
    model = keras.Sequential([keras.Input((wide,)), keras.layers.Dense(wide)])
    weights, path = tmp_path / "weights.safetensors", tmp_path / "model.onnx"
    export.save_weights(model, weights)
    signature = {"x": ((None, wide), "float32")}
    export.export_onnx(lambda x: [model(x)], model, signature, ["y"], path, weights)
    assert weights.stat().st_size > 2 * wide * wide > path.stat().st_size


def test_two_graphs_share_one_file_of_weights(model, tmp_path):
    looped = write(model, tmp_path)
    plain = write(model, tmp_path, lambda x, steps: (model(x), steps), "plain")
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {"model.onnx", "plain.onnx", "weights.safetensors"}
    tensors = load_file(tmp_path / "weights.safetensors")
    kernel, bias = (tensors[v.path].astype("float32") for v in model.variables)
    np.testing.assert_allclose(answer(plain)["y"], X @ kernel + bias, atol=1e-5)
    x = X
    for _ in range(STEPS):
        x = np.tanh(x @ kernel + bias) + x @ np.tanh(kernel.T) * np.abs(X).mean()
    np.testing.assert_allclose(answer(looped)["y"], x, atol=1e-4)


def test_places_of_tensors_are_those_of_their_bytes(model, tmp_path):
    path = tmp_path / "weights.safetensors"
    export.save_weights(model, path)
    content = path.read_bytes()
    for variable in model.variables:
        place = export.tensor_places(path)[variable.path]
        start = place["bytes"]["offset"]
        raw = content[start : start + place["bytes"]["length"]]
        stored = np.frombuffer(raw, "float16").reshape(place["shape"])
        np.testing.assert_array_equal(stored, np.float16(variable.numpy()))


def test_choices_and_comparisons_of_integers_are_exported_as_they_are(model, tmp_path):
    def function(x, steps):
        numbers = ops.cast(x * 6, "int32")
        below, above = numbers < steps, numbers > -steps
        every = ops.all(ops.logical_and(below, above), axis=1)
        some = ops.any(below, axis=(0, 1), keepdims=True)
        return ops.cast(every, "int32"), ops.cast(some, "int32")

    path = write(model, tmp_path, function)
    got, numbers = answer(path), (X * 6).astype("int32")
    below = numbers < STEPS
    np.testing.assert_array_equal(
        got["y"], (below & (numbers > -STEPS)).all(axis=1).astype("int32")
    )
    np.testing.assert_array_equal(got["count"], [[below.any()]])
    assert 0 < got["y"].sum() < len(X)  # the numbers decide it
    assert not {"ReduceSum", "Not"} & operations_of(path)
