import numpy as np
from keras import ops

from nlg.layers.masks import attention_mask


def drawn(text):
    return [[int(x) for x in line.split()] for line in text.strip().splitlines()]


def mask_of(sample_ids, generated):
    mask = attention_mask(np.array([sample_ids]), np.array([generated]))
    return ops.convert_to_numpy(mask)[0].astype(int).tolist()


def test_unilm_mask_of_spring_sleep():
    """[CLS]春眠[SEP]不觉: the block of the module's text."""
    assert mask_of([1] * 6, [0, 0, 0, 0, 1, 1]) == drawn("""
        1 1 1 1 0 0
        1 1 1 1 0 0
        1 1 1 1 0 0
        1 1 1 1 0 0
        1 1 1 1 1 0
        1 1 1 1 1 1
    """)


def test_causal_mask_is_a_lower_triangle():
    assert mask_of([1] * 4, [1, 1, 1, 1]) == np.tril(np.ones((4, 4), int)).tolist()


def test_bidirectional_mask_is_full():
    assert mask_of([1] * 3, [0, 0, 0]) == np.ones((3, 3), int).tolist()


def test_packed_samples_and_padding_see_only_themselves():
    """Two samples of one row, 春→眠 and 不→觉, then two places of padding."""
    assert mask_of([1, 1, 2, 2, 0, 0], [0, 1, 0, 1, 0, 0]) == drawn("""
        1 0 0 0 0 0
        1 1 0 0 0 0
        0 0 1 0 0 0
        0 0 1 1 0 0
        0 0 0 0 1 1
        0 0 0 0 1 1
    """)
