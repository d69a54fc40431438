import collections
import itertools

import numpy as np

from nlg.training.batches import Schedule

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
