"""The oracle of the overlap is a search for strings."""

import numpy as np
import pytest

from nlg.qa.inputs import NEAR, NEAREST, as_read, nearness, overlaps, padded, source_of
from nlg.text.lexicon import Lexicon
from nlg.text.vocab import CLS_ID, PAD_ID, SEP_ID, SPECIAL, Vocabulary


def of_text(passage, question):
    ids = [np.array([ord(c) for c in text], int) for text in (passage, question)]
    return overlaps(*ids).tolist()


def by_strings(passage, question):
    found = [0] * len(passage)
    for length in range(1, 5):
        for start in range(len(passage) - length + 1):
            if passage[start : start + length] in question:
                found[start : start + length] = [length] * length
    return found


def test_overlaps_of_the_drawing():
    assert of_text("鲁迅原名周树人", "周树人的笔名") == [0, 0, 0, 1, 3, 3, 3]


def test_longer_overlaps_count_as_the_longest():
    assert of_text("春眠不觉晓。", "谁说春眠不觉晓") == [4, 4, 4, 4, 4, 0]


@pytest.mark.parametrize(
    ("passage", "question"),
    [("春", "春"), ("春", "秋"), ("春眠", "眠"), ("眠", "春眠")],
)
def test_short_texts_have_short_overlaps(passage, question):
    assert of_text(passage, question) == by_strings(passage, question)


@pytest.mark.parametrize("seed", range(8))
def test_overlaps_are_those_that_a_search_for_strings_finds(seed):
    rng = np.random.default_rng(seed)
    passage, question = (
        "".join(rng.choice(list("春夏秋冬"[: seed + 1]), rng.integers(1, 40)))
        for _ in range(2)
    )
    assert of_text(passage, question) == by_strings(passage, question)


def test_source_is_drawn_as_in_the_docstring():
    passage, question = [ord(c) for c in "鲁迅原名周树人"], [ord(c) for c in "周树人"]
    source = source_of(passage, question)
    assert source.token_ids.tolist() == [CLS_ID, *passage, SEP_ID, *question, SEP_ID]
    assert source.overlap.tolist() == [0, 0, 0, 0, 0, 3, 3, 3, 0, 0, 0, 0, 0]
    assert source.token_ids.dtype == source.overlap.dtype == np.int32


def test_words_of_passage_and_question_are_those_of_the_lexicon():
    vocabulary = Vocabulary([*SPECIAL, *"鲁迅原名周树人的"])
    lexicon = Lexicon.from_tags([("周树人", "nr"), ("原名", "n")], vocabulary)
    texts = map(vocabulary.encode, ("鲁迅原名周树人", "周树人的"))
    source = source_of(*texts, lexicon)
    assert source.words.tolist() == [0, 0, 0, 13, 14, 1, 2, 2, 0, 1, 2, 2, 0, 0]
    assert source.words.dtype == source.meaning.dtype == np.int32
    assert not source.meaning.any()
    assert not source_of([7, 8], [9]).words.any()


def test_words_with_vectors_are_told_in_passage_and_question():
    vocabulary = Vocabulary([*SPECIAL, *"鲁迅原名周树人的"])
    tags = [("周树人", "nr"), ("原名", "n")]
    lexicon = Lexicon.from_tags(tags, vocabulary, {"周树人": 7})
    texts = map(vocabulary.encode, ("鲁迅原名周树人", "周树人的"))
    source = source_of(*texts, lexicon)
    assert source.meaning.tolist() == [0, 0, 0, 0, 0, 7, 7, 7, 0, 7, 7, 7, 0, 0]


def test_shorter_sources_are_filled_up_at_the_end():
    arrays = padded([source_of([7, 8, 9], [8]), source_of([7], [7])])
    assert arrays["token_ids"].tolist() == [
        [CLS_ID, 7, 8, 9, SEP_ID, 8, SEP_ID],
        [CLS_ID, 7, SEP_ID, 7, SEP_ID, PAD_ID, PAD_ID],
    ]
    assert arrays["overlap"].tolist() == [[0, 0, 1, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("國際ＩＢＭ，１９１１年。", "国际IBM，1911年。"),
        ("ａｚＡＺ０９", "azAZ09"),
        ("皇后後來", "皇后后来"),
        ("，。？（）“”…㎡①", "，。？（）“”…㎡①"),  # the model knows marks full-width
        ("🙂 a\n春", "🙂 a\n春"),
        ("", ""),
    ],
)
def test_text_is_read_simplified_and_half_width_with_its_marks(typed, read):
    assert as_read(typed) == read


def test_what_is_read_is_as_long_as_what_was_typed():
    text = "".join(chr(code) for code in range(0x2E80, 0x9FFF))
    assert len(as_read(text)) == len(text)


@pytest.mark.parametrize("seed", range(4))
def test_nearness_is_the_share_of_the_question_in_a_window(seed):
    rng = np.random.default_rng(seed)
    passage = rng.integers(5, 60, 90)
    question = rng.integers(5, 60, 7)
    want = []
    for place in range(len(passage)):
        window = set(passage[max(0, place - NEAR) : place + NEAR + 1].tolist())
        share = sum(token in window for token in question.tolist()) / 7
        want.append(int(np.ceil(NEAREST * share)))
    assert nearness(passage, question).tolist() == want
    assert len(set(want)) > 2


def test_only_the_passage_has_nearness():
    source = source_of([7, 8, 9], [8, 30])
    assert source.nearness.tolist() == [0, 3, 3, 3, 0, 0, 0, 0]
