import pytest

from nlg.errors import DataError
from nlg.metrics.poems import poem_report, repeat_free, signature
from nlg.metrics.ratio import distinct
from nlg.text.known_lines import KnownLines

STORKS = ["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼"]
MOON = ["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"]
OUT_OF_RHYME = [*STORKS[:3], "更上一层东"]
SHORT = STORKS[:3]


def test_clean_poem_scores_full_marks():
    assert poem_report([STORKS]) == {
        "poems": 1,
        "form_right": 1.0,
        "rhyme_right": 1.0,
        "tones_clean": 1.0,
        "violations_per_poem": 0.0,
        "repeat_free": 1.0,
        "distinct_1": 1.0,
        "distinct_2": 1.0,
        "distinct_4": 1.0,
    }


def test_shares_are_of_all_poems_and_violations_of_those_in_form():
    report = poem_report([STORKS, MOON, OUT_OF_RHYME, SHORT])
    assert report["poems"] == 4
    assert report["form_right"] == 3 / 4
    assert report["rhyme_right"] == 2 / 4
    assert report["tones_clean"] == 2 / 4
    assert report["violations_per_poem"] == (0 + 4 + 1) / 3


def test_oblique_foot_is_no_rhyme():
    assert poem_report([[*STORKS[:3], "更上一层月"]])["rhyme_right"] == 0.0


def test_poem_whose_feet_the_book_does_not_know_does_not_rhyme():
    assert poem_report([["QQQQQ"] * 4])["rhyme_right"] == 0.0


def test_sample_in_no_form_has_no_violations_to_count():
    report = poem_report([SHORT, []])
    assert report["form_right"] == report["violations_per_poem"] == 0.0


@pytest.mark.parametrize(
    ("line", "free"),
    [
        ("处处闻啼鸟", True),
        ("寻寻觅觅", True),
        ("白日依山尽", True),
        ("花开花落", False),
        ("处处处", False),
        ("处处闻处", False),
        ("", True),
    ],
)
def test_character_may_stand_twice_only_when_doubled(line, free):
    assert repeat_free(line) == free


def test_one_repeating_line_spoils_its_poem_only():
    spoilt = ["山外青山楼", *STORKS[1:]]
    assert poem_report([STORKS, spoilt])["repeat_free"] == 0.5


def test_distinct_counts_runs_inside_lines_over_the_whole_sample():
    lines = ["春眠春眠", "春眠"]
    assert distinct(lines, 1) == 2 / 6
    assert distinct(lines, 2) == 2 / 4
    assert distinct(lines, 4) == 1.0
    assert distinct(lines, 5) == 0.0


def test_distinct_of_a_repeated_poem_is_half():
    report = poem_report([STORKS, STORKS])
    assert [report[f"distinct_{n}"] for n in (1, 2, 4)] == [0.5, 0.5, 0.5]


def test_originality_is_measured_against_the_known_lines():
    known = KnownLines.from_lines([STORKS[0], "我见黄河入海流"])
    report = poem_report([STORKS, [*MOON[:3], "黄河入海流"], MOON], known)
    assert report["verbatim_lines"] == 1 / 12
    assert report["longest_shared_run"] == (5 + 5 + 0) / 3


def test_no_poems_are_refused():
    with pytest.raises(DataError, match="at least one"):
        poem_report([])


def test_signature_is_one_line_that_names_book_and_version():
    assert "\n" not in signature()
    assert "book:平水韵" in signature() and "version:2" in signature()
