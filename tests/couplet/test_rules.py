"""Arrays for lines written by hand; the tones are those of the book.

平 level, 仄 oblique, 多 read in both tones, ？ in none.
"""

import numpy as np
import pytest

from nlg.couplet.rules import ANY, KINDS, LEAN, LEANING, RULES, Rulebook, Task
from nlg.decode.results import NEG_INF
from nlg.text import readings
from nlg.text.vocab import UNK_ID, Vocabulary

LEVELS, OBLIQUES, BOTH, UNKNOWN = "春山江天云风东", "月日水雪石玉鹤", "看教", "a𠀀"
TONES = (LEVELS, "平"), (OBLIQUES, "仄"), (BOTH, "多"), (UNKNOWN, "？")
VOCABULARY = Vocabulary(
    ["[PAD]", "[UNK]", "，", "、", *LEVELS, *OBLIQUES, *BOTH, "a", "□"]
)
# What a place may ask for, in the letters of the drawings below.
DRAWN = {
    ANY: "·",
    KINDS["平"]: "平",
    KINDS["仄"]: "仄",
    LEANING["平"]: "p",
    LEANING["仄"]: "z",
}


@pytest.fixture(scope="module")
def rulebook():
    return Rulebook(VOCABULARY)


def task(source, fixed="", ends="平", banned=""):
    return Task(source, fixed or "_" * len(source), ends, banned)


def required(rulebook, *given, rules=tuple(RULES), **keywords):
    arrays = rulebook.arrays([task(*given, **keywords)], rules)
    return "".join(DRAWN[kind] for kind in arrays["required"][0].tolist())


def stands(rulebook, *given, rules=tuple(RULES), **keywords):
    """Return what must stand at each place; _ for anything."""
    ids = rulebook.arrays([task(*given, **keywords)], rules)["fixed"][0].tolist()
    return "".join("_" if n == -1 else VOCABULARY.tokens[n] for n in ids)


def same(rulebook, *given, rules=tuple(RULES), **keywords):
    return rulebook.arrays([task(*given, **keywords)], rules)["same"][0].tolist()


def usable(rulebook, *given, rules=tuple(RULES), **keywords):
    found = rulebook.arrays([task(*given, **keywords)], rules)["usable"][0]
    assert set(found.tolist()) <= {0.0, 1.0}
    return {VOCABULARY.tokens[n] for n in np.flatnonzero(found)}


def test_the_lines_below_have_the_tones_that_they_are_used_for():
    for characters, tone in TONES:
        assert set(readings.line_tones(characters)) == {tone}


def test_kinds_are_what_the_book_says():
    kinds = Rulebook(Vocabulary(["[PAD]", "[UNK]", "东", "月", "看", "a"])).kinds
    no, against = NEG_INF, -LEAN
    assert kinds.tolist() == [
        [0, 0, 0, 0, 0, 0],  # any
        [no, no, 0, no, 0, no],  # level
        [no, no, no, 0, 0, no],  # oblique
        [against, against, 0, against, 0, against],  # rather level
        [against, against, against, 0, 0, against],  # rather oblique
    ]


def test_marks_and_what_stands_for_characters_are_never_written(rulebook):
    assert {VOCABULARY.tokens[n] for n in np.flatnonzero(rulebook.writable)} == (
        set(VOCABULARY.tokens) - {"[PAD]", "[UNK]", "，", "、", "□"}
    )


@pytest.mark.parametrize(
    ("source", "drawn"),
    [
        ("春月江水天石云", "·p·p·p仄"),  # even places lean, the last is asked for
        ("月山水江石", "·z·z平"),
        ("月山，水江石", "·z··z平"),  # each clause counts anew
        ("春看江教天", "····仄"),  # either tone may answer what is read in both
        ("春a江a天", "····仄"),
        ("江水看", "·p平"),  # where the end leaves it open, the task's own tone
        ("江水a", "·p平"),
        ("春", "仄"),
        ("月", "平"),
        ("看", "平"),
        ("春月", "·平"),  # the end outranks the even place
    ],
)
def test_places_ask_for_the_tone_against_the_given_one(rulebook, source, drawn):
    assert required(rulebook, source) == drawn


def test_a_line_that_may_end_in_either_tone_ends_as_the_task_says(rulebook):
    assert required(rulebook, "江水看", ends="仄") == "·p仄"
    assert required(rulebook, "江水天", ends="平") == "·p仄"


@pytest.mark.parametrize(
    ("rules", "drawn"),
    [
        (("tones", "ends"), "·p·仄"),
        (("ends",), "···仄"),
        (("tones",), "·p·z"),
        ((), "····"),
    ],
)
def test_rules_of_tone_can_be_left_out_one_by_one(rulebook, rules, drawn):
    assert required(rulebook, "春月江山", rules=rules) == drawn


@pytest.mark.parametrize(
    ("source", "drawn"),
    [
        ("春月月水天", "·ppp仄"),  # one place asks, the other does not care
        ("月月水江天", "pp·z仄"),
        ("石山石", "平z平"),  # what the end asks for holds where it stands again
        ("山石江石", "·平·平"),  # at an even place too, which only leans
        ("看月水看", "平p·平"),
        ("春，月春", "仄，·仄"),
    ],
)
def test_a_character_that_repeats_is_asked_for_what_all_its_places_ask(
    rulebook, source, drawn
):
    # What the search reads is the first place of a character.
    asked = required(rulebook, source)
    firsts = sorted(set(map(source.index, source)) - {source.find("，")})
    assert [asked[n] for n in firsts] == [drawn[n] for n in firsts]


def test_marks_stand_where_they_stood(rulebook):
    assert stands(rulebook, "春月，江水、天") == "__，__、_"
    assert stands(rulebook, "春月，江水、天", rules=()) == "_" * 7


def test_what_is_to_be_kept_stands_and_outranks_a_mark(rulebook):
    assert stands(rulebook, "春月，江水", "_日___") == "_日，__"
    assert stands(rulebook, "春月，江水", "_日云__") == "_日云__"


def test_what_is_to_be_kept_stands_wherever_its_character_repeats(rulebook):
    source, fixed = "春月春江春", "____日"
    assert stands(rulebook, source, fixed) == "日_日_日"
    assert same(rulebook, source, fixed) == [-1, 1, -1, 3, -1]
    free = tuple(rule for rule in RULES if rule != "repeat")
    assert stands(rulebook, source, fixed, rules=free) == fixed
    assert same(rulebook, source, fixed, rules=free) == [-1] * 5


def test_two_wishes_for_one_character_are_both_heard(rulebook):
    assert stands(rulebook, "春月春江春", "日___水") == "日_日_水"


def test_an_unknown_character_that_is_to_be_kept_is_the_unknown_one(rulebook):
    arrays = rulebook.arrays([task("春月", "_𠀀")])
    assert arrays["fixed"].tolist() == [[-1, UNK_ID]]


def test_repeats_are_told_by_their_first_place_and_marks_are_none(rulebook):
    assert same(rulebook, "春月春，月") == [0, 1, 0, -1, 1]
    assert same(rulebook, "春月春，月", rules=("marks",)) == [-1] * 5


def test_places_of_a_line_that_is_not_given_repeat_nothing(rulebook):
    assert same(rulebook, "__春__", "__春__") == [0, 1, -1, 3, 4]


def test_characters_of_the_line_the_banned_and_the_kept_are_not_used(rulebook):
    every = usable(rulebook, "𠀀𠀀")
    assert every == {*LEVELS, *OBLIQUES, *BOTH, "a"}
    assert usable(rulebook, "春月，春") == every - {"春", "月"}
    assert usable(rulebook, "春月", banned="江鬱水") == every - set("春月江水")
    assert usable(rulebook, "春月", "日_") == every - set("春月日")


@pytest.mark.parametrize(
    ("left_out", "comes_back"), [("reuse", "春月"), ("repeat", "日"), ("ends", "")]
)
def test_rules_on_what_is_used_can_be_left_out_one_by_one(
    rulebook, left_out, comes_back
):
    given = ("春月", "日_")
    rules = tuple(rule for rule in RULES if rule != left_out)
    more = usable(rulebook, *given, rules=rules) - usable(rulebook, *given)
    assert more == set(comes_back)


def test_tasks_of_one_length_are_stacked_and_do_not_touch_each_other(rulebook):
    tasks = [
        task("春月江"),
        task("月春月", "日__", banned="水"),
        task("看，a", ends="仄"),
    ]
    together = rulebook.arrays(tasks)
    for number, one in enumerate(tasks):
        alone = rulebook.arrays([one])
        for name in ("required", "usable", "fixed", "same"):
            np.testing.assert_array_equal(together[name][number], alone[name][0])
    dtypes = {name: array.dtype.name for name, array in together.items()}
    assert dtypes == {
        "kinds": "float32",
        "required": "int32",
        "usable": "float32",
        "fixed": "int32",
        "same": "int32",
    }
