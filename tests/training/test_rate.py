import numpy as np
import pytest

from nlg.training.rate import Trapezoid


def rates(schedule, steps):
    return [float(schedule(step)) for step in range(steps)]


def test_rate_rises_holds_and_falls_to_the_last_step():
    schedule = Trapezoid(8.0, steps=10, warmup=4, decay=4)
    want = [2, 4, 6, 8, 8, 8, 8, 6, 4, 2]
    np.testing.assert_allclose(rates(schedule, 10), want, rtol=1e-6)


def test_rate_is_zero_at_the_end_and_never_below():
    schedule = Trapezoid(8.0, steps=10, warmup=4, decay=4)
    assert [float(schedule(step)) for step in (10, 11, 1000)] == [0, 0, 0]


def test_without_warm_up_and_decay_the_rate_holds():
    schedule = Trapezoid(3.0, steps=5, warmup=0, decay=0)
    np.testing.assert_allclose(rates(schedule, 5), 5 * [3], rtol=1e-6)


def test_short_run_never_reaches_the_full_rate():
    # rise 1/4, 2/4 … meets fall 3/4, 2/4 …
    schedule = Trapezoid(1.0, steps=3, warmup=4, decay=4)
    np.testing.assert_allclose(rates(schedule, 3), [0.25, 0.5, 0.25])


def test_longer_run_is_the_same_until_the_shorter_one_decays():
    short, long = (Trapezoid(1.0, steps, warmup=2, decay=3) for steps in (8, 20))
    assert rates(short, 6) == rates(long, 6)
    assert rates(short, 8)[6:] != rates(long, 8)[6:]


def test_batches_of_one_step_have_one_rate():
    schedule = Trapezoid(8.0, steps=4, warmup=2, decay=2, batches=3)
    want = np.repeat([4, 8, 8, 4], 3)
    np.testing.assert_allclose(rates(schedule, 12), want, rtol=1e-6)


def test_schedule_is_made_again_from_its_config():
    schedule = Trapezoid(8.0, steps=10, warmup=4, decay=4, batches=2)
    again = Trapezoid.from_config(schedule.get_config())
    assert rates(again, 12) == pytest.approx(rates(schedule, 12))
