import os
import pathlib

import pytest

from nlg.metrics.sogou import (
    MARKS,
    Overlap,
    best_overlap,
    is_right,
    normalised,
    overlap,
)

ROOT = pathlib.Path(__file__).parents[2]
SHARED = pathlib.Path(os.environ.get("NLG_SHARED", ROOT.parent / "shared"))
SCORER = SHARED / "data" / "qa" / "sogou_scorer"


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("", ""),
        ("杜甫", "杜甫"),
        ("ＡＢＣ１２３", "abc123"),
        ("3.5%", "35"),
        ("《红楼梦》、（上）", "红楼梦上"),
        ("5 ％\t−\n", "5−"),  # the minus sign of mathematics is on no list of theirs
        ("A·B　C\x7fD", "abcd"),
        ("ÉCOLE", "École"),  # bytes were lowered, so ASCII only
        ("一\u00a0二\u2003三", "一\u00a0二\u2003三"),  # nor are these white space there
    ],
)
def test_normalising_folds_width_and_case_and_deletes_marks_and_blanks(text, bare):
    assert normalised(text) == bare


def test_no_mark_survives():
    assert normalised(MARKS) == ""
    assert len(MARKS) == len(set(MARKS))


@pytest.mark.parametrize(
    ("answer", "references", "right"),
    [
        ("杜甫", ["杜甫"], True),
        ("杜 甫。", ["杜甫"], True),
        ("杜子美", ["杜甫", "杜子美"], True),
        ("Du Fu", ["杜甫", "ＤＵＦＵ"], True),
        ("李白", ["杜甫"], False),
        ("", ["杜甫"], False),
        (" \t", ["杜甫"], False),
        ("", [""], False),
        ("杜甫", [], False),
        ("3.5", ["35"], True),
        # The parts of the canonical answer may stand in another order, …
        ("南非 中国 巴西", ["巴西 中国 南非", "巴西中国南非"], True),
        ("南非、中国,巴西", ["巴西 中国 南非"], True),
        # … but parts there must be, those of a variant may not, …
        ("南非中国巴西", ["巴西 中国 南非", "巴西中国南非"], False),
        ("甲 乙", ["丙", "乙 甲"], False),
        # … and the nothing beside a mark is a part, too.
        ("南非 巴西。", ["巴西 南非"], False),
        ("巴西 巴西", ["巴西"], True),
    ],
)
def test_right_is_a_variant_or_the_same_parts(answer, references, right):
    assert is_right(answer, references) == right


@pytest.mark.parametrize(
    ("answer", "reference", "shared"),
    [
        ("北京", "北京", Overlap(1.0, 1.0, 1.0)),
        ("京北", "北京", Overlap(1.0, 1.0, 1.0)),
        ("北京市", "北京", Overlap(0.8, 2 / 3, 1.0)),
        ("京", "北京", Overlap(2 / 3, 1.0, 0.5)),
        ("人人", "人", Overlap(2 / 3, 0.5, 1.0)),
        ("人民", "众人", Overlap(0.5, 0.5, 0.5)),
        ("天天", "天天", Overlap(1.0, 1.0, 1.0)),
        ("3.5%", "35元", Overlap(0.8, 1.0, 2 / 3)),
        ("上海", "北京", Overlap(0.0, 0.0, 0.0)),
        ("", "北京", Overlap(0.0, 0.0, 0.0)),
        ("。", "。", Overlap(0.0, 0.0, 0.0)),
    ],
)
def test_overlap_counts_characters_as_multisets(answer, reference, shared):
    assert overlap(answer, reference) == pytest.approx(shared)


def test_the_reference_most_like_the_answer_counts():
    assert best_overlap("北京市", ["南京", "北京"]).f1 == pytest.approx(0.8)
    assert best_overlap("北京", []) == Overlap()


@pytest.mark.skipif(not SCORER.is_dir(), reason="the scorer's own rows are not here")
def test_the_scorers_own_rows_come_out_to_the_last_digit():
    def rows(name):
        text = (SCORER / name).read_text("utf-8")
        return [line.split("\t") for line in text.splitlines()]

    gold = {key: [first, *more.split("|")] for key, first, more in rows("gold.tsv")}
    wanted = rows("expected.tsv")
    for (key, answer), expected in zip(rows("predictions.tsv"), wanted, strict=True):
        shared = best_overlap(answer, gold[key])
        right = str(int(is_right(answer, gold[key])))
        assert [key, answer, right, *map("{:.6f}".format, shared)] == expected[:6]
    assert len(wanted) == 200


@pytest.mark.skipif(not SCORER.is_dir(), reason="the scorer's own marks are not here")
def test_the_marks_are_the_scorers():
    text = (SCORER / "punctuation.txt").read_text("utf-8")
    assert set(MARKS) == set(text) - {"\n", " "}
