"""Whatever is typed, piped or named to a command that answers is answered or told.

The same inputs in every run; `benchmarks/torture.py` is the long form.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from odd_inputs import COMMANDS, ask, opened_once, typed

EXAMPLES = {("poem",): 80, ("poem", "map"): 12, ("write",): 24}  # others: 60


@pytest.fixture(scope="module", autouse=True)
def models():
    with opened_once():
        yield


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_whatever_is_typed_is_answered_or_told(names):
    @settings(
        max_examples=EXAMPLES.get(names, 60),
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(typed(names))
    def check(asked):
        ask(*asked)

    check()
