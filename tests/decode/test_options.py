import dataclasses

import pytest

from nlg.decode import constraints
from nlg.decode.options import DecodeOptions
from nlg.decode.sample import filters_of
from nlg.errors import OptionError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"beams": 0}, "beams is 0; it must be from 1 to 1024"),
        ({"n_best": 5}, "n_best is 5; it must be from 1 to 4, the beams"),
        (
            {"min_length": 8, "max_length": 8},
            "min_length is 8; it must be from 0 to 7, max_length without the end",
        ),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"repetition_penalty": 0.5}, "repetition_penalty is 0.5"),
    ],
)
def test_what_no_search_can_do_is_refused(changes, message):
    with pytest.raises(OptionError, match=message):
        DecodeOptions(**changes)


def test_options_ask_for_no_rule_and_no_filter_unless_told():
    assert constraints.of_options(DecodeOptions(), end_id=3) == []
    assert filters_of(DecodeOptions()) == []
    told = DecodeOptions(min_length=2, no_repeat_ngram=3, repetition_penalty=1.2)
    assert len(constraints.of_options(told, end_id=3)) == 3
    told = DecodeOptions(temperature=0.5, top_k=5, top_p=0.9, typical_p=0.9)
    assert len(filters_of(told)) == 4


def test_options_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        DecodeOptions().beams = 2
