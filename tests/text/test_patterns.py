"""Words that are read otherwise than their characters were put for."""

import pytest
from known_poems import BAIDI, SPRING, STORKS

from nlg.text.forms import FORMS
from nlg.text.patterns import Misread, misread
from nlg.text.prosody import check


@pytest.mark.parametrize(
    ("poem", "form"), [(STORKS, "五绝"), (BAIDI, "七绝"), (SPRING, "五律")]
)
def test_famous_poems_are_read_as_their_pattern_wants(poem, form):
    for lines in range(len(poem) + 1):
        assert misread(poem[:lines], FORMS[form]) == frozenset()


def test_a_word_against_its_place_is_told_with_its_other_character():
    lines = [*STORKS[:2], "日春相思月", STORKS[3]]
    assert misread(lines, FORMS["五绝"]) == {Misread("思", "相")}
    assert check(lines).violations != ()
    assert misread(lines[:3], FORMS["五绝"]) == {Misread("思", "相")}


def test_a_word_that_begins_with_its_polyphone_is_told_too():
    # 重阳 is level first; at place 4 the pattern wants 仄 of 重.
    lines = [*STORKS[:2], "欲穷山重阳", STORKS[3]]
    assert Misread("重", "阳") in misread(lines, FORMS["五绝"])


def test_a_character_that_breaks_its_place_by_itself_is_no_matter_of_words():
    assert misread([*STORKS[:2], "欲不千里目", STORKS[3]], FORMS["五绝"]) == frozenset()


def test_a_free_place_takes_either_tone_of_a_word():
    # 重 of 重阳 is level, at place 1 the pattern leaves it open.
    lines = ["重阳江水月", *STORKS[1:]]
    assert not [
        word for word in misread(lines, FORMS["五绝"]) if word.character == "重"
    ]
