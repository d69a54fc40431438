"""Which candidates are told beside a better one."""

import pytest

from nlg.qa.answer import NOWHERE, Candidate
from nlg.qa.candidates import RankedCandidate, apart
from nlg.qa.rerank import FoundAnswer


def ranked(*places):
    """Return candidates of (text, passage, start), the best first."""
    return [
        RankedCandidate(
            Candidate(
                text, 0.5, passage, start, start + len(text) if start >= 0 else start
            ),
            FoundAnswer(text, 0.0),
        )
        for text, passage, start in places
    ]


@pytest.mark.parametrize(
    ("places", "kept"),
    [
        ([("青藏高原", 0, 9), ("高原", 0, 11), ("源于青藏", 0, 7)], ["青藏高原"]),
        ([("高原", 0, 11), ("青藏高原", 0, 9)], ["高原"]),
        ([("青藏高原", 0, 9), ("高原", 0, 30)], ["青藏高原", "高原"]),
        ([("青藏高原", 0, 9), ("高原", 1, 11)], ["青藏高原", "高原"]),
        ([("青藏", 0, 9), ("高原", 0, 11)], ["青藏", "高原"]),
        ([("青藏高原", 0, 9), ("高原", 0, NOWHERE)], ["青藏高原"]),
        ([("青藏高原", 0, NOWHERE), ("黄河", 0, NOWHERE)], ["青藏高原", "黄河"]),
    ],
)
def test_what_shares_its_place_with_a_better_one_is_left_out(places, kept):
    assert [one.candidate.text for one in apart(ranked(*places))] == kept
