"""拗救, on tones alone; famous lines of each are in test_famous_poems."""

import itertools

import pytest

from nlg.text.rescues import Rescue, hear, settle

REGULAR = "平平仄仄平"


def kinds(*lines):
    return [(one.kind, one.line, one.place) for one in settle(lines)[1]]


@pytest.mark.parametrize(
    ("lines", "settled", "rescue"),
    [
        (["平平仄平仄"], "平平平仄仄", Rescue("本句自救", 1, 4, 1, 3)),
        (["仄仄平平仄平仄"], "仄仄平平平仄仄", Rescue("本句自救", 1, 6, 1, 5)),
        (["仄平平仄平"], "仄平平仄平", Rescue("孤平拗救", 1, 1, 1, 3)),
        (["平仄仄平平仄平"], "平仄仄平平仄平", Rescue("孤平拗救", 1, 3, 1, 5)),
        (
            ["仄仄平仄仄", "平平平仄平"],
            "仄仄平平仄",
            Rescue("对句相救", 1, 4, 2, 3),
        ),
        (
            ["平平仄仄仄仄仄", "仄仄平平平仄平"],
            "平平仄仄仄平仄",
            Rescue("对句相救", 1, 6, 2, 5),
        ),
        (
            ["仄仄仄平仄", "平平平仄平"],
            "仄仄仄平仄",
            Rescue("对句相救", 1, 3, 2, 3),
        ),
    ],
)
def test_what_makes_up_for_a_tone_is_named(lines, settled, rescue):
    found, rescues = settle(lines)
    assert found[0] == settled
    assert rescues == [rescue]


def test_one_level_tone_may_make_up_for_two():
    assert kinds("仄仄平仄仄", "仄平平仄平") == [
        ("对句相救", 1, 4),
        ("孤平拗救", 2, 1),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["仄平仄平仄"],  # 平平仄平仄 asks for a level first place
        ["仄仄平仄仄", REGULAR],  # nothing below makes up for place 4
        [REGULAR, "仄仄平仄仄", "平平平仄平"],  # 出句 and 对句 are of two couplets
        ["仄平仄仄平"],  # 孤平
        ["平平平仄仄", "仄仄仄平平"],
    ],
)
def test_without_the_other_tone_nothing_is_made_up_for(lines):
    assert settle(lines) == (lines, [])


def test_a_third_place_need_not_be_made_up_for():
    assert settle(["仄仄仄平仄", "平平平仄平"])[1][0].optional
    assert not settle(["仄仄平仄仄", "平平平仄平"])[1][0].optional


def test_settled_lines_differ_from_the_tones_at_rescued_places_only():
    for tones in itertools.product("平仄", repeat=10):
        lines = ["".join(tones[:5]), "".join(tones[5:])]
        settled, rescues = settle(lines)
        changed = {
            (line + 1, place + 1)
            for line, place in itertools.product(range(2), range(5))
            if settled[line][place] != lines[line][place]
        }
        told = {(r.line, r.place) for r in rescues}
        told |= {(r.by_line, r.by_place) for r in rescues}
        assert changed <= told


@pytest.mark.parametrize(
    ("marks", "wanted", "heard"),
    [
        ("平多仄平仄", "中平平仄仄", "平平仄平仄"),  # 无为在歧路
        ("平平仄多仄", "中平平仄仄", "平平仄平仄"),  # 相 in 可相狎
        ("平平平多仄", "中平平仄仄", "平平平仄仄"),
        ("多仄平平仄", "中仄平平仄", "多仄平平仄"),
        ("平？仄平仄", "中平平仄仄", "平？仄平仄"),
    ],
)
def test_a_character_of_both_tones_is_heard_as_its_line_wants(marks, wanted, heard):
    assert hear(marks, wanted) == heard


def test_a_line_that_may_have_traded_tones_tells_nothing_of_its_even_places():
    assert settle(["平多仄平仄"])[0] == ["平多多多仄"]
