import pytest
from couplet.oracle import pattern

from nlg.couplet.responder import ReplyOptions
from nlg.couplet.theme import compose
from nlg.errors import OptionError
from nlg.text.couplets import check_couplet
from nlg.text.readings import tones


def kept(couplets, length):
    """Check what every couplet of a theme promises."""
    for first, second, score, *_ in couplets:
        assert len(first) == len(second) == length
        assert not set(first) & set(second)
        assert pattern(first) == pattern(second) == [*range(length)]
        allowed = {"平仄失对", "下联仄收"}
        assert check_couplet(first, second).broken <= allowed
        assert score <= 0
    scores = [couplet.score for couplet in couplets]
    assert scores == sorted(scores, reverse=True)
    assert len({couplet.first_line for couplet in couplets}) == len(couplets)


@pytest.mark.parametrize("length", [2, 5, 7, 9])
def test_a_word_stands_in_the_first_line_and_both_keep_the_rules(responder, length):
    couplets = compose(responder, ("春风",), length, ReplyOptions(count=3))
    assert len(couplets) == (3 if length > 2 else 1)
    kept(couplets, length)
    assert all("春风" in couplet.first_line for couplet in couplets)


def test_first_lines_end_oblique_and_second_ones_level(responder):
    both = (c for c in responder.vocabulary.tokens[2:] if len(tones(c)) == 2)
    options = ReplyOptions(count=4, banned="".join(both))
    for first, second, *_ in compose(responder, ("春风",), 7, options):
        assert (tones(first[-1]), tones(second[-1])) == ({"仄"}, {"平"})


@pytest.mark.parametrize(("one", "other"), [("春风", "秋月"), ("山", "水")])
def test_two_words_face_each_other(responder, one, other):
    couplets = compose(responder, (one, other), 7, ReplyOptions(count=4))
    kept(couplets, 7)
    for first, second, *_ in couplets:
        assert first.index(one) == second.index(other)


def test_lines_have_seven_characters_unasked_and_one_couplet_comes(responder):
    (couplet,) = compose(responder, ("春风",))
    kept([couplet], 7)


def test_a_word_in_traditional_characters_is_that_word(responder):
    assert compose(responder, ("東風",), 5) == compose(responder, ("东风",), 5)


@pytest.mark.parametrize("theme", ["𠀀", "Go", "龙凤呈祥", "春春"])
def test_a_word_that_the_model_has_not_seen_stands_all_the_same(responder, theme):
    (couplet,) = compose(responder, (theme,), 7)
    assert theme in couplet.first_line
    assert len(couplet.first_line) == len(couplet.second_line) == 7


def test_a_line_may_be_nothing_but_its_word(responder):
    couplets = compose(responder, ("春风", "秋月"), 2, ReplyOptions(count=4))
    assert [couplet[:2] for couplet in couplets] == [("春风", "秋月")]


def test_the_same_seed_gives_the_same_couplets_and_others_mostly_others(responder):
    found = {
        seed: compose(responder, ("江南",), 7, ReplyOptions(seed=seed, count=2))
        for seed in (1, 2, 3, 4)
    }
    assert compose(responder, ("江南",), 7, ReplyOptions(seed=1, count=2)) == found[1]
    assert len({couplets[0].first_line for couplets in found.values()}) > 1


def test_the_first_of_many_couplets_is_the_one_that_comes_alone(responder):
    one, three = (
        compose(responder, ("江南",), 7, ReplyOptions(count=n)) for n in (1, 3)
    )
    assert one == three[:1]


def test_banned_characters_are_in_neither_line(responder):
    (free,) = compose(responder, ("江南",), 7)
    banned = "".join(set(free.first_line + free.second_line) - set("江南"))
    (couplet,) = compose(responder, ("江南",), 7, ReplyOptions(banned=banned))
    assert not set(couplet.first_line + couplet.second_line) & set(banned)


@pytest.mark.parametrize(
    ("themes", "length", "reason"),
    [
        ((), 7, "a theme is one word, or two that face each other, not ''"),
        (("",), 7, "a theme is one word"),
        (("春", "夏", "秋"), 7, "a theme is one word, or two"),
        (("，",), 7, "a theme is one word"),
        (("春，风",), 7, "a theme is one word"),
        (("😀",), 7, "a theme is one word"),
        (("春风秋月",), 3, "春风秋月 does not fit into a line of 3 characters"),
        (("春",), 65, "does not fit into a line of 65 characters; a line has at most"),
        (
            ("春风", "秋"),
            7,
            "春风 and 秋 face each other; give two words of one length",
        ),
    ],
)
def test_words_that_do_not_fit_are_told(responder, themes, length, reason):
    with pytest.raises(OptionError, match=reason):
        compose(responder, themes, length)
