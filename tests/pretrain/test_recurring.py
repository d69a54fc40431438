import numpy as np
import pytest

from nlg.pretrain.recurring import LONGEST, SHORTEST, recurring_spans


def spans(text, words=None):
    """Return the spans of `text` as strings; every character is a word by default."""
    ids = np.array([ord(x) for x in text], "int32")
    starts = np.ones(len(text), bool) if words is None else np.array(words, bool)
    is_text = np.array([x not in "，。" for x in text])
    return [text[start:end] for start, end in recurring_spans(ids, starts, is_text)]


def test_longest_span_is_found_and_not_its_parts():
    assert spans("白日依山尽。白日依山远。") == ["白日依山"]


def test_spans_of_other_length_are_found_beside_it():
    assert spans("白日依山尽。明月。明月，白日依山远。") == ["白日依山", "明月"]


def test_mark_is_in_no_span():
    assert spans("春来，花开。春来，花开。") == ["春来", "花开"]


def test_span_is_of_whole_words():
    words = [1, 0, 1, 0, 1, 1, 1, 0, 1]  # 北京 大学 。 在 京大 门: another cut
    assert spans("北京大学。在京大门", words) == []


def test_span_that_overlaps_itself_is_not_twice_there():
    assert spans("春春春") == []
    assert spans("春春春春") == ["春春"]


def test_single_characters_and_short_texts_have_none():
    assert spans("春花春月") == []
    assert spans("春") == [] and spans("") == []


@pytest.mark.parametrize("seed", range(20))
def test_every_span_stands_before_itself(seed):
    rng = np.random.default_rng(seed)
    ids = rng.integers(10, 14, 60)
    starts = rng.random(60) < 0.6
    starts[0] = True
    taken = np.zeros(60, int)
    for start, end in recurring_spans(ids, starts, np.ones(60, bool)):
        assert SHORTEST <= end - start <= LONGEST
        assert starts[start] and (end == 60 or starts[end])
        size = end - start
        earlier = [
            i
            for i in range(start - size + 1)
            if (ids[i : i + size] == ids[start:end]).all()
        ]
        assert earlier
        taken[start:end] += 1
    assert taken.max() <= 1
