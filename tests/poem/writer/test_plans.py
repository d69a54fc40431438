"""Plans, read as a person reads them."""

import pytest
from poem.writer.writers import small_vocabulary

from nlg.errors import OptionError
from nlg.poem.request import PoemRequest
from nlg.poem.writer.plans import PlanBuilder, doubled, group_named
from nlg.poem.writer.wanted import fixed_of
from nlg.text import readings
from nlg.text.forms import FORMS
from nlg.text.vocab import Vocabulary


@pytest.fixture(scope="module")
def pages():
    return PlanBuilder(small_vocabulary())


def arrays_of(pages, form, **asked):
    poem_request = PoemRequest(form=form, **asked)
    return pages.arrays(FORMS[form], fixed_of(poem_request, FORMS[form]), poem_request)


def drawn(pages, arrays):
    """Draw each plan: a mark, a fixed character, or the set of tones at a place."""
    names = ["中", "平", "仄", *readings.level_groups(), "，", "。"]
    tokens = pages.vocabulary.tokens
    own = arrays["kinds"][len(names) :]
    names += [tokens[row.argmax()] for row in own]
    assert (own.sum(axis=1) == 1).all()
    return [" ".join(names[kind] for kind in plan) for plan in arrays["plans"].tolist()]


def test_a_plan_is_a_tone_pattern_with_a_rhyme_and_marks(pages):
    plans = drawn(pages, arrays_of(pages, "五绝", rhyme="七阳"))
    assert plans[0] == (
        "中 仄 平 平 仄 ， 平 平 中 仄 七阳 。 中 平 平 仄 仄 ， 中 仄 仄 平 七阳 。"
    )
    assert len(plans) == 4
    assert plans[1].startswith("中 仄 仄 平 七阳 ，")


def test_every_rhyme_with_characters_enough_is_open(pages):
    plans = drawn(pages, arrays_of(pages, "七律"))
    rhymes = {plan.split()[14] for plan in plans}
    assert len(plans) == 4 * len(rhymes) and 12 < len(rhymes) < 30
    assert "三江" not in rhymes
    assert len(drawn(pages, arrays_of(pages, "七律", rhyme="三江"))) == 4


def test_a_fixed_character_leaves_the_patterns_that_have_room_for_it(pages):
    # 春 is level, so a line that begins 仄 at its first place is none of its.
    plans = drawn(pages, arrays_of(pages, "五绝", first_line="白日依山尽"))
    assert {plan[:9] for plan in plans} == {"白 日 依 山 尽"}
    assert {plan.split()[6] for plan in plans} == {"平"}  # what follows 仄起


def test_a_line_that_ends_level_begins_a_rhyme_of_its_own(pages):
    plans = drawn(pages, arrays_of(pages, "七绝", first_line="朝辞白帝彩云间"))
    assert {plan.split()[-2] for plan in plans} == {"十五删"}  # a small one


def test_a_character_of_today_may_stand_for_any_rhyme_in_its_tone():
    # No old book has 咖, which is level today, and 酯, which is oblique.
    tokens = [*small_vocabulary().tokens, "咖", "酯"]
    pages = PlanBuilder(Vocabulary(tokens))
    level = drawn(pages, arrays_of(pages, "五绝", keep="_" * 9 + "咖" + "_" * 10))
    assert len({plan.split()[-2] for plan in level}) > 12
    with pytest.raises(OptionError, match="has room for"):
        arrays_of(pages, "五绝", keep="_" * 9 + "酯" + "_" * 10)


def test_a_fixed_character_stands_nowhere_else(pages):
    arrays = arrays_of(pages, "五绝", acrostic="春夏秋冬")
    number = pages.vocabulary.ids["夏"]
    assert arrays["kinds"][:, number].sum() == 1
    assert arrays["again"][number] and not arrays["marks"][number]
    assert pages.kinds[:, number].sum() > 1  # the table itself is as it was


def test_free_verse_is_one_plan(pages):
    arrays = arrays_of(pages, "五绝", rules=False, acrostic="春夏秋冬")
    assert drawn(pages, arrays) == [
        "春 中 中 中 中 ， 夏 中 中 中 中 。 秋 中 中 中 中 ， 冬 中 中 中 中 。"
    ]


def test_only_ideographs_may_be_written(pages):
    kinds = arrays_of(pages, "七绝")["kinds"]
    tokens = pages.vocabulary.tokens
    assert not kinds[:, :5].any() and not kinds[:, tokens.index("、")].any()
    assert kinds[0].sum() == 1500


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"acrostic": "春夏月月", "acrostic_at": "tail"}, "____月"),
        ({"first_line": "山山山山山"}, "山山山山山"),
        ({"first_line": "朝辞白帝间", "rhyme": "七阳"}, "with the rhyme 七阳"),
    ],
)
def test_what_no_pattern_has_room_for_is_named(pages, asked, named):
    with pytest.raises(OptionError, match=r"no tone pattern of 五绝.*--free") as error:
        arrays_of(pages, "五绝", **asked)
    assert named in str(error.value)
    asked.pop("rhyme", None)
    arrays_of(pages, "五绝", **asked, rules=False)


def test_a_rare_character_is_named(pages):
    with pytest.raises(OptionError, match="龘 is too rare"):
        arrays_of(pages, "五绝", acrostic="春龘秋冬")


def test_a_character_that_the_rhyme_book_lacks_breaks_no_rule(pages, monkeypatch):
    monkeypatch.setattr("nlg.poem.writer.plans.tones", lambda character: frozenset())
    plans = arrays_of(pages, "五绝", first_line="床前明月光")["plans"]
    assert len(plans) == len(arrays_of(pages, "五绝")["plans"])


@pytest.mark.parametrize(
    ("form", "picture"),
    [
        ("五绝", "_1_1__" * 4),
        ("七绝", "_1_1_1__" * 4),
        ("五律", "_1_1__" * 2 + "______" * 4 + "_1_1__" * 2),
    ],
)
def test_a_doubled_character_is_a_word_of_two_and_not_in_parallel_lines(form, picture):
    assert "".join("_1"[x] for x in doubled(FORMS[form]).astype(int)) == picture


@pytest.mark.parametrize("name", ["七阳", "阳", ""])
def test_a_rhyme_may_be_named_by_its_character(name):
    assert group_named(name) == ("七阳" if name else "")


@pytest.mark.parametrize("name", ["一董", "上", "阳阳"])
def test_a_rhyme_that_there_is_not_brings_the_others_to_mind(name):
    with pytest.raises(OptionError, match=f"no rhyme '{name}' .* 一东 二冬 三江"):
        group_named(name)
