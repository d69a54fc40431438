import numpy as np
import pytest

from nlg.poem.rules import ANY, LEVEL, OBLIQUE, Rulebook
from nlg.text import patterns, readings
from nlg.text.forms import FORMS
from nlg.text.vocab import Vocabulary

GROUPS = readings.level_groups()


@pytest.fixture(scope="module")
def vocabulary(poet):
    return poet.vocabulary


@pytest.fixture(scope="module")
def rulebook(vocabulary):
    return Rulebook(vocabulary)


def test_a_small_rulebook_is_what_the_book_says():
    book = Rulebook(Vocabulary(["[PAD]", "[UNK]", "东", "月", "看"]))
    drawn = [[0, 0, 1, 1, 1], [0, 0, 1, 0, 1], [0, 0, 0, 1, 1]]
    assert book.kinds[:3].tolist() == drawn
    homes = {
        GROUPS[row - 3]: column for row, column in np.argwhere(book.kinds) if row > 2
    }
    assert homes == {"一东": 2, "十四寒": 4}


def test_what_is_no_ideograph_is_of_no_kind():
    names = ["[CLS]", "，", "a", "1", "##东", "东西", "〇"]
    book = Rulebook(Vocabulary(["[PAD]", "[UNK]", *names]))
    assert book.kinds.sum(axis=0).astype(bool).tolist() == [False] * 8 + [True]


def test_every_character_is_of_the_kinds_of_its_readings(rulebook, vocabulary):
    kinds = rulebook.kinds
    assert kinds.shape == (3 + len(GROUPS), len(vocabulary))
    for number, character in enumerate(vocabulary.tokens[2:], 2):
        tones = {t for t, row in (("平", LEVEL), ("仄", OBLIQUE)) if kinds[row, number]}
        groups = {name for row, name in enumerate(GROUPS, 3) if kinds[row, number]}
        assert kinds[ANY, number] == 1
        assert tones == readings.tones(character), character
        assert groups == readings.rhyme_groups(character), character


def test_padding_and_the_unknown_stand_nowhere(rulebook):
    assert not rulebook.kinds[:, :2].any()


def test_what_rhymes_in_level_tone_is_level(rulebook):
    rhyming = rulebook.kinds[3:].any(axis=0)
    assert rhyming.any()
    assert (rulebook.kinds[LEVEL][rhyming] == 1).all()


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.name)
def test_the_arrays_draw_the_patterns(rulebook, form):
    arrays = rulebook.arrays(form, rules=True)
    page = (4, form.lines, form.columns)
    assert arrays["required"].shape == arrays["rhyming"].shape == page
    assert arrays["required"].dtype == np.int32
    assert arrays["rhyming"].dtype == np.float32
    for row, pattern in enumerate(patterns.patterns(form)):
        drawn = ["".join("中平仄"[k] for k in line) for line in arrays["required"][row]]
        assert tuple(drawn) == pattern.lines
        places = {(line, form.columns - 1) for line in pattern.rhyming}
        assert set(map(tuple, np.argwhere(arrays["rhyming"][row]))) == places
    assert arrays["groups"] == len(GROUPS) == 30
    assert arrays["kinds"] is rulebook.kinds


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.name)
def test_free_verse_is_one_pattern_that_asks_for_nothing(rulebook, form):
    arrays = rulebook.arrays(form, rules=False)
    assert arrays["required"].shape == (1, form.lines, form.columns)
    assert arrays["rhyming"].shape == (1, form.lines, form.columns)
    assert not arrays["required"].any()
    assert not arrays["rhyming"].any()
    assert arrays["kinds"][ANY, 2:].all()
