import numpy as np
import pytest

from nlg.text.packing import OPEN_ROWS, fill_up, pack, padded, round_up


def test_every_sample_stands_in_one_row_and_no_row_overflows():
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 101, 2000).tolist()
    order = rng.permutation(2000).tolist()
    rows = pack(order, lengths, 100)
    assert sorted(x for row in rows for x in row) == list(range(2000))
    assert max(sum(lengths[x] for x in row) for row in rows) <= 100
    assert sum(lengths) / (100 * len(rows)) > 0.95  # one sample a row gives 0.5


def test_samples_that_fill_a_row_stand_alone():
    assert sorted(pack([2, 0, 1], [7, 7, 7], 7)) == [[0], [1], [2]]


def test_rows_keep_the_order_of_samples_nearly():
    rows = pack(range(1000), [5] * 1000, 10)
    first = [row[0] for row in rows[:-OPEN_ROWS]]
    assert max(np.abs(np.array(first) - 2 * np.arange(len(first)))) <= 2 * OPEN_ROWS


def test_sample_longer_than_a_row_is_refused():
    with pytest.raises(ValueError, match="sample 1 has 11 tokens of 10"):
        pack([0, 1], [3, 11], 10)


def test_nothing_gives_no_rows():
    assert pack([], [], 10) == []


def test_rows_are_filled_up_with_padding():
    assert padded([[2, 3], [2, 7, 3]], 4).tolist() == [[2, 3, 0, 0], [2, 7, 3, 0]]
    assert padded([[2, 3], [2, 7, 3]]).tolist() == [[2, 3, 0], [2, 7, 3]]
    assert padded([[2]]).dtype == np.int32


def test_a_length_is_the_next_multiple_and_a_multiple_stays():
    assert [round_up(n, 64) for n in (1, 63, 64, 65, 128)] == [64, 64, 64, 128, 128]
    filled = fill_up(np.array([1.5, 2.5], "float32"), 3)
    assert filled.tolist() == [1.5, 2.5, 0] and filled.dtype == np.float32
    assert fill_up(np.arange(4), 4).tolist() == [0, 1, 2, 3]
