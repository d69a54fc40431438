"""Whether two run folders hold the same run."""

import numpy as np

from nlg.training.loop import BEST, STATE
from nlg.training.run import Run


def assert_same_run(one, other):
    """Compare all that two run folders say, except how fast they were."""

    def lines(folder):
        every = Run(folder).lines()
        return [{k: v for k, v in x.items() if k != "tokens_per_second"} for x in every]

    assert lines(one) == lines(other)
    for name in (BEST, STATE):
        (a, notes_a), (b, notes_b) = Run(one).load(name), Run(other).load(name)
        assert notes_a["step"] == notes_b["step"]
        assert len(a) == len(b)
        # Keras counts the names of optimizers up, so a state's names may differ.
        for key, other_key in zip(sorted(a), sorted(b), strict=True):
            np.testing.assert_array_equal(a[key], b[other_key], err_msg=key)
