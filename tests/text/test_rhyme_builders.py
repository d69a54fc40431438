"""How data/ votes on readings and counts their use, on books and poems made here."""

import importlib
import pathlib

import numpy as np
import pytest

from nlg.text.forms import FORMS
from nlg.text.patterns import patterns

DATA = pathlib.Path(__file__).parents[2] / "data"
LEVELS, OBLIQUES = "天山风", "月石玉"


@pytest.fixture(scope="module")
def votes():
    return _module("rhyme_votes")


@pytest.fixture(scope="module")
def counting():
    return _module("count_readings")


def _module(name):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DATA))
        return importlib.import_module(name)


def voters(votes, one, other, mandarin=None, **use):
    use = {"alone": {}, "in_word": {}, "feet": {}} | use
    return votes.Voters(one, other, mandarin or {}, votes.Use(**use))


def test_a_share_lies_within_its_interval_and_closer_the_more_there_are(votes):
    for count, total in [(0, 10), (2, 100), (50, 100), (100, 100)]:
        least, most = votes.interval(count, total)
        assert 0 <= least <= count / total <= most <= 1
    assert votes.interval(0, 1000)[1] < votes.interval(0, 100)[1] < 0.03
    assert votes.interval(0, 0) == (0, 1)


def test_what_both_books_have_is_kept(votes):
    found = voters(votes, {"东": {"平一东"}}, {"东": {"平一东"}}).decide("东")
    assert (found.kept, found.dropped, found.disputed) == ({"平一东"}, set(), set())


def test_of_one_book_against_the_other_couyun_is_believed(votes):
    found = voters(votes, {"花": {"平六麻", "上四纸"}}, {"花": {"平六麻"}}).decide("花")
    assert (found.kept, found.dropped) == ({"平六麻"}, {"上四纸"})
    found = voters(votes, {"先": {"去十七霰"}}, {"先": {"去十七霰", "平一先"}})
    assert found.decide("先").dropped == set()


def test_mandarin_is_for_what_explains_a_reading_of_its_own(votes):
    groups = {"难": {"平十四寒"}, "寒": {"平十四寒"}, "歌": {"平五歌"}}
    other = groups | {"难": {"平十四寒", "平五歌"}}
    spoken = {"寒": ["平an"], "歌": ["平e"], "难": ["平an", "平e"]}
    assert voters(votes, groups, other, spoken).decide("难").dropped == set()
    spoken["难"] = ["平an"]
    assert voters(votes, groups, other, spoken).decide("难").dropped == {"平五歌"}


def test_poems_are_against_a_tone_that_they_do_not_use(votes):
    one, other = {"汉": {"去十五翰"}}, {"汉": {"去十五翰", "平十四寒"}}
    unused = {"alone": {"汉": [0, 500]}}
    assert voters(votes, one, other, **unused).decide("汉").dropped == {"平十四寒"}
    used = {"alone": {"汉": [200, 300]}}
    assert voters(votes, one, other, **used).decide("汉").dropped == set()


def test_poems_are_against_a_group_that_they_never_rhyme_in(votes):
    one, other = {"书": {"平六鱼"}}, {"书": {"平六鱼", "平四支"}}
    feet = {"alone": {"书": [900, 0]}, "feet": {"书": {"六鱼": 900}}}
    assert voters(votes, one, other, **feet).decide("书").dropped == {"平四支"}


def test_something_is_kept_of_what_no_vote_supports(votes):
    one, other = {"暖": {"上十四旱"}}, {"暖": {"上十三阮"}}
    assert voters(votes, one, other).decide("暖").kept == {"上十三阮"}
    spoken = {"暖": ["仄uan"]}
    assert voters(votes, {"x": {"上一董"}}, {}, spoken).decide("x").kept


def poem_of(counting, form, number, polyphone_at):
    """A poem that keeps a pattern, with a character to count at one place."""
    choice = {"平": LEVELS, "仄": OBLIQUES, "中": LEVELS}
    lines = [
        "".join(choice[mark][n % 3] for n, mark in enumerate(line))
        for line in patterns(form)[number].lines
    ]
    row, column = polyphone_at
    lines[row] = lines[row][:column] + "看" + lines[row][column + 1 :]
    return lines


CERTAIN = dict.fromkeys(LEVELS, 1) | dict.fromkeys(OBLIQUES, -1)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_character_counts_in_the_tone_that_its_place_wants(counting, form):
    for number, pattern in enumerate(patterns(form)):
        for row, line in enumerate(pattern.lines):
            for column in range(1, form.columns, 2):
                lines = poem_of(counting, form, number, (row, column))
                alone, _ = counting.count_tones({form: [lines]}, CERTAIN)
                level, oblique = alone.get("看", (0, 0))
                wanted = line[column]
                assert (level, oblique) in [(0, 0), (wanted == "平", wanted == "仄")]


def test_a_poem_with_an_error_elsewhere_does_not_count(counting):
    form = FORMS["五绝"]
    lines = poem_of(counting, form, 0, (1, 1))
    alone, _ = counting.count_tones({form: [lines]}, CERTAIN)
    assert alone["看"] == [1, 0]
    lines[3] = lines[3][0] + "天" + lines[3][2:]  # the pattern wants 仄
    alone, _ = counting.count_tones({form: [lines]}, CERTAIN)
    assert "看" not in alone
    assert alone["天"][1] == 1  # the error itself counts, as such


def test_words_are_counted_on_both_sides_of_the_caesura_alone(counting):
    form = FORMS["五绝"]
    lines = poem_of(counting, form, 0, (1, 1))
    _, words = counting.count_tones({form: [lines]}, CERTAIN)
    assert words[f"看<{lines[1][0]}"] == [1, 0]
    assert f"看>{lines[1][2]}" not in words


def test_feet_count_where_two_others_agree(counting):
    certain = {"东": "一东", "红": "一东", "江": "三江"}
    pages = [["天红", "天看", "天天", "天东"], ["天江", "天看", "天天", "天东"]]
    feet = counting.count_feet({FORMS["五绝"]: pages}, certain)
    assert feet == {"看": {"一东": 1}}


def test_strangers_lean_to_the_tone_of_their_places(counting):
    form = FORMS["五绝"]
    lines = poem_of(counting, form, 0, (1, 1))
    lean = counting.lean({form: [lines]}, CERTAIN, {"看"})
    assert lean == {"看": 1.0}
    assert np.sign(counting.lean({form: [lines]}, CERTAIN, {"天"})["天"]) == 1
