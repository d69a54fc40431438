import keras
import numpy as np
import pytest

from nlg.errors import CheckpointError
from nlg.layers.weights import assign, compare, variables_by_path, weights_by_path


@pytest.fixture
def model():
    first = keras.layers.Dense(3, name="first")
    layers = [keras.Input((2,)), first, keras.layers.Dropout(0.5)]
    model = keras.Sequential(layers, name="model")
    first.trainable = False
    return model


def test_frozen_weights_are_weights_and_random_seeds_are_not(model):
    assert {path: x.shape for path, x in weights_by_path(model).items()} == {
        "model/first/kernel": (2, 3),
        "model/first/bias": (3,),
    }


def test_a_copy_does_not_move_with_the_model(model):
    before = weights_by_path(model)["model/first/bias"]
    variables_by_path(model)["model/first/bias"].assign([1, 2, 3])
    assert before.tolist() == [0, 0, 0]
    assert weights_by_path(model)["model/first/bias"].tolist() == [1, 2, 3]


def test_what_is_assigned_is_what_comes_back(model):
    tensors = {
        "model/first/kernel": np.ones((2, 3), "float16"),
        "model/first/bias": np.arange(3.0),
    }
    assign(variables_by_path(model), tensors, "here")
    for path, tensor in weights_by_path(model).items():
        assert tensor.dtype == "float32"
        np.testing.assert_array_equal(tensor, tensors[path])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model/first/bias": None}, "missing 1: model/first/bias;"),
        ({"second/bias": np.ones(3)}, "unused 1: second/bias;"),
        (
            {"model/first/bias": np.ones(4)},
            "misshapen 1: model/first/bias is (4,), not (3,);",
        ),
        (
            {"model/first/bias": np.array([1, np.nan, 1])},
            "NaN or infinity 1: model/first/bias;",
        ),
        (
            {"model/first/bias": np.array([1, np.inf, 1])},
            "NaN or infinity 1: model/first/bias;",
        ),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_touched(model, change, says):
    before = weights_by_path(model)
    tensors = {**{path: x + 1 for path, x in before.items()}, **change}
    tensors = {path: x for path, x in tensors.items() if x is not None}
    with pytest.raises(CheckpointError) as caught:
        assign(variables_by_path(model), tensors, "runs/a")
    assert str(caught.value).startswith("runs/a: ")
    assert says in str(caught.value)
    for path, tensor in weights_by_path(model).items():
        np.testing.assert_array_equal(tensor, before[path])


def test_all_sorts_are_listed_in_one_line_with_the_way_out():
    wanted = {f"w{number}": (1,) for number in range(10)} | {"a": (2, 3)}
    with pytest.raises(CheckpointError) as caught:
        compare(wanted, {"a": (3, 2), "b": ()}, "x", "ask the maker")
    assert str(caught.value) == (
        "x: weights of another model: missing 10: w0, w1, w2, w3, w4, w5, …; "
        "unused 1: b; misshapen 1: a is (3, 2), not (2, 3); ask the maker"
    )


def test_whole_numbers_stay_whole():
    seed = keras.Variable(np.zeros(1, "uint32"), dtype="uint32", trainable=False)
    assign({"seed": seed}, {"seed": np.array([2**32 - 3], "uint32")}, "here")
    assert keras.ops.convert_to_numpy(seed.value).tolist() == [2**32 - 3]
