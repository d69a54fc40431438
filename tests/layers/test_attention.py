import keras
import numpy as np
import pytest
from keras import ops

from nlg.layers.attention import NEG_INF, ResidualAttention, SelfAttention

B, T, D, H = 2, 5, 8, 2
d = D // H


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def built(**keywords):
    layer = SelfAttention(H, **keywords)
    layer.build((None, None, D))
    weights = [random(*x.shape, seed=n) for n, x in enumerate(layer.weights)]
    layer.set_weights(weights)
    return layer


def by_hand(layer, x, mask):
    """Softmax of scaled products, one head and one token at a time."""
    names = ("query", "key", "value", "output_projection")
    kernels = {n: [np.array(w) for w in getattr(layer, n).get_weights()] for n in names}
    q, k, v = (x @ kernels[n][0] + kernels[n][1] for n in names[:3])
    mixed, matrix = np.zeros_like(x), np.zeros((B, H, T, T))
    for b, h, i in np.ndindex(B, H, T):
        part = slice(h * d, (h + 1) * d)
        scores = k[b, :, part] @ q[b, i, part] / np.sqrt(d)
        shares = np.where(mask[b, i], np.exp(scores), 0)
        matrix[b, h, i] = shares / shares.sum()
        mixed[b, i, part] = matrix[b, h, i] @ v[b, :, part]
    return mixed @ kernels[names[3]][0] + kernels[names[3]][1], matrix


MASK = np.tril(np.ones((T, T), bool))[None] & (np.arange(T) != 1)[None, None]
MASK = np.repeat(MASK | np.eye(T, dtype=bool), B, axis=0)


@pytest.mark.parametrize("fused", [True, False])
def test_attention_is_what_the_paper_says(fused):
    layer, x = built(), random(B, T, D, seed=9)
    layer.fused = fused
    want, _ = by_hand(layer, x, MASK)
    got = ops.convert_to_numpy(layer(x, MASK))
    np.testing.assert_allclose(got, want, atol=2e-5)


def test_attention_matrix_is_what_the_sub_layer_returns():
    layer, x = built(), random(B, T, D, seed=9)
    layer.fused, seen = False, []
    inner = layer.probabilities.call
    layer.probabilities.call = lambda scores: seen.append(inner(scores)) or seen[0]
    layer(x, MASK)
    _, want = by_hand(layer, x, MASK)
    np.testing.assert_allclose(ops.convert_to_numpy(seen[0]), want, atol=2e-6)


def test_tokens_that_look_at_kept_keys_find_what_the_whole_row_finds():
    layer, x = built(), random(B, T, D, seed=9)
    want, _ = by_hand(layer, x, MASK)
    keys, values = layer.keys_and_values(x)
    hidden = np.where(MASK, 0.0, NEG_INF).astype("float32")[:, None]
    every = layer.look(x, keys, values, hidden)
    np.testing.assert_allclose(ops.convert_to_numpy(every), want, atol=2e-5)
    last = layer.look(x[:, -1:], keys, values, hidden[:, :, -1:])
    np.testing.assert_allclose(ops.convert_to_numpy(last), want[:, -1:], atol=2e-5)


def test_one_step_with_a_cache_equals_the_whole_row():
    """Two beams a row; the last of five tokens looks at two of source, two written."""
    layer, x = built(), random(B, T, D, seed=9)
    mask = np.ones((B, T, T), bool)
    mask[1, :, 1] = False  # padding of the second source
    want, _ = by_hand(layer, x, mask)
    K, M = 2, 2 * B
    keys, values = (ops.convert_to_numpy(z) for z in layer.keys_and_values(x))
    source = keys[..., :2], values[:, :, :2]
    room = np.full((M, H, 5, d), 7.0, "float32")  # what was never written is not seen
    written = [room.copy(), room.copy()]
    for place, z in zip(written, (keys.swapaxes(2, 3), values), strict=True):
        place[:, :, -2:] = np.repeat(z[:, :, 2:4], K, axis=0)
    hidden = np.where(mask[:, 0, :2], 0.0, NEG_INF).astype("float32")[:, None, None]
    seen = np.array([NEG_INF, NEG_INF, 0, 0, 0], "float32")
    got, *kept = layer.step(
        np.repeat(x[:, 4], K, axis=0), source, written, hidden, seen
    )
    np.testing.assert_allclose(
        ops.convert_to_numpy(got), np.repeat(want[:, 4], K, axis=0), atol=2e-5
    )
    for new, z in zip(kept, (keys.swapaxes(2, 3), values), strict=True):
        new = ops.convert_to_numpy(new)
        np.testing.assert_allclose(new[::K, :, 2:], z[:, :, 2:], atol=1e-5)


def test_heads_share_one_kernel_of_the_initializer_that_was_asked_for():
    layer = SelfAttention(H, keras.initializers.Constant(0.5))
    layer.build((None, None, D))
    assert {x.shape for x in layer.weights} == {(D, D), (D,)}
    assert all(np.all(np.array(x) == 0.5) for x in layer.get_weights()[::2])


def test_fresh_residual_attention_adds_nothing():
    layer = ResidualAttention(H)
    layer.build((None, None, D))
    x = random(B, T, D)
    np.testing.assert_array_equal(layer(x), x)


def test_residual_attention_adds_what_each_token_finds_in_all_others():
    layer = ResidualAttention(H)
    layer.build((None, None, D))
    layer.set_weights([random(*x.shape, seed=n) for n, x in enumerate(layer.weights)])
    x, seen = random(B, T, D), np.ones((B, T, T), bool)
    found, _ = by_hand(layer.attention, np.array(layer.norm(x)), seen)
    np.testing.assert_allclose(layer(x), x + found, atol=1e-5)


@pytest.mark.parametrize("kind", [SelfAttention, ResidualAttention])
def test_nothing_of_an_attention_waits_to_be_built(kind):
    layer = kind(H)
    layer.build((None, None, D))
    assert all(part.built for part in layer._flatten_layers())
