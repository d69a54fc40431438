import numpy as np
import pytest

from nlg.couplet.explain import SHOWN
from nlg.couplet.responder import ReplyOptions
from nlg.couplet.results import Reply
from nlg.text.couplets import check_couplet, couplet_tones, is_mark

TREES, FLOWERS = "晚风摇树树还挺", "晨露润花花更红"
BRIDGE, HILLS = "雨过溪桥，荷风送晚。", "云归山寺，竹露敲秋。"


@pytest.fixture(scope="module")
def places(responder):
    return responder.explain(Reply(BRIDGE, HILLS, -1.0))


def broken(first, second):
    return check_couplet(first, second).broken


def test_each_character_of_the_answer_has_its_place_and_marks_have_none(places):
    assert [place.place for place in places] == [1, 2, 3, 4, 6, 7, 8, 9]
    assert "".join(place.given for place in places) == "雨过溪桥荷风送晚"
    assert "".join(place.character for place in places) == "云归山寺竹露敲秋"


def test_tones_are_those_of_both_lines(places):
    tones = [[t for t in couplet_tones(x) if not is_mark(t)] for x in (BRIDGE, HILLS)]
    assert [place.given_tone for place in places] == tones[0]
    assert [place.tone for place in places] == tones[1]


def test_probabilities_are_those_that_the_model_gives_without_rules(responder, places):
    judged = responder.judge([(BRIDGE, HILLS)])
    tokens = responder.vocabulary.tokens
    for place in places:
        n = place.place - 1
        own = np.exp(judged.log_probs[0, n])
        assert place.probability == pytest.approx(own, abs=1e-4)
        favourites = {
            tokens[token]: np.exp(log_prob)
            for token, log_prob in zip(
                judged.favourites[0, n], judged.favourite_log_probs[0, n], strict=True
            )
        }
        for other in place.runners_up:
            found = favourites[other.character]
            assert other.probability == pytest.approx(found, abs=1e-4)


def test_runners_up_are_other_characters_best_first(places):
    for place in places:
        others = [other.character for other in place.runners_up]
        assert len(set(others)) == len(others) == SHOWN
        assert place.character not in others
        assert not any(map(is_mark, others))
        chances = [other.probability for other in place.runners_up]
        assert chances == sorted(chances, reverse=True)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_runner_up_names_the_rules_that_it_would_break(responder, reverse):
    seen = set()
    for first, second in ((TREES, FLOWERS), (BRIDGE, HILLS), ("山外青山", "楼前画楼")):
        lines = [first, second]
        before = broken(*lines)
        for place in responder.explain(Reply(first, second, -1.0), reverse):
            for other in place.runners_up:
                changed = list(lines)
                answer = changed[not reverse]
                n = place.place - 1
                changed[not reverse] = answer[:n] + other.character + answer[n + 1 :]
                assert set(other.breaks) == broken(*changed) - before
                seen |= set(other.breaks)
    assert "叠字不对" in seen


def test_a_first_line_is_explained_as_the_answer_of_the_second(responder):
    reply = Reply(TREES, FLOWERS, -1.0)
    (judged,) = responder.judge([(FLOWERS, TREES)], reverse=True).log_probs
    places = responder.explain(reply, reverse=True)
    assert "".join(place.given for place in places) == FLOWERS
    assert "".join(place.character for place in places) == TREES
    found = [place.probability for place in places]
    np.testing.assert_allclose(found, np.exp(judged), atol=1e-4)


@pytest.mark.parametrize(
    "line", ["海闊憑魚躍！", "😀春😀", "a𠀀", "春" * 64, "天"], ids=ascii
)
def test_what_can_be_answered_can_be_explained(responder, line):
    (reply,) = responder.reply(line, ReplyOptions())
    places = responder.explain(reply)
    answered = [c for c in reply.second_line if not is_mark(c)]
    assert [place.character for place in places] == answered
    for place in places:
        assert 0 <= place.probability <= 1
