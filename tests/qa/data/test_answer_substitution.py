import random

import pytest

from nlg.qa.data.answer_substitution import LONGEST, substituted
from nlg.qa.data.examples import Example


def about(passage, question, answer):
    return Example("诗", passage, question, answer, passage.find(answer))


SPRING = about("孟浩然写了《春晓》，孟浩然不仕。", "谁写了《春晓》？", "孟浩然")
STORKS = about("王之涣登上鹳雀楼。", "谁登上鹳雀楼？", "王之涣")
RIVER = about("柳宗元被贬到永州。", "谁被贬到永州？", "柳宗元")
EXAMPLES = [SPRING, STORKS, RIVER]


def drawn(examples, share=1.0, times=30):
    """All that swapping makes of `examples`, in many draws."""
    return [list(substituted(examples, share, random.Random(n))) for n in range(times)]


def test_another_poet_stands_wherever_the_answer_stood():
    others = {made[0] for made in drawn(EXAMPLES)} - {SPRING}
    assert others == {
        about(f"{name}写了《春晓》，{name}不仕。", "谁写了《春晓》？", name)
        for name in ("王之涣", "柳宗元")
    }


@pytest.mark.parametrize(
    "other",
    [
        about("李白登上鹳雀楼。", "谁登上鹳雀楼？", "李白"),  # shorter
        about("王之涣登上鹳雀楼。", "王之涣登上了什么？", "鹳雀楼"),  # no person
        about("孟浩然登上鹳雀楼。", "谁登上鹳雀楼？", "孟浩然"),  # the same
        Example("诗", "王之涣登上鹳雀楼。", "谁被贬到永州？", ""),  # no answer
        Example("诗", "他登上鹳雀楼。", "谁登上鹳雀楼？", "王之涣"),  # not in it
    ],
)
def test_an_answer_is_not_exchanged_for_one_of_another_kind(other):
    assert all(made == [SPRING, other] for made in drawn([SPRING, other]))


def test_things_have_to_end_alike_but_people_need_not():
    walked = about("走了1200里。", "走了多少路？", "1200里")
    rode = about("骑了3500里。", "骑了多少路？", "3500里")
    paid = about("花了4900元。", "花了多少钱？", "4900元")
    answers = {made[0].answer for made in drawn([walked, rode, paid])}
    assert answers == {"1200里", "3500里"}


@pytest.mark.parametrize(
    "kept",
    [
        about("王之涣有友孟浩然。", "谁是他的朋友？", "孟浩然"),  # has the other
        about("孟浩然不仕。", "谁是王之涣的朋友？", "孟浩然"),  # its question has
        about("孟浩然字浩然。", "孟浩然是谁？", "孟浩然"),  # its question has its own
    ],
)
def test_what_would_make_no_sense_stays(kept):
    assert {made[0] for made in drawn([kept, STORKS])} == {kept}


def test_phrases_stay():
    long, longer = "甲" * LONGEST, "乙" * (LONGEST + 1)
    phrases = [about(f"是{x}。", "是谁？", x) for x in (longer, "丙" * (LONGEST + 1))]
    assert all(made == phrases for made in drawn(phrases))
    names = [about(f"是{x}。", "是谁？", x) for x in (long, "丙" * LONGEST)]
    assert any(made != names for made in drawn(names))


def test_the_share_is_of_the_answered_and_the_order_stays():
    counts = [f"{n}人" for n in range(100, 900)]
    asked = [about(f"{count}来了。", "来了多少？", count) for count in counts]
    silent = [about("没有人来。", "来了多少？", "")._replace(start=-1)] * 9
    made = list(substituted(asked + silent, 0.5, random.Random(3)))
    changed = sum(old != new for old, new in zip(asked, made, strict=False))
    assert 340 <= changed <= 460
    assert [x.question for x in made] == [x.question for x in asked + silent]
    assert all(x.passage.startswith(x.answer, x.start) for x in made[: len(asked)])
    assert made[len(asked) :] == silent


def test_a_share_of_none_draws_nothing():
    rng = random.Random(3)
    assert list(substituted(EXAMPLES, 0.0, rng)) == EXAMPLES
    assert rng.getstate() == random.Random(3).getstate()
