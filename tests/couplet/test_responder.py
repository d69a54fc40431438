import itertools
import random

import numpy as np
import pytest
from couplet.oracle import assert_answers, letters

from nlg.couplet.responder import MANY_BEAMS, RUNNERS_UP, Couplets, ReplyOptions
from nlg.couplet.results import Reply
from nlg.couplet.rules import RULES
from nlg.couplet.scroll import Scrolls
from nlg.errors import NlgError, OptionError
from nlg.text.couplets import check_couplet
from nlg.text.readings import tones
from nlg.text.rhymes import LEVEL

TREES = "晚风摇树树还挺"
SEA = "海阔凭鱼跃，天高任鸟飞"
LINES = [
    TREES,
    SEA,
    "春",
    "天",
    "江水",
    "山山水水，处处明明秀秀",
    "雨过溪桥，荷风送晚；云归何处？",
    "「海闊憑魚躍 天高任鳥飛！」",
    "春風又綠江南岸",
    "Go 2024年，万事如意",
    "hello world",
    "3.14",
    "䶮𠀀鱻",
    "😀春😀风😀",
    "春□风",
    "一二三四五六七八九十百千万",
    "人人人人人人人人",
    "风声雨声读书声声声入耳",
    "〇①ⅣＡ々",
    "春" * 64,
    "".join(map(chr, range(0x5000, 0x5040))),
    "".join(map(chr, range(0x20000, 0x20040))),  # all read alike, no two answered so
    "天，" * 31 + "天高",
]


def seconds(replies):
    return [reply.second_line for reply in replies]


def drawn_lines(vocabulary, count, seed=0, lengths=(1, 2, 5, 5, 7, 7, 11)):
    rng = random.Random(seed)
    common = [c for c in vocabulary.tokens[2:900] if letters(c)]
    return ["".join(rng.choices(common, k=rng.choice(lengths))) for _ in range(count)]


# --- what an answer promises


@pytest.mark.parametrize("line", LINES, ids=lambda line: ascii(line[:9]))
def test_a_line_as_people_type_it_is_answered_by_the_rules(responder, line):
    found = responder.reply(line, ReplyOptions(count=4))
    assert len(set(seconds(found))) == 4
    for reply in found:
        assert reply.first_line == line
        assert_answers(line, reply.second_line)
        assert -30 < reply.score <= 0


def test_answers_end_in_the_other_tone(responder):
    lines = drawn_lines(responder.vocabulary, 64)
    for line, replies in zip(lines, responder.reply_all(lines), strict=True):
        answer = replies[0].second_line
        wanted = {"平"} - tones(line[-1]) or {"平", "仄"} - tones(line[-1]) or {"平"}
        assert wanted <= tones(answer[-1])
        broken = check_couplet(line, answer).broken
        assert broken <= {"平仄失对", "下联仄收"}
        assert "下联仄收" not in broken or tones(line[-1]) == {"平"}


def test_tones_at_even_places_are_opposed_more_often_with_their_rule(responder):
    lines = drawn_lines(responder.vocabulary, 64, seed=1, lengths=[7])

    def clashes(options):
        found = zip(lines, responder.reply_all(lines, options), strict=True)
        return sum(
            "平仄失对" in check_couplet(line, replies[0].second_line).broken
            for line, replies in found
        )

    without = tuple(rule for rule in RULES if rule != "tones")
    assert 3 * clashes(ReplyOptions()) < clashes(ReplyOptions(rules=without))


def test_the_first_line_is_written_for_the_second(responder):
    for line in (TREES, SEA, "「春風！」"):
        for reply in responder.reply(line, ReplyOptions(reverse=True, count=2)):
            assert reply.second_line == line
            assert_answers(line, reply.first_line)


@pytest.mark.parametrize(("reverse", "end"), [(True, "仄"), (False, "平")])
def test_where_the_end_is_free_first_lines_end_oblique_and_second_ones_level(
    responder, reverse, end
):
    both = (c for c in responder.vocabulary.tokens[2:] if len(tones(c)) == 2)
    options = ReplyOptions(reverse=reverse, count=4, banned="".join(both))
    for line in ("明月看", "江山看", "一更", "Go"):  # 看 and 更 are both, o is none
        for reply in responder.reply(line, options):
            assert tones(reply[not reverse][-1]) == {end}


@pytest.mark.parametrize(
    ("left_out", "broken"),
    [
        ("marks", {"标点不对"}),
        ("reuse", {"同位重字", "异位重字"}),
        ("repeat", {"叠字不对"}),
        ("ends", {"句脚失对"}),
        ("tones", {"平仄失对"}),
    ],
)
def test_a_rule_that_is_left_out_may_be_broken(responder, left_out, broken):
    lines = [line + "，" + line[::-1] for line in drawn_lines(responder.vocabulary, 48)]
    rules = tuple(rule for rule in RULES if rule != left_out)
    options = ReplyOptions(rules=rules, temperature=3.0)
    found = set()
    for line, replies in zip(lines, responder.reply_all(lines, options), strict=True):
        assert len(replies[0].second_line) == len(line)
        found |= check_couplet(line, replies[0].second_line).broken
    assert found & broken
    assert found <= broken | {"平仄失对", "下联仄收"}


def test_an_unknown_rule_names_the_others(responder):
    for rules in (("rhyme",), ("ends", "rhyme")):
        with pytest.raises(OptionError, match="no rule 'rhyme'; there are marks, reu"):
            responder.reply("春", rules=rules)


def test_a_mark_that_gives_way_counts_for_the_score(responder):
    rules = tuple(rule for rule in RULES if rule != "marks")
    (reply,) = responder.reply("春风，明月", ReplyOptions(rules=rules))
    assert letters(reply.second_line) == [0, 1, 2, 3, 4]
    assert -30 < reply.score <= 0


@pytest.mark.parametrize(
    ("line", "keep", "written"),
    [(TREES, "", 7), (SEA, "", 10), (TREES, "_雨_____", 6), ("春，秋", "明，_", 1)],
)
def test_a_score_is_the_mean_of_what_was_written(
    responder, monkeypatch, line, keep, written
):
    found, graph = [], responder.checkpoint.graph("model")

    def spy(**given):
        found.append(graph(**given))
        return found[-1]

    monkeypatch.setattr(responder.checkpoint, "graph", lambda name: spy)
    (reply,) = responder.reply(line, keep=keep)
    total = found[0]["log_probs"][0, 0]
    assert reply.score == pytest.approx(total / written, abs=1e-4)


# --- what is said of an answer


def test_a_model_without_scrolls_says_so_in_place_of_an_empty_one(
    responder, monkeypatch
):
    none = Scrolls([], responder.scrolls.vectors, responder.vocabulary)
    monkeypatch.setattr(Scrolls, "load", lambda *_: none)
    own = Couplets(responder.checkpoint)
    with pytest.raises(OptionError, match=r"has no 横批.*leave --scroll out"):
        own.reply(TREES, scroll=True)
    assert own.reply(TREES)[0].scroll is None


def test_a_reply_has_a_scroll_places_and_a_seed_where_they_are_asked_for(responder):
    (plain,) = responder.reply(TREES)
    assert list(plain.to_dict()) == ["first_line", "second_line", "score"]
    (full,) = responder.reply(TREES, scroll=True, explain=True)
    assert full[:3] == plain[:3]
    assert len(full.scroll) == 4 and not set(full.scroll) & set(TREES)
    assert full.places == responder.explain(plain)
    found = full.to_dict()
    assert list(found)[3:] == ["scroll", "places"]
    assert [place["character"] for place in found["places"]] == list(full.second_line)
    assert found["places"][0]["runners_up"][0].keys() == {
        *("character", "probability", "breaks")
    }
    (drawn,) = responder.reply(TREES, temperature=1.0, seed=7)
    assert drawn.seed == drawn.to_dict()["seed"] == 7


def test_keywords_change_the_options_and_a_wrong_one_is_named(responder):
    options = ReplyOptions(count=3)
    assert responder.reply(SEA, options, reverse=True) == responder.reply(
        SEA, ReplyOptions(count=3, reverse=True)
    )
    with pytest.raises(OptionError, match=r"reply\(\): cuont: .* did you mean count"):
        responder.reply(SEA, cuont=3)
    with pytest.raises(OptionError, match=r"reply\(\): count must be of type int"):
        responder.reply(SEA, count="3")


def test_half_a_character_is_drawn_for_as_one_that_is_not_known(responder):
    (reply,) = responder.reply("春\ud840", temperature=1.0)
    assert len(reply.second_line) == 2


# --- what a user wants


def test_what_is_to_be_kept_stands_and_is_typed_as_it_was(responder):
    options = ReplyOptions(keep="_雨_____", count=3)
    for reply in responder.reply(TREES, options):
        assert reply.second_line[1] == "雨"
        assert_answers(TREES, reply.second_line)
    (reply,) = responder.reply("「春風。」", ReplyOptions(keep="＿𠀀"))
    assert reply.second_line[2] == "𠀀" and len(reply.second_line) == 5


def test_what_is_to_be_kept_stands_wherever_its_character_repeats(responder):
    (reply,) = responder.reply(TREES, ReplyOptions(keep="___花___"))
    assert reply.second_line[3:5] == "花花"
    assert reply.second_line.count("花") == 2


def test_an_answer_that_is_kept_whole_comes_once(responder):
    options = ReplyOptions(keep="明月", count=4)
    assert responder.reply("春风", options) == [Reply("春风", "明月", 0.0)]
    options = ReplyOptions(keep="明_", count=4)
    assert seconds(responder.reply("春春", options)) == ["明明"]


def test_banned_characters_are_in_no_answer(responder):
    free = responder.reply(TREES, ReplyOptions(count=4))
    banned = "".join(seconds(free))
    for reply in responder.reply(TREES, ReplyOptions(count=4, banned=banned)):
        assert not set(reply.second_line) & set(banned)


def test_where_no_answer_is_left_the_line_is_named(responder):
    every = "".join(t for t in responder.vocabulary.tokens if len(t) == 1)
    fixed = ReplyOptions(banned=every)
    with pytest.raises(OptionError, match=r"^春眠不觉晓: no answer keeps"):
        responder.reply("春眠不觉晓", fixed)
    all_of_them = list(responder.reply_all(["春眠", "不觉晓"], fixed))
    assert [type(error) for error in all_of_them] == [OptionError] * 2


def test_an_end_that_has_no_character_of_its_tone_is_no_answer(responder):
    known = (token for token in responder.vocabulary.tokens if len(token) == 1)
    level = "".join(token for token in known if LEVEL in tones(token))
    with pytest.raises(OptionError, match="no answer keeps all rules"):
        responder.reply("日月", ReplyOptions(banned=level))
    (free,) = responder.reply("日月", ReplyOptions(banned=level, rules=("reuse",)))
    assert LEVEL not in tones(free.second_line[-1])


@pytest.mark.parametrize("count", [1, 4, 5, MANY_BEAMS])
@pytest.mark.parametrize("line", [TREES, "春"])
def test_answers_are_as_many_as_asked_for_different_and_best_first(
    responder, line, count
):
    found = responder.reply(line, ReplyOptions(count=count))
    assert len(set(seconds(found))) == len(found) == count
    scores = [reply.score for reply in found]
    assert scores == sorted(scores, reverse=True)


def test_the_first_of_four_is_the_one_that_comes_alone(responder):
    lines = LINES[:8] + drawn_lines(responder.vocabulary, 24)
    one, four = (
        list(responder.reply_all(lines, ReplyOptions(count=n))) for n in (1, 4)
    )
    assert one == [replies[:1] for replies in four]


# --- chance


def test_a_seed_gives_its_answers_again_whatever_else_is_asked(responder):
    lines = [TREES, "春风又绿江南岸", "明月几时有，把酒问青天"]
    options = ReplyOptions(temperature=1.0, seed=7)
    together = list(responder.reply_all([*lines, *lines[::-1]], options))
    assert together[:3] == together[:2:-1]
    assert together[:3] == [responder.reply(line, options) for line in lines]


def test_other_seeds_mostly_give_other_answers(responder):
    found = {
        responder.reply(TREES, ReplyOptions(temperature=2.0, seed=seed))[0].second_line
        for seed in range(8)
    }
    assert len(found) > 4
    for answer in found:
        assert_answers(TREES, answer)


def test_every_line_draws_noise_of_its_own(responder, monkeypatch):
    noises, graph = [], responder.checkpoint.graph("model")

    def spy(noise, **given):
        noises.append(noise)
        return graph(noise=noise, **given)

    monkeypatch.setattr(responder.checkpoint, "graph", lambda name: spy)
    lines = ["春风", "明月", "春风", "江水"]
    list(responder.reply_all(lines, ReplyOptions(temperature=1.0)))
    (noise,) = noises
    spring, moon, again, river = noise[:4]
    assert (spring == again).all()
    for one, other in itertools.combinations((spring, moon, river), 2):
        assert np.mean(one == other) < 0.01


def test_without_temperature_the_seed_changes_nothing(responder):
    one, two = (responder.reply(TREES, ReplyOptions(seed=seed)) for seed in (1, 2))
    assert one == two


def test_more_temperature_costs_probability(responder):
    lines = drawn_lines(responder.vocabulary, 64, lengths=[7])
    means = [
        np.mean([r[0].score for r in responder.reply_all(lines, ReplyOptions(1, t))])
        for t in (0.0, 1.0, 4.0)
    ]
    assert means[0] > means[1] > means[2]


# --- many lines


@pytest.mark.parametrize("ahead", [1, 7, 4096])
def test_many_lines_are_answered_in_order_as_each_alone(responder, monkeypatch, ahead):
    monkeypatch.setattr("nlg.couplet.responder.AHEAD", ahead)
    monkeypatch.setattr("nlg.couplet.responder.BLOCK", 8)
    lines = [*drawn_lines(responder.vocabulary, 40, lengths=(1, 5, 5, 7)), *LINES[:6]]
    random.Random(0).shuffle(lines)
    options = ReplyOptions(count=2)
    together = list(responder.reply_all(lines, options))
    assert [replies[0].first_line for replies in together] == lines
    assert together == [responder.reply(line, options) for line in lines]


def test_a_line_that_cannot_be_answered_does_not_stop_the_others(responder):
    lines = ["春风", "", TREES, "，", "春" * 65, "明月", "  ", "😀"]
    found = list(responder.reply_all(lines))
    assert [isinstance(x, NlgError) for x in found] == [0, 1, 0, 1, 1, 0, 1, 1]
    assert found[2] == responder.reply(TREES)
    assert "65 characters" in str(found[4])


def test_no_lines_give_no_answers(responder):
    assert list(responder.reply_all([])) == []
    assert list(responder.reply_all(["", "，"]))


def test_lines_are_read_no_further_than_needed(responder, monkeypatch):
    monkeypatch.setattr("nlg.couplet.responder.AHEAD", 4)
    endless = itertools.cycle(["春风", "明月几时有"])
    answers = list(itertools.islice(responder.reply_all(endless), 9))
    assert len(answers) == 9
    assert answers[0] == answers[8]


@pytest.mark.parametrize("line", ["", "，", "春" * 65])
def test_one_line_that_cannot_be_answered_is_an_error(responder, line):
    with pytest.raises(OptionError):
        responder.reply(line)


def test_unknown_characters_are_named_once_and_marks_never(responder):
    assert responder.unknown(TREES) == ""
    assert responder.unknown("「䶮𠀀，春䶮」abca") == "䶮𠀀abc"
    assert responder.unknown("海闊憑魚躍") == ""
    with pytest.raises(OptionError):
        responder.unknown("，")


@pytest.mark.parametrize(
    "options",
    [
        {"count": 0},
        {"count": MANY_BEAMS + 1},
        {"temperature": -0.1},
        {"temperature": 11},
        {"temperature": float("nan")},
    ],
)
def test_options_that_cannot_be_answered_with_are_refused(options):
    with pytest.raises(OptionError, match=f"{next(iter(options))} is .* between"):
        ReplyOptions(**options)


# --- what the model thinks


def test_the_model_judges_each_place_by_the_two_characters_before_it(responder):
    given, answers = "春眠不觉晓", ["秋梦忽闻鸡", "秋梦忽闻雨", "夏梦忽闻鸡"]
    judged = responder.judge([(given, answer) for answer in answers])
    assert judged.log_probs.shape == (3, 5)
    one, last, first = judged.log_probs
    np.testing.assert_allclose(one[:4], last[:4], atol=1e-5)
    assert abs(one[4] - last[4]) > 1e-3
    np.testing.assert_allclose(one[3:], first[3:], atol=1e-5)
    assert (np.abs(one - first)[:3] > 1e-5).all()


def test_favourites_are_the_most_probable_characters_of_a_distribution(responder):
    judged = responder.judge([("春眠不觉晓", "秋梦忽闻鸡")])
    log_probs = judged.favourite_log_probs
    assert judged.favourites.shape == log_probs.shape == (1, 5, RUNNERS_UP)
    assert (np.diff(log_probs, axis=-1) <= 0).all()
    assert (np.exp(log_probs).sum(axis=-1) <= 1 + 1e-5).all()
    # An answer of favourites gets their own probability, place by place from the left.
    best = responder.vocabulary.tokens[judged.favourites[0, 0, 0]]
    again = responder.judge([("春眠不觉晓", best + "梦忽闻鸡")]).log_probs
    assert again[0, 0] == pytest.approx(log_probs[0, 0, 0], abs=1e-5)


def test_lines_judged_together_and_apart_and_in_other_scripts_are_judged_alike(
    responder,
):
    pairs = [("海闊憑魚躍", "天高任鳥飛"), ("海阔凭鱼跃", "天高任鸟飞")]
    together = responder.judge(pairs).log_probs
    np.testing.assert_allclose(together[0], together[1], atol=1e-6)
    alone = responder.judge(pairs[1:]).log_probs
    np.testing.assert_allclose(alone[0], together[1], atol=1e-4)


def test_a_second_line_is_judged_otherwise_from_below(responder):
    pair = [("海阔凭鱼跃", "天高任鸟飞")]
    down, up = (responder.judge(pair, reverse).log_probs for reverse in (False, True))
    assert np.abs(down - up).max() > 0.01
