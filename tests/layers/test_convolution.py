"""Each test sets one character of a page of zeros and draws the places that notice."""

import numpy as np
import pytest
from keras import ops

from nlg.layers.convolution import GatedConvolution

R, C, D = 3, 5, 4


def drawing(of):
    """Return '.x.' rows as a boolean page (R, C)."""
    return np.array([[mark == "x" for mark in line] for line in of.split()])


def layer_with_random_kernel(seed=0, **options):
    layer = GatedConvolution(D, **options)
    layer.build((None, None, None, D))
    rng = np.random.default_rng(seed)
    layer.filters.kernel.assign(rng.normal(size=(3 * D, 2 * D)))
    return layer


def reach(layer, line, column):
    """Return which places (R, C) one character changes, its own included."""
    page = np.zeros((2, R, C, D), "float32")
    page[1, line, column] = [1, -2, 3, 5]
    nothing, something = ops.convert_to_numpy(layer(page))
    return np.any(np.abs(something - nothing) > 1e-6, axis=-1)


@pytest.mark.parametrize(
    ("options", "place", "picture"),
    [
        ({"along": "reading"}, (1, 2), "..... .xxx. ....."),
        ({"along": "reading"}, (1, 0), "....x xx... ....."),
        ({"along": "reading"}, (0, 0), "xx... ..... ....."),
        ({"along": "reading"}, (2, 4), "..... ..... ...xx"),
        ({"along": "reading", "dilation": 2}, (1, 2), "..... x.x.x ....."),
        ({"along": "reading", "dilation": 2}, (0, 4), "..x.x .x... ....."),
        ({"along": "column"}, (1, 2), "..x.. ..x.. ..x.."),
        ({"along": "column"}, (0, 4), "....x ....x ....."),
        ({"along": "column"}, (2, 0), "..... x.... x...."),
    ],
)
def test_character_reaches_the_places_of_the_drawing(options, place, picture):
    found = reach(layer_with_random_kernel(**options), *place)
    np.testing.assert_array_equal(found, drawing(picture))


def test_a_window_ends_where_its_text_ends():
    layer = layer_with_random_kernel(dilation=2)
    texts = np.array([[1, 1, 1, 2, 2, 2, 2, 0]], "int32")
    line = np.random.default_rng(0).normal(size=(1, 8, D)).astype("float32")
    together = ops.convert_to_numpy(layer(line, texts=texts))
    for part in (slice(0, 3), slice(3, 7)):
        alone = ops.convert_to_numpy(layer(line[:, part]))
        np.testing.assert_allclose(together[:, part], alone, atol=1e-5)


def test_numpy_loop_over_padded_reading_order_gives_the_same_page():
    dilation, rng = 2, np.random.default_rng(1)
    layer = layer_with_random_kernel(dilation=dilation)
    layer.filters.bias.assign(rng.normal(size=2 * D))
    page = rng.normal(size=(2, R, C, D)).astype("float32")
    x = page.reshape(2, R * C, D)
    normal = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
    kernel, bias = layer.filters.get_weights()
    want = x.copy()
    for t in range(R * C):
        before, after = t - dilation, t + dilation
        window = np.concatenate(
            [
                normal[:, before] if before >= 0 else 0 * x[:, t],
                normal[:, t],
                normal[:, after] if after < R * C else 0 * x[:, t],
            ],
            axis=-1,
        )
        content, gate = np.split(window @ kernel + bias, 2, axis=-1)
        want[:, t] += content / (1 + np.exp(-gate))
    got = ops.convert_to_numpy(layer(page)).reshape(2, R * C, D)
    np.testing.assert_allclose(got, want, atol=1e-4)


@pytest.mark.parametrize("along", ["reading", "column"])
def test_block_that_has_learnt_nothing_passes_its_input_on(along):
    layer = layer_with_random_kernel(along=along)
    layer.filters.kernel.assign(np.zeros((3 * D, 2 * D)))
    page = np.random.default_rng(2).normal(size=(1, R, C, D)).astype("float32")
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(page)), page)
