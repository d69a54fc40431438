"""What a writer of random weights writes, drawn through the graph's own function."""

import numpy as np
import pytest
from write.reviews import LENGTH, small_tokenizer, small_writer, told_backbone

from nlg.errors import CheckpointError, OptionError
from nlg.text.vocab import CLS_ID, SEP_ID, SPECIAL
from nlg.write.reviewer import Reviewer, ReviewOptions

COLD = ReviewOptions(temperature=0, guidance=1)
LED = ReviewOptions(temperature=0, guidance=3)


@pytest.fixture(scope="module")
def writer():
    return small_writer()


def texts(writer, *asked, **options):
    return [written.text for written in writer.write(*asked, **options)]


def by_hand(class_id, begin, count, guidance=1.0):
    """Return the most probable text, token by token with the whole sequence read."""
    unilm, tokenizer = told_backbone(), small_tokenizer()
    ids = [CLS_ID, *tokenizer.encode(begin)]
    start = len(ids)
    while len(ids) < start + count:
        told, untold = (last_logits(unilm, ids, told) for told in (class_id, 0))
        logits = untold + guidance * (told - untold)
        logits[[0, 1, 2, 4]] = -np.inf
        if len(ids) == start:
            logits[SEP_ID] = -np.inf
        written = ids[start:]
        for place in range(3, len(written)):
            if written[place - 3 : place] == written[-3:]:
                logits[written[place]] = -np.inf
        ids.append(int(logits.argmax()))
        if ids[-1] == SEP_ID:
            break
    return begin + tokenizer.decode(ids[start:])


def last_logits(unilm, ids, class_id):
    given = {
        "token_ids": np.array([ids], "int32"),
        "class_ids": np.array([[class_id]], "int32"),
    }
    states = unilm(given)
    return np.array(unilm.logits(states, unilm.condition_of(given)))[0, -1]


@pytest.mark.parametrize(
    ("name", "begin"), [("", "房间"), ("negative", ""), ("positive", "房间很")]
)
def test_the_most_probable_text_is_that_of_whole_sequences(writer, name, begin):
    class_id = ["", "negative", "positive"].index(name)
    room = LENGTH - len(begin)
    found = texts(writer, name, begin, options=COLD)
    assert found == [by_hand(class_id, begin, room)]


@pytest.mark.parametrize(("name", "begin"), [("negative", ""), ("positive", "房间很")])
def test_guidance_leads_away_from_a_writer_who_is_told_no_class(writer, name, begin):
    class_id = ["", "negative", "positive"].index(name)
    found = texts(writer, name, begin, options=LED)
    assert found == [by_hand(class_id, begin, LENGTH - len(begin), 3.0)]
    assert found != texts(writer, name, begin, options=COLD)


def test_there_is_nothing_to_be_led_to_without_a_class(writer):
    led, cold = (texts(writer, "", "房间", options=options) for options in (LED, COLD))
    assert led == cold
    # One model is asked then, not two.
    assert all("guidance" not in given for given in writer.checkpoint.runs[-2:])


def test_a_class_changes_what_is_written(writer):
    assert len({texts(writer, name)[0] for name in ("", "negative", "positive")}) == 3


def test_a_text_does_not_depend_on_how_many_are_asked_for(writer):
    many = texts(writer, "positive", count=40, seed=5)
    assert texts(writer, "positive", count=3, seed=5) == many[:3]
    assert len(set(many)) > 30
    assert texts(writer, "positive", count=3, seed=6) != many[:3]


def test_no_four_tokens_stand_twice_and_none_that_is_no_text(writer):
    for written in writer.write("negative", count=24, seed=2):
        text = written.text
        fours = [text[n : n + 4] for n in range(len(text) - 3)]
        assert text and len(fours) == len(set(fours))
        assert not any(name in text for name in SPECIAL)


def test_a_text_is_no_longer_than_asked_and_says_if_it_ended(writer):
    options = ReviewOptions(max_length=5)
    for written in writer.write("positive", "房间", 24, 3, options):
        assert written.text.startswith("房间") and len(written.text) <= 5
        assert written.ended or len(written.text) == 5


def test_score_is_the_mean_of_the_written_tokens(writer):
    options = ReviewOptions(guidance=1)
    (written,) = writer.write("positive", count=1, seed=4, options=options)
    unilm, ids = told_backbone(), small_tokenizer().encode(written.text)
    ids = [CLS_ID, *ids, *[SEP_ID] * written.ended]
    given = {
        "token_ids": np.array([ids], "int32"),
        "class_ids": np.array([[2]], "int32"),
    }
    logits = unilm.logits(unilm(given), unilm.condition_of(given))
    logits = np.array(logits)[0, :-1].astype("float64")
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    mean = log_probs[np.arange(len(ids) - 1), ids[1:]].mean()
    assert written.score == pytest.approx(mean, abs=1e-3)


def test_a_beginning_in_traditional_characters_is_read_in_simplified_ones(writer):
    assert texts(writer, "", "房間", seed=1) == texts(writer, "", "房间", seed=1)


def test_what_the_vocabulary_lacks_stays_in_the_beginning(writer):
    assert texts(writer, "positive", "😀Ok")[0].startswith("😀Ok")


@pytest.mark.parametrize(
    ("asked", "options", "message"),
    [
        (("postive",), {}, "no class 'postive'; did you mean positive?"),
        (("x" * 50,), {}, "there are negative, positive"),
        (("", "好" * 16), {}, "beginning has 16 tokens, which leaves nothing .* of 16"),
        (("", "好好"), {"max_length": 2}, "leaves nothing to write of 2"),
        (("",), {"max_length": 17}, "max_length is 17; .* at most 16 tokens"),
    ],
)
def test_what_cannot_be_written_is_refused(writer, asked, options, message):
    with pytest.raises(OptionError, match=message):
        writer.write(*asked, options=ReviewOptions(**options))


@pytest.mark.parametrize(
    "options", [{"temperature": -1}, {"temperature": float("nan")}, {"top_p": 0}]
)
def test_options_out_of_bounds_are_refused(options):
    with pytest.raises(OptionError, match="it must be between"):
        ReviewOptions(**options)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="no such checkpoint folder"):
        Reviewer.from_checkpoint(tmp_path / "none")
