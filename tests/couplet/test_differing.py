"""Which answers are chosen, from writers that know what they wrote by heart."""

import itertools

import pytest

from nlg.couplet.differing import DRAWS, ROUNDS, differing
from nlg.couplet.inputs import LineRequest, read_line
from nlg.couplet.responder import ReplyOptions
from nlg.couplet.results import WrittenLine
from nlg.couplet.rules import Task
from nlg.couplet.theme import compose

LINE = "甲乙丙丁戊己庚"


def request(text=LINE, keep=""):
    line = read_line(text, keep)
    return LineRequest(line, Task(line.source, line.fixed, "平"), 0, (1,))


def scored(*texts):
    return [WrittenLine(text, -float(n)) for n, text in enumerate(texts)]


def chosen(found, asked, count=9, drawn=()):
    def write(requests, temperature):
        return [list(drawn) if len(r.seed) > 1 else found for r in requests]

    (answers,) = differing(write, [asked], count, 0.0)
    return [answer.text for answer in answers]


def test_two_answers_differ_by_two_characters_in_seven():
    found = scored(
        "一二三四五六七", "一二三四五六八", "一二三四五九八", "一二三四十九八"
    )
    assert chosen(found, request()) == ["一二三四五六七", "一二三四五九八"]


@pytest.mark.parametrize(
    ("line", "found", "kept"),
    [
        ("春", ["一", "二"], ["一", "二"]),
        ("春眠不", ["一二三", "一二四"], ["一二三", "一二四"]),
        ("春眠不觉", ["一二三四", "一二三五", "一二六五"], ["一二三四", "一二六五"]),
        ("，春眠。", ["，一二。", "，一三。"], ["，一二。", "，一三。"]),
    ],
)
def test_a_short_line_needs_fewer(line, found, kept):
    assert chosen(scored(*found), request(line)) == kept


def test_what_repeats_counts_once():
    # 树树 is one thing to answer, so 花花 and 山山 differ in one.
    found = scored("明月映花花不香", "明月映山山不香", "明月照山山不香")
    kept = chosen(found, request("晚风摇树树还挺"))
    assert kept == ["明月映花花不香", "明月照山山不香"]


def test_what_must_stand_does_not_count():
    asked = request(LINE, "一二三四___")
    found = scored("一二三四五六七", "一二三四五六八")
    assert chosen(found, asked) == ["一二三四五六七", "一二三四五六八"]


def test_what_is_kept_whole_comes_once():
    assert chosen(scored("一二"), request("春眠", "一二")) == ["一二"]


def test_draws_fill_up_but_never_outdo_the_search():
    better, other = WrittenLine("九九九九九九九", 1.0), WrittenLine("八" * 7, -5.0)
    found = chosen(scored("一二三四五六七"), request(), 2, [better, other])
    assert found == ["一二三四五六七", "八" * 7]


def test_no_more_is_drawn_than_is_missing():
    rows = []

    def write(requests, temperature):
        rows.append((len(requests), temperature))
        return [scored("一二三四五六七", "七六五四三二一") for _ in requests]

    differing(write, [request(), request()], 2, 0.0)
    assert [count for count, _ in rows] == [2, *[0] * ROUNDS]
    rows.clear()
    differing(write, [request()], 3, 0.0)
    assert [count for count, _ in rows] == [1, *[DRAWS] * ROUNDS]
    assert rows == sorted(rows, key=lambda row: row[1])  # each warmer than the last


def characters_apart(one, other, line):
    return len({c for c, a, b in zip(line, one, other, strict=True) if a != b})


@pytest.mark.parametrize("line", ["晚风摇树树还挺", "海阔凭鱼跃", "一帆风顺"])
@pytest.mark.parametrize("count", [4, 16])
def test_answers_of_the_model_differ_from_each_other(responder, line, count):
    found = [reply.second_line for reply in responder.reply(line, count=count)]
    assert len(found) == count
    pairs = itertools.combinations(found, 2)
    assert min(characters_apart(*pair, line) for pair in pairs) >= 2


def test_without_temperature_a_seed_changes_nothing(responder):
    one, other = (responder.reply("晚风摇树树还挺", count=9, seed=n) for n in (1, 2))
    assert one == other


def test_couplets_about_a_theme_differ_from_each_other(responder):
    found = compose(responder, ("江南",), 7, ReplyOptions(count=6))
    texts = [couplet.first_line + couplet.second_line for couplet in found]
    assert len(texts) > 2
    for one, other in itertools.combinations(texts, 2):
        assert sum(a != b for a, b in zip(one, other, strict=True)) >= 4
