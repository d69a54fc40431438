"""Lines are weighed by what stands around them."""

import json
import math

import numpy as np
import pytest

from nlg.qa import rerank
from nlg.qa.config import KINDS
from nlg.qa.rerank import Context, FoundAnswer, Ranking, evidence_for

TEXT = "鲁迅原名周树人。老舍原名舒庆春，北京人！"
LEVELS = {4: 1, 5: 2, 6: 2, 13: 1}  # 周树人 and 舒 are persons
WHO = KINDS["person"]


def line(text, vote=-1.0):
    start = TEXT.find(text)
    context = Context(TEXT, LEVELS) if start >= 0 else None
    return FoundAnswer(text, vote, context, start, start + len(text))


def evidence(*lines, question="周树人的笔名是什么？", kind=WHO, style=0):
    return evidence_for(question, kind, lines, style)


# --- what is seen


def test_a_piece_of_the_question_is_known_as_one():
    found = evidence(line("周树人"), line("鲁迅"), line("周树"), line("庆春"))
    assert [one.get("repeats", 0) for one in found] == [1, 0, 1, 0]
    assert [one.get("shared", 0) for one in found] == [1, 0, 1, 0]


def test_where_the_question_offers_answers_a_piece_of_it_is_a_choice():
    found = evidence(line("鲁迅"), question="周树人是鲁迅还是老舍？")
    assert found[0]["chosen"] == 1 and "repeats" not in found[0]


def test_marks_and_width_make_no_piece_another():
    (one,) = evidence(line("《周树人》"))
    assert one["repeats"] == 1


def test_a_sentence_that_repeats_the_question_is_worth_more():
    beside, elsewhere = evidence(line("鲁迅"), line("老舍"))
    pairs = ["周树", "树人", "人的", "的笔", "笔名", "名是", "是什", "什么"]
    assert beside["sentence"] == pytest.approx(2 / len(pairs))  # 周树, 树人
    assert "sentence" not in elsewhere
    assert beside["near 8"] == pytest.approx(2 / len(pairs))


def test_a_line_that_ends_its_sentence_is_of_that_sentence():
    (one,) = evidence(line("周树人"), question="鲁迅原名叫什么？")
    assert one["sentence"] == pytest.approx(3 / 6)  # 鲁迅, 迅原, 原名


def test_words_are_known_by_their_class_and_what_is_asked_for():
    (one,) = evidence(line("周树人"))
    assert one[f"first word 1, kind {WHO}"] == 1
    assert one[f"last word 1, kind {WHO}"] == 1
    (other,) = evidence(line("北京"), kind=0)
    assert other["first word 0, kind 0"] == 1


def test_how_an_answer_is_written_is_known_beside_what_is_asked_for():
    lines = [
        FoundAnswer(text, -1) for text in ("1936", "1936年", "GDP", "《药》", "药")
    ]
    shapes = ["number", "date", "latin", "quoted", "plain"]
    found = evidence(*lines, question="哪年？", kind=3)
    assert [one[f"{s}, kind 3"] for one, s in zip(found, shapes, strict=True)] == [
        1
    ] * 5
    assert "bare number" not in found[0]  # 哪年 counts nothing
    (bare, counted) = evidence(*lines[:2], question="多少年？", kind=4)
    assert bare["bare number"] == 1 and counted["counted"] == 1


@pytest.mark.parametrize(
    ("text", "counts"), [("3里", 0), ("3公", 0), ("3公里", 1), ("3", 0)]
)
def test_a_unit_counts_whole(text, counts):
    window = "全长3公里。宽3里。"
    start = window.index(text)
    found = FoundAnswer(text, -1, Context(window, {}), start, start + len(text))
    (one,) = evidence(found, question="全长多少公里？")
    assert one.get("counted", 0) == counts


def test_likeness_is_the_expected_overlap_with_all_lines():
    votes = [math.log(share) for share in (0.5, 0.3, 0.2)]
    texts = ("舒庆春", "庆春", "北京")
    found = evidence(*map(line, texts, votes))
    assert found[0]["likeness"] == pytest.approx(0.5 + 0.3 * 0.8)
    assert found[1]["likeness"] == pytest.approx(0.5 * 0.8 + 0.3)
    assert found[2]["likeness"] == pytest.approx(0.2)
    assert [one["share"] for one in found] == pytest.approx([0.5, 0.3, 0.2])
    assert [one.get("behind", 0) for one in found] == pytest.approx(
        [vote - votes[0] for vote in votes]
    )


def test_a_line_in_no_passage_says_so():
    (one,) = evidence(line("唐三藏"))
    assert one["nowhere"] == 1 and "times" not in one


@pytest.mark.parametrize("odd", ["", "？", "ab", "…", "\U0001f600", "周" * 200])
def test_odd_questions_and_lines_are_weighed(odd):
    found = evidence(line("鲁迅"), FoundAnswer(odd, -2), question=odd)
    assert len(found) == 2
    assert all(math.isfinite(x) for one in found for x in one.values())


def test_a_line_is_late_by_its_place_in_the_window():
    first, last = evidence(line("鲁迅"), line("北京人"))
    assert "late" not in first  # evidence of 0 is left out
    assert last["late"] == pytest.approx(TEXT.index("北京人") / len(TEXT))


def test_the_place_among_the_lines_counts_up_to_four():
    found = evidence(*[line("鲁迅")] * 7)
    assert [one.get("place", 0) for one in found] == [0, 1, 2, 3, 4, 4, 4]
    assert [one.get("first", 0) for one in found] == [1] + [0] * 6


def test_a_line_may_start_or_end_like_a_piece_of_the_question():
    starts, ends = evidence(line("周树"), line("原名周树人"))
    assert starts["starts asked"] == 1 and starts["ends asked"] == 1
    assert "starts asked" not in ends and ends["ends asked"] == 1  # 树人
    (one,) = evidence(FoundAnswer("笔名鲁迅", -1.0))
    assert one["starts asked"] == 1 and "ends asked" not in one


def test_a_line_may_cut_a_word_or_be_one():
    word, begun, ended, beside = evidence(
        *map(line, ("周树人", "周树", "树人", "鲁迅"))
    )
    assert word["one word"] == 1 and not {"cut before", "cut after"} & word.keys()
    assert begun["cut after"] == 1 and "one word" not in begun
    assert ended["cut before"] == 1 and "one word" not in ended
    assert beside["no word"] == 1 and beside["stop before"] == 1
    assert "stop after" not in beside and word["stop after"] == 1


def test_lines_inside_one_another_speak_for_each_other():
    votes = [math.log(share) for share in (0.5, 0.3, 0.2)]
    whole, part, other = evidence(*map(line, ("舒庆春", "庆春", "北京"), votes))
    assert whole["around"] == pytest.approx(0.3) and "inside" not in whole
    assert part["inside"] == pytest.approx(0.5) and "around" not in part
    assert not {"inside", "around"} & other.keys()


def test_length_counts_by_the_style_that_is_asked_for():
    (one,) = evidence(line("舒庆春"), style=2)
    assert one["length, style 2"] == pytest.approx(math.log(3))
    assert one["squared length, style 2"] == pytest.approx(math.log(3) ** 2)
    assert "length, style 0" not in one


def test_some_evidence_counts_by_the_length_of_the_window():
    (one,) = evidence(line("舒庆春", -3.0))
    room = len(TEXT) / rerank.LONG
    assert one["vote, room"] == pytest.approx(-3 * room)
    assert one["length, room"] == pytest.approx(math.log(3) * room)
    long = FoundAnswer("舒", -3.0, Context("舒" * 999, {}), 5, 6)
    assert evidence(long)[0]["vote, room"] == -3
    assert "vote, room" not in evidence(line("唐三藏"))[0]  # in no window


def test_a_mark_inside_a_line_is_seen():
    inside, outside = evidence(FoundAnswer("春，夏", -1), FoundAnswer("春夏，", -1))
    assert inside["has ，"] == 1 and "has ，" not in outside


# --- what it is worth


def test_probabilities_are_of_the_lines_and_of_none():
    ranking = Ranking({"line": -1.0, "vote": 2.0})
    lines = [{"line": 1.0, "vote": 0.5}, {"line": 1.0, "unknown": 9.0}]
    shares = np.exp([0.0, 0.0, -1.0])  # none, first, second
    want = (shares / shares.sum())[1:]
    assert ranking.probabilities(lines) == pytest.approx(want.tolist(), abs=1e-6)
    assert ranking.probabilities([]) == []
    assert Ranking({"vote": 1.0}).probabilities([{"vote": 1e4}]) == [1.0]


def test_weights_come_back_as_they_were(tmp_path):
    weights = {"line": -1.5, "近 8": 0.25}
    rerank.save(tmp_path / rerank.FILE, Ranking(weights))

    class Folder:
        listed = (rerank.FILE,)

        def path(self, name):
            return tmp_path / name

    assert rerank.ranking_of(Folder()).weights == weights
    assert json.loads((tmp_path / rerank.FILE).read_text("utf-8")) == weights
    Folder.listed = ()
    assert rerank.ranking_of(Folder()) is None
