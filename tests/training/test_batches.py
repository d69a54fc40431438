import collections
import itertools
import sys

import numpy as np
import pytest

from nlg.errors import DataError
from nlg.training.batches import Schedule, length_buckets, token_count

ROWS = {"五绝": 10, "七绝": 7, "七律": 2, "五律": 0}
SIZES = {"五绝": 4, "七绝": 2, "七律": 3, "五律": 1}


def epoch_of(schedule, number):
    steps = schedule.steps_per_epoch
    return [schedule.at(number * steps + step) for step in range(steps)]


def test_epoch_has_a_step_for_each_full_batch_and_one_for_a_small_bucket():
    # 10 // 4 + 7 // 2 + 1 for the two rows that make no batch of three
    schedule = Schedule(ROWS, SIZES, seed=1)
    assert schedule.steps_per_epoch == 2 + 3 + 1
    batches = collections.Counter(
        (batch.bucket, len(batch.rows)) for batch in epoch_of(schedule, 0)
    )
    assert batches == {("五绝", 4): 2, ("七绝", 2): 3, ("七律", 2): 1}


def test_no_row_comes_twice_in_an_epoch():
    for epoch in range(3):
        seen = collections.defaultdict(list)
        for bucket, rows in epoch_of(Schedule(ROWS, SIZES, seed=1), epoch):
            seen[bucket] += rows.tolist()
        for bucket, rows in seen.items():
            assert len(set(rows)) == len(rows)
            assert set(rows) <= set(range(ROWS[bucket]))


def test_rows_left_out_of_one_epoch_come_in_another():
    schedule = Schedule({"七绝": 7}, {"七绝": 2}, seed=1)
    seen = {int(r) for n in range(8) for _, rows in epoch_of(schedule, n) for r in rows}
    assert seen == set(range(7))


def test_step_is_dealt_alike_in_any_order_and_by_any_schedule_of_the_seed():
    forward = [Schedule(ROWS, SIZES, seed=1).at(step) for step in range(20)]
    one = Schedule(ROWS, SIZES, seed=1)
    backward = [one.at(step) for step in reversed(range(20))][::-1]
    for a, b in zip(forward, backward, strict=True):
        assert a.bucket == b.bucket
        np.testing.assert_array_equal(a.rows, b.rows)


def test_seeds_and_epochs_deal_differently():
    def order(seed, epoch):
        rows = [rows for _, rows in epoch_of(Schedule({"": 20}, {"": 4}, seed), epoch)]
        return tuple(np.concatenate(rows).tolist())

    assert len({order(1, 0), order(1, 1), order(2, 0)}) == 3


def test_buckets_come_mixed():
    schedule = Schedule({"五绝": 50, "七绝": 50}, {"五绝": 1, "七绝": 1}, seed=1)
    names = [batch.bucket for batch in epoch_of(schedule, 0)]
    changes = sum(a != b for a, b in itertools.pairwise(names))
    assert changes > 20  # 1 if they came one after the other, 50 expected


def test_no_rows_at_all_are_refused():
    for rows in ({}, {"五绝": 0}):
        with pytest.raises(DataError, match="no rows to train on"):
            Schedule(rows, SIZES, seed=1)


def test_thread_that_is_an_epoch_on_does_not_change_a_batch():
    schedule = Schedule({"五绝": 4}, {"五绝": 2}, seed=1)
    alone = [schedule.at(step).rows.tolist() for step in range(4)]  # two epochs
    assert alone[0] not in alone[2:]

    def between_lines(frame, event, _):
        if frame.f_code is Schedule.at.__code__:
            schedule.at(2)  # what another thread may do at any line
            return between_lines
        return None

    before = sys.gettrace()
    sys.settrace(between_lines)
    found = schedule.at(0)
    sys.settrace(before)
    assert found.rows.tolist() == alone[0]


def test_each_row_is_in_the_shortest_bucket_that_holds_it():
    lengths, edges = [5, 20, 7, 16, 0, 32, 8, 17], [8, 16, 32, 64]
    buckets = length_buckets(lengths, edges)
    assert {edge: rows.tolist() for edge, rows in buckets.items()} == {
        8: [0, 2, 4, 6],
        16: [3],
        32: [1, 5, 7],
        64: [],
    }


def test_buckets_are_scheduled():
    lengths = np.random.default_rng(0).integers(1, 33, size=200)
    buckets = length_buckets(lengths, [8, 16, 32])
    counts = {edge: len(rows) for edge, rows in buckets.items()}
    schedule = Schedule(counts, {edge: 64 // edge for edge in counts}, seed=1)
    for edge, rows in epoch_of(schedule, 0):
        seen = lengths[buckets[edge][rows]]
        assert len(rows) == 64 // edge
        assert (seen <= edge).all() and (edge == 8 or (seen > edge // 2).all())


def test_row_longer_than_every_bucket_is_named():
    with pytest.raises(DataError, match=r"row 1 has 40 tokens, the longest batches 32"):
        length_buckets([3, 40, 50], [8, 32])


def test_tokens_of_a_dict_are_those_that_are_no_padding():
    assert token_count(np.zeros((3, 4), int)) == 12
    ids = np.array([[5, 6, 0], [7, 0, 0]])
    assert token_count({"token_ids": ids, "segment_ids": ids}) == 3
