import pytest

from nlg.text.bigrams import character_bigrams


@pytest.mark.parametrize(
    ("text", "bigrams"),
    [("", []), ("春", []), ("春眠", ["春眠"]), ("春春春a", ["春春", "春春", "春a"])],
)
def test_each_character_but_the_last_begins_a_bigram(text, bigrams):
    assert character_bigrams(text) == bigrams
