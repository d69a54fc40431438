"""Texts, tokens and batches against what is written by hand."""

import gzip

import numpy as np
import pytest
from write.reviews import NAMES, made_up_reviews, small_tokenizer, write_reviews

from nlg.errors import DataError, OptionError
from nlg.text.vocab import CLS_ID, SEP_ID
from nlg.write.train.batches import (
    Batches,
    Labelled,
    buckets,
    classes_of,
    inputs,
    load_texts,
    texts_of,
    tokens_of,
)
from nlg.write.train.options import WriteTraining, name_of

CLASSES = {"0": "negative", "1": "positive"}


def arrays(length=16):
    reviews = [Labelled(*review) for review in made_up_reviews()]
    return texts_of(reviews, CLASSES, small_tokenizer(), length)


def words(token_ids):
    """Return tokens as text, [SEP] as |."""
    tokens = small_tokenizer().vocabulary.tokens
    return "".join("|" if t == SEP_ID else tokens[t] for t in token_ids)


# --- files


def test_texts_are_read_zipped_or_not(tmp_path):
    plain = write_reviews(made_up_reviews(), tmp_path / "a.tsv")
    zipped = tmp_path / "a.tsv.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    assert load_texts(plain) == load_texts(zipped) == made_up_reviews()


def test_blank_lines_and_tabs_in_a_text_are_no_fault(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("很\t好\u2028吗\t1\r\n\n 差 \t 0 \n", "utf-8")
    assert load_texts(path) == [("很\t好\u2028吗", "1"), ("差", "0")]


def test_texts_stand_as_they_are_written(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "服務很好", "label": 1}\n', "utf-8")
    assert load_texts(path) == [("服務很好", "1")]


NO_LABEL = "no label, a text or a whole number"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("很好", NO_LABEL),
        ("很好\t", NO_LABEL),
        ("\t1", "no text"),
        ("很好 1", NO_LABEL),
    ],
)
def test_a_line_without_text_or_label_is_named(tmp_path, line, said):
    path = tmp_path / "a.tsv"
    path.write_text(f"很好\t1\n{line}\n", "utf-8")
    with pytest.raises(DataError, match=rf"a\.tsv:2: {said}"):
        load_texts(path)


def test_a_file_of_nothing_or_of_something_else_is_named(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("\n")
    with pytest.raises(DataError, match="no text in it"):
        load_texts(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read"):
        load_texts(path)


# --- classes


def test_labels_are_classes_in_their_order_under_the_names_they_get():
    texts = [Labelled("差", "b"), Labelled("好", "a"), Labelled("差", "b")]
    assert list(classes_of(texts, []).items()) == [("a", "a"), ("b", "b")]
    assert classes_of(texts, ["b = bad"]) == {"a": "a", "b": "bad"}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["2=neutral"], "no text has the label 2; there are 0, 1"),
        (["0=1"], "two labels of one name"),
    ],
)
def test_a_name_of_no_label_or_of_two_is_refused(names, message):
    with pytest.raises(OptionError, match=message):
        classes_of([Labelled("好", "1"), Labelled("差", "0")], names)


@pytest.mark.parametrize("name", ["positive", "=positive", "1=", ""])
def test_a_name_without_its_label_is_refused(name):
    with pytest.raises(OptionError, match="write it as label=name"):
        name_of(name)
    with pytest.raises(OptionError, match="names: "):
        WriteTraining(names=(name,))


def test_a_text_of_another_label_is_left_out():
    texts = [Labelled("很好", "1"), Labelled("好", "9")]
    found = texts_of(texts, CLASSES, small_tokenizer(), 16)
    assert words(found.token_ids) == "很好|" and found.class_ids.tolist() == [2]


# --- cutting


@pytest.mark.parametrize(
    ("text", "length", "cut"),
    [
        ("我很喜欢。", 6, "我很喜欢。|"),  # it just fits
        ("我很喜欢。房间", 7, "我很喜欢。|"),  # after a sentence
        ("我很喜欢。很好！房间", 10, "我很喜欢。很好！|"),  # after the last one
        ("我很喜欢 房间很好", 7, "我很喜欢|"),  # a blank ends one
        ("好。我很喜欢房间", 7, "好。我很喜欢房"),  # too early, and so without an end
        ("我很喜欢，房间", 6, "我很喜欢，房"),  # no sentence
        ("我很喜欢好。房间", 6, "我很喜欢好。"),  # one that leaves no place for [SEP]
    ],
)
def test_a_long_text_ends_with_its_last_sentence_that_fits(text, length, cut):
    tokens = tokens_of(text, small_tokenizer(), length)
    assert words(tokens) == cut and len(tokens) <= length


# --- batches


def test_inputs_are_the_tokens_before_the_targets():
    batch = inputs(arrays(), np.array([19, 39]), 8)
    assert [words(row) for row in batch["targets"]] == [
        "故事我很喜欢。|",
        "故事我不喜欢。|",
    ]
    for read, targets in zip(batch["token_ids"], batch["targets"], strict=True):
        assert read.tolist() == [CLS_ID, *targets[:-1]]
    assert batch["class_ids"].tolist() == [[2], [1]]


def test_nothing_is_charged_behind_the_end():
    texts = texts_of([Labelled("很好", "1")], CLASSES, small_tokenizer(), 16)
    batch = inputs(texts, np.array([0]), 8)
    assert (batch["targets"][0] > 0).tolist() == [True] * 3 + [False] * 5
    assert (batch["token_ids"][0] > 0).tolist() == [True] * 3 + [False] * 5


def test_an_epoch_has_every_text_and_tells_about_its_share_of_classes():
    texts = arrays()
    options = WriteTraining(names=NAMES, length=16, batch_tokens=16, tell=0.5)
    batches = Batches(texts, options)
    seen, told = [], []
    for step in range(batches.schedule.steps_per_epoch * 4):
        batch = batches.at(step)
        seen += [words(row[row > 0]) for row in batch["targets"]]
        told += (batch["class_ids"][:, 0] > 0).tolist()
    assert {text.rstrip("|") for text in seen} == {t for t, _ in made_up_reviews()}
    assert 0.3 < np.mean(told) < 0.7
    again = Batches(texts, options).at(3)
    for name, array in batches.at(3).items():
        np.testing.assert_array_equal(array, again[name])


def test_rows_are_padded_to_the_next_multiple_of_eight():
    texts = arrays()
    lengths = np.diff(texts.starts)
    for edge, rows in buckets(texts, 16).items():
        assert all(edge - 8 < n <= edge for n in lengths[rows])
