import numpy as np
from keras import ops

from nlg.layers.condition import Condition


def built(classes, units):
    layer = Condition(classes, units)
    layer.build()
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(size=x.shape) for x in layer.weights])
    return layer, layer.get_weights()


def test_classes_and_vector_are_added_and_class_0_is_not_told():
    layer, (first, second) = built((3, 2), 4)
    vector = np.ones((3, 4), "float32")
    class_ids = np.array([[1, 2], [3, 0], [0, 0]])
    got = ops.convert_to_numpy(layer(class_ids, vector))
    want = [1 + first[0] + second[1], 1 + first[2], np.ones(4)]
    np.testing.assert_allclose(got, want, atol=1e-6)


def test_either_may_be_left_out():
    layer, (table,) = built((3,), 4)
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer(np.array([[2]]))), table[1:2], atol=1e-6
    )
    vector = np.full((2, 4), 5.0, "float32")
    np.testing.assert_allclose(ops.convert_to_numpy(layer(None, vector)), vector)
