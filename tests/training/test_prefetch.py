import contextlib
import itertools
import threading
import time

import numpy as np
import pytest

from nlg.training.batches import Schedule
from nlg.training.prefetch import prefetch


def taken(count, batch_at, start=0, workers=0):
    with contextlib.closing(
        prefetch(batch_at, itertools.count(start), workers)
    ) as batches:
        return list(itertools.islice(batches, count))


def threads():
    return [x for x in threading.enumerate() if x.name.startswith("batches")]


@pytest.mark.parametrize("workers", [0, 1, 2, 5])
def test_batches_come_in_order_with_the_same_rows_for_any_number_of_workers(workers):
    schedule = Schedule({"五绝": 20, "七绝": 9}, {"五绝": 2, "七绝": 3}, seed=1)
    waits = np.random.default_rng(0).uniform(0, 0.003, size=99)

    def slow(number):
        time.sleep(waits[number])  # late ones would overtake early ones
        return schedule.at(number)

    found = taken(40, slow, start=5, workers=workers)
    alone = Schedule(schedule.rows, schedule.batch_sizes, seed=1)
    for number, (found_number, batch) in enumerate(found, 5):
        assert found_number == number
        assert batch.bucket == alone.at(number).bucket
        np.testing.assert_array_equal(batch.rows, alone.at(number).rows)


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_error_surfaces_at_its_batch_and_not_before(workers, error):
    def broken(number):
        if number >= 3:
            raise error(f"batch {number}")
        return number

    batches = prefetch(broken, itertools.count(), workers)
    assert [next(batches)[1] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(error, match="batch 3"):
        next(batches)
    assert threads() == []


def test_closing_stops_the_threads_and_starts_no_more_batches():
    made = []
    taken(4, made.append, workers=2)
    assert threads() == []
    assert len(made) <= 4 + 3  # one ahead of what each thread makes
    count = len(made)
    time.sleep(0.02)
    assert len(made) == count


def test_batches_are_made_while_a_step_is_taken():
    made = threading.Event()
    with contextlib.closing(
        prefetch(lambda number: number == 1 and made.set(), itertools.count(), 1)
    ) as batches:
        next(batches)
        assert made.wait(5)  # nobody asked for batch 1 yet


def test_without_workers_a_batch_is_made_when_it_is_asked_for():
    made = []
    batches = prefetch(made.append, itertools.count(), 0)
    next(batches)
    assert made == [0]
