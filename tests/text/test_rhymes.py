"""The recorded table of rhymes: what a book must hold, and what was voted out of it."""

import pathlib
import subprocess
import sys

import pytest

from nlg.errors import OptionError
from nlg.text.normalize import is_han
from nlg.text.rhymes import (
    BOOKS,
    CILIN,
    MODERN,
    PINGSHUI,
    TONGYUN,
    XINYUN,
    groups,
    readings,
)

DECIDED = pathlib.Path(__file__).parents[2] / "data" / "decided.tsv"
NUMERALS = "一二三四五六七八九十"


def told(character, book=PINGSHUI):
    return {tone + group for tone, group in readings(character, book)}


@pytest.mark.parametrize("book", BOOKS)
def test_every_group_holds_its_own_name(book):
    for group in groups(book):
        name = group.name.lstrip(NUMERALS) or group.name[-1]
        level = "平" if group.tone == "平" else group.tone
        if (book in MODERN and level != "平") or book == CILIN:
            continue  # named after their level half, or by number
        assert name in group.characters, group.name


@pytest.mark.parametrize(
    ("book", "level", "all_groups"),
    [(PINGSHUI, 30, 106), (CILIN, 14, 14 * 3 + 5), (XINYUN, 14, 28), (TONGYUN, 16, 32)],
)
def test_books_have_as_many_groups_as_they_are_known_for(book, level, all_groups):
    assert len(groups(book)) == all_groups
    assert sum(group.tone == "平" for group in groups(book)) == level


def test_groups_are_sorted_without_duplicates():
    for book in BOOKS:
        for group in groups(book):
            assert list(group.characters) == sorted(set(group.characters))
            assert is_han(group.characters)


@pytest.mark.parametrize(
    ("character", "expected"),
    [
        ("先", {"平一先", "去十七霰"}),
        ("槎", {"平六麻"}),
        ("娼", {"平七阳"}),
        ("花", {"平六麻"}),
        ("龙", {"平二冬"}),
        ("儿", {"平四支", "平八齐"}),
        ("汉", {"去十五翰"}),
        ("衰", {"平四支"}),
        ("溪", {"平八齐"}),
        ("讲", {"上三讲"}),
        ("笛", {"入十二锡"}),
        ("痛", {"去一送"}),
        ("嘴", {"上四纸"}),
        ("思", {"平四支", "平十灰", "去四寘"}),
    ],
)
def test_errors_of_the_sources_are_voted_out(character, expected):
    assert told(character) == expected


def test_what_was_decided_is_what_the_table_holds():
    rows = [row.split("\t") for row in DECIDED.read_text("utf-8").splitlines()]
    assert len(rows) > 1000
    for character, kept, dropped in rows:
        assert set(kept.split()) <= told(character), character
        assert told(character).isdisjoint(dropped.split()), character


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [("东", "冬", True), ("东", "江", False), ("江", "阳", True), ("回", "开", False)],
)
def test_cilin_joins_groups_and_parts_others(one, other, alike):
    # 十灰 holds both 回 and 开; 词林正韵 has them in its third and fifth 部.
    assert (told(one, CILIN) == told(other, CILIN)) is alike


def test_cilin_keeps_the_three_tones_of_a_part_apart():
    assert told("动", CILIN) == {"上第一部"}
    assert told("送", CILIN) == {"去第一部"}
    assert told("月", CILIN) == {"入第十八部"}


def test_books_of_today_follow_from_mandarin():
    assert told("白", XINYUN) == {"平四开"}
    assert told("白", TONGYUN) == {"平七哀"}
    # 儿 is with 衣 in the older book and by itself in the newer one.
    assert (told("儿", XINYUN), told("儿", TONGYUN)) == ({"平十二齐"}, {"平十六儿"})
    assert told("雪", XINYUN) == {"仄三皆"}
    assert told("雪", TONGYUN) == {"仄三鹅"}


def test_rare_mandarin_readings_are_left_out():
    assert told("南", XINYUN) == {"平八寒"}  # not nā
    assert told("看", XINYUN) == {"平八寒", "仄八寒"}


@pytest.mark.parametrize("character", "咖氢Q，")
def test_what_no_old_book_has_rhymes_with_nothing(character):
    assert readings(character) == ()


def test_unknown_book_names_the_books_there_are():
    with pytest.raises(
        OptionError, match="there are 平水韵, 词林正韵, 中华新韵, 中华通"
    ):
        readings("东", "广韵")
    with pytest.raises(OptionError, match="'广韵'"):
        groups("广韵")


def test_table_is_loaded_at_first_use():
    code = "from nlg.text import prosody, rhymes as r; print(r._table.cache_info()[3])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "0\n"
