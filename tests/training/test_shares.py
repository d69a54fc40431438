import pytest

from nlg.errors import OptionError
from nlg.training.shares import share_of, shares_of_sources


def test_each_source_has_the_share_of_the_last_pattern_that_fits_it():
    settings = ("k*=0.5", "kg=0.25", "news=0")
    sources = ["kb", "kg", "news", "cmrc"]
    assert shares_of_sources(settings, sources) == [0.5, 0.25, 0, 1]
    assert shares_of_sources((), ["kb", "cmrc"]) == [1, 1]


def test_a_pattern_that_fits_no_source_names_the_nearest():
    with pytest.raises(OptionError, match=r"kgclu= fits no.*nearest is kgclue") as told:
        shares_of_sources(("kgclu==0.5",), ["kgclue", "cmrc"])
    assert told.value.exit_code == 2


def test_a_pattern_may_hold_an_equals_sign():
    assert share_of("a=b=0.5") == ("a=b", 0.5)


@pytest.mark.parametrize("text", ["kgclue", "kgclue=2", "kgclue=nan", "=0.5", "kb=-1"])
def test_a_share_is_a_pattern_and_a_number_from_0_to_1(text):
    with pytest.raises(OptionError, match=f"shares: {text}: write it as pattern=share"):
        share_of(text)
