"""Tones as poets used them: a reading that is in the book alone is no excuse."""

import re

import pytest
from known_poems import BAIDI, SPRING, STORKS

from nlg.errors import OptionError
from nlg.runtime import checkpoints_folder
from nlg.text.normalize import is_han, to_simplified
from nlg.text.readings import (
    _rows,
    book_mark,
    is_modern,
    level_groups,
    line_tones,
    mark,
    rhyme_groups,
    tones,
    use_of,
    word_at,
    word_tones,
)
from nlg.text.rhymes import BOOKS

NAMELESS = "嗯㮾䔩䵋"  # Mandarin has no final for these, or no source has them


@pytest.mark.parametrize(
    ("character", "alone", "in_book"),
    [
        ("不", "仄", "多"),
        ("中", "平", "多"),
        ("与", "仄", "多"),
        ("空", "平", "多"),
        ("看", "多", "多"),
        ("思", "多", "多"),
        ("望", "多", "多"),
        ("花", "平", "平"),
        ("月", "仄", "仄"),
        ("咖", "平", "平"),
        ("Q", "？", "？"),
    ],
)
def test_a_tone_that_poets_do_not_use_is_out(character, alone, in_book):
    assert (mark(character), book_mark(character)) == (alone, in_book)


def test_a_tone_stands_for_its_mark():
    assert (tones("看"), tones("不"), tones("Q")) == ({"平", "仄"}, {"仄"}, set())


@pytest.mark.parametrize(
    ("line", "place", "word", "tone"),
    [
        ("此物最相思", 5, "相思", "平"),
        ("丞相祠堂何处寻", 2, "丞相", "仄"),
        ("待到重阳日", 3, "重阳", "平"),
        ("不教胡马度阴山", 2, "不教", "平"),
        ("随君直到夜郎西", 1, "", ""),
        ("细草微风岸", 1, "", ""),
    ],
)
def test_a_word_decides_how_its_character_is_read(line, place, word, tone):
    if use_of(line[place - 1]):
        assert word_at(line, place - 1) == (word, tone)
    else:
        assert word == ""


def test_a_word_does_not_reach_over_the_caesura():
    assert word_at("此物最相思", 4) == ("相思", "平")
    assert word_at("春相思不见", 2) == ("", "")  # 春相|思不见: 2 and 3 are no word
    assert word_at("相思", 1) == ("相思", "平")  # no verse, so no caesura


def test_a_word_may_use_a_tone_that_is_out_elsewhere():
    assert mark("中") == "平"
    assert word_tones("中酒") == "多仄"


def test_two_words_that_contradict_each_other_decide_nothing():
    # 诗思 is 仄 and 思量 平, but 诗思量 is neither.
    assert word_at("诗思", 1) == ("诗思", "仄")
    assert word_at("思量", 0) == ("思量", "平")
    assert word_at("诗思量", 1) == ("", "")
    assert word_tones("诗思量")[1] == "多"


def test_lines_are_read_by_character_or_by_word():
    assert line_tones("此物最相思") == "仄仄仄多多"
    assert word_tones("此物最相思") == "仄仄仄平平"
    assert line_tones("") == word_tones("") == ""


def test_use_is_of_the_old_books_alone():
    assert mark("不", "中华新韵") == "仄"
    assert mark("思", "中华新韵") == "平"  # Mandarin has no fourth tone of it
    assert mark("白") == "仄"
    assert mark("白", "中华新韵") == "平"


@pytest.mark.parametrize(
    ("character", "groups"),
    [
        ("东", {"一东"}),
        ("空", {"一东"}),
        ("看", {"十四寒"}),
        ("思", {"四支"}),  # not 十灰, though the book has it
        ("行", {"七阳", "八庚"}),
        ("车", {"六鱼", "六麻"}),
        ("月", set()),
        ("讲", set()),
        ("不", set()),  # 十一尤 is not in use
        ("咖", set()),
        ("Q", set()),
    ],
)
def test_characters_rhyme_where_poets_rhyme_them(character, groups):
    assert rhyme_groups(character) == groups


def test_all_groups_include_the_oblique_ones_in_use():
    assert rhyme_groups("看", level_only=False) == {"十四寒", "十五翰"}
    assert rhyme_groups("空", level_only=False) == {"一东"}


def test_level_groups_are_in_the_order_of_the_book():
    assert (len(level_groups()), level_groups()[-1]) == (30, "十五咸")
    assert level_groups("中华通韵")[:2] == ("一啊", "二喔")


@pytest.mark.parametrize(
    ("character", "modern"), [("咖", True), ("氢", True), ("春", False), ("Q", False)]
)
def test_a_modern_character_has_a_tone_and_is_told(character, modern):
    assert is_modern(character) is modern


@pytest.mark.parametrize("poem", [STORKS, BAIDI, SPRING])
def test_everything_in_famous_poems_is_known(poem):
    assert not re.search("？", "".join(map(word_tones, poem)))


@pytest.mark.parametrize("name", ["poem/vae", "poem/unilm", "couplet"])
@pytest.mark.parametrize("book", BOOKS)
def test_every_simplified_character_of_the_vocabularies_is_known(name, book):
    tokens = (checkpoints_folder() / name / "vocab.txt").read_text("utf-8").split("\n")
    written = [t for t in tokens if is_han(t) and len(t) == 1 and t == to_simplified(t)]
    assert len(written) > 5000
    unknown = {c for c in written if not tones(c, book)}
    assert unknown <= set(NAMELESS)


def test_the_table_of_use_is_of_characters_of_both_tones():
    rows = _rows("字")
    assert len(rows) > 400
    for character, alone, level, places, _ in rows:
        assert book_mark(character) == "多", character
        assert alone in "平仄多" and 0 <= float(level) <= 100 and int(places) >= 20


def test_a_tone_below_three_in_a_hundred_is_out_where_poems_are_many():
    for character, alone, level, places, _ in _rows("字"):
        if int(places) > 1000:
            share = float(level)
            expected = "仄" if share < 2.4 else "平" if share > 97.6 else "多"
            if not 2 < share < 4 and not 96 < share < 98:
                assert alone == expected, character


def test_unknown_book_names_the_books_there_are():
    with pytest.raises(OptionError, match="no rhyme book '广韵'; there are 平水韵"):
        tones("东", "广韵")
