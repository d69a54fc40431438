import pytest

from nlg.errors import OptionError
from nlg.poem.writer.conditions import (
    KINDS,
    PERIOD_OF,
    PERIODS,
    ConditionIds,
    Conditions,
)
from nlg.text.poem_records import Poem

POETS = ("李白", "杜甫", "白居易")
QUIET = Poem("五绝", ("床前明月光",) * 4, author="李白", dynasty="五代十国")


def test_only_authors_of_enough_poems_are_known_the_most_prolific_first():
    poems = [Poem("五绝", (), author=name) for name in ("甲", *"乙乙", *"丙丙丙", "")]
    assert Conditions.from_poems(poems, 2).names["author"] == ("丙", "乙")


def test_a_poem_is_told_by_what_is_known_of_it():
    conditions = Conditions(POETS)
    assert conditions.of(QUIET) == ConditionIds(form=1, period=2, author=1)
    assert conditions.of(QUIET, 5).sentiment == 5
    stranger = Poem("七律", (), author="无名氏", dynasty="某")
    assert conditions.of(stranger) == ConditionIds(form=4)


def test_names_are_the_classes_that_poems_are_told_by():
    told = Conditions(POETS).ids_of(
        form="五绝", period="唐", author="李白", sentiment=""
    )
    assert told == Conditions(POETS).of(QUIET)
    example = Conditions(["李白"]).ids_of(form="七绝", author="李白")
    assert example == ConditionIds(form=2, period=0, sentiment=0, author=1)


def test_every_dynasty_is_of_one_period():
    assert sum(map(len, PERIODS.values())) == len(PERIOD_OF)
    assert Conditions(POETS).sizes == (4, 6, 5, 3) and len(KINDS) == 4
    assert Conditions([]).sizes == (4, 6, 5, 1)  # nothing can be looked up in none


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("李百", "did you mean 李白?"),
        ("居易", "did you mean 白居易?"),
        ("x", "there are 李白, 杜甫, 白居易"),
        ("李" * 500, "there are 李白, 杜甫, 白居易"),
    ],
)
def test_an_unknown_author_brings_near_ones_to_mind(name, hint):
    with pytest.raises(OptionError) as error:
        Conditions(POETS).ids_of(author=name)
    assert str(error.value) == f"no author {name[:20]!r}; {hint}"


def test_of_many_authors_some_are_named_and_of_none_none():
    with pytest.raises(OptionError, match=r"there are 0, 1, 2, 3, 4, 5 and 94 more$"):
        Conditions(map(str, range(100))).ids_of(author="x")
    with pytest.raises(OptionError, match="there is none"):
        Conditions([]).ids_of(author="x")


def test_authors_are_kept_in_a_file(tmp_path):
    path = tmp_path / "authors.txt"
    for poets in (POETS, ()):
        Conditions(poets).save(path)
        assert Conditions.load(path).names["author"] == poets
