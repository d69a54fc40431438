"""What the tests of the reader share."""

import pytest

from nlg.layers import dgcnn


@pytest.fixture(autouse=True, scope="module")
def few_convolutions():
    """Three convolutions in place of eight: an export takes half as long.

    `tests/layers` has the whole layer, `test_shipped.py` the whole network as a graph.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dgcnn, "BOTH", (1,))
        patch.setattr(dgcnn, "AFTER", (2, 1))
        yield
