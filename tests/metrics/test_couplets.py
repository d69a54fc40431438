import builtins
import collections
import math
import random

import pytest

from nlg.errors import DataError, OptionError
from nlg.metrics.couplets import (
    bleu,
    bleu_signature,
    couplet_report,
    position_accuracy,
    rules_kept,
    signature,
)

FIRST, SECOND = "晚风摇树树还挺", "晨露润花花更红"
SCORES = [
    "couplets",
    "bleu",
    "position_accuracy",
    "equal_length",
    "marks_mirrored",
    "shares_character",
    "repeats_kept",
    "repeats_answered",
    "ends_opposed",
    "ends_opposed_certain",
    "even_opposed",
    "clean",
    "distinct_2",
]


def grams(line, size):
    return collections.Counter(line[i : i + size] for i in range(len(line) - size + 1))


def bleu_of_the_paper(lines, references):
    """Papineni et al. 2002, over the corpus, on characters; no count may be zero."""
    logs = []
    for size in (1, 2, 3, 4):
        pairs = [
            (grams(one, size), grams(two, size))
            for one, two in zip(lines, references, strict=True)
        ]
        right = sum((one & two).total() for one, two in pairs)
        logs.append(math.log(right / sum(one.total() for one, _ in pairs)))
    written, wanted = len("".join(lines)), len("".join(references))
    return math.exp(min(0, 1 - wanted / written) + sum(logs) / 4)


def test_bleu_is_that_of_the_paper():
    chance = random.Random(1)
    references = ["".join(chance.choices("春夏秋冬风，", k=9)) for _ in range(40)]
    lines = ["".join(chance.choices("春夏秋冬风，", k=8)) for _ in range(40)]
    assert bleu(lines, references) == pytest.approx(
        bleu_of_the_paper(lines, references)
    )


def test_bleu_of_the_reference_itself_is_one():
    assert bleu([SECOND], [SECOND]) == pytest.approx(1)


def test_bleu_counts_characters_and_not_lines():
    assert bleu(["秋雨打荷花"], ["秋雨打荷塘"]) > 0.5
    assert bleu(["", ""], [SECOND, SECOND]) == 0


def test_bleu_says_what_it_is():
    parts = bleu_signature().split("|")
    assert {"nrefs:1", "case:mixed", "tok:none"} <= set(parts)
    assert any(part.startswith("version:2") for part in parts)


def test_missing_sacrebleu_is_one_line_that_tells_the_way_out(monkeypatch):
    whole = builtins.__import__

    def without(name, *rest):
        if name.startswith("sacrebleu"):
            raise ImportError(name)
        return whole(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(OptionError, match=r'pip install "nlg\[eval\]"'):
        bleu([SECOND], [SECOND])
    assert couplet_report([FIRST], [SECOND])["clean"] == 1.0


@pytest.mark.parametrize(
    ("line", "reference", "accuracy"),
    [
        ("秋雨打荷花", "秋雨打荷塘", 4 / 5),
        ("秋雨，打荷", "秋月，打荷", 3 / 4),
        ("秋雨打打荷", "秋月，打荷", 3 / 4),  # what stands on a mark does not count
        ("秋，打荷", "秋雨打荷", 3 / 4),
        ("秋雨", "秋雨打荷", 2 / 4),
        ("秋雨打荷", "秋雨", 2 / 4),
        ("秋雨，", "秋雨", 1),
        ("", "秋雨", 0),
        ("", "，", 0),
    ],
)
def test_position_accuracy_counts_places_without_a_mark(line, reference, accuracy):
    assert position_accuracy([line], [reference]) == accuracy


def test_position_accuracy_is_of_places_not_of_lines():
    assert position_accuracy(["秋", "月江水"], ["秋", "山山山"]) == 1 / 4


def test_a_perfect_couplet_scores_full_marks():
    assert couplet_report([FIRST], [SECOND], [SECOND]) == {
        **dict.fromkeys(SCORES, 1.0),
        "bleu": pytest.approx(1),
        "couplets": 1,
        "shares_character": 0.0,
    }


def test_scores_come_in_one_order_with_and_without_references():
    assert list(couplet_report([FIRST], [SECOND])) == SCORES
    report = couplet_report([FIRST], [SECOND])
    assert report["bleu"] is report["position_accuracy"] is None


@pytest.mark.parametrize(
    ("second_line", "wrong"),
    [
        ("晨露润花枝更红", {"repeats_kept", "repeats_answered"}),
        ("晨露润花花更翠", {"ends_opposed", "ends_opposed_certain"}),
        ("晨星润花花更红", {"even_opposed"}),
        ("晨露润风风更红", {"shares_character"}),
        ("晨，润花花更红", {"marks_mirrored"}),
    ],
)
def test_one_fault_moves_its_own_score(second_line, wrong):
    good, found = rules_kept(FIRST, SECOND), rules_kept(FIRST, second_line)
    moved = {name for name in good if good[name] != found[name]}
    assert moved == wrong | {"clean"}


def test_a_line_of_another_length_keeps_nothing_that_needs_facing():
    facts = rules_kept(FIRST, SECOND[1:])
    assert [name for name, kept in facts.items() if kept] == [
        "ends_opposed",
        "ends_opposed_certain",
    ]


def test_a_second_line_without_characters_ends_in_no_tone():
    assert not rules_kept(FIRST, "")["ends_opposed"]
    assert not rules_kept(FIRST, "，")["ends_opposed"]


def test_even_places_count_the_foot_that_stands_at_one():
    assert not rules_kept("江山流水", "日月高石")["even_opposed"]
    assert rules_kept("江山流水", "日月高楼")["even_opposed"]


def test_shares_of_what_there_is_none_of_are_told_apart_from_zero():
    uncertain = couplet_report(["春风看"], ["秋月听"])
    assert uncertain["repeats_answered"] is uncertain["ends_opposed_certain"] is None


def test_shares_are_of_the_couplets_they_mean():
    firsts = [FIRST, FIRST, "江山流水", "江山流看"]
    seconds = [SECOND, "晨露润花枝更红", "日月高石", "日月高石"]
    report = couplet_report(firsts, seconds)
    assert report["repeats_kept"] == 3 / 4
    assert report["repeats_answered"] == 1 / 2
    assert report["ends_opposed"] == 3 / 4
    assert report["ends_opposed_certain"] == 2 / 3
    assert report["clean"] == 1 / 4


def test_distinct_counts_runs_inside_clauses():
    report = couplet_report(["江山，日月"], ["春风，春风"])
    assert report["distinct_2"] == 1 / 2


@pytest.mark.parametrize(
    "lines",
    [([], []), ([FIRST], []), ([FIRST], [SECOND, SECOND]), ([FIRST], [SECOND], [])],
)
def test_what_is_no_set_of_couplets_is_refused(lines):
    with pytest.raises(DataError, match="as many"):
        couplet_report(*lines)


def test_signature_is_one_line_that_names_book_and_version():
    assert "\n" not in signature()
    assert "book:平水韵" in signature() and "version:1" in signature()
