"""Batches of the writer, read as text."""

import numpy as np
import pytest
from poem.writer.writers import small_vocabulary

from nlg.errors import DataError, OptionError
from nlg.poem.writer.conditions import Conditions
from nlg.poem.writer.train.batches import Batches, encode, inputs
from nlg.poem.writer.train.options import WriterTraining
from nlg.text.forms import FORMS
from nlg.text.poem_records import Poem
from nlg.text.tokenizer import Tokenizer

QUIET = Poem(
    "五绝",
    ("床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"),
    "静夜思",
    "李白",
    "唐",
)
STORKS = Poem("五绝", ("白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼"), "登楼")
CONDITIONS = Conditions(["李白"])
VERSE = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer(small_vocabulary())


@pytest.fixture(scope="module")
def encoded(tokenizer):
    made = encode([QUIET, STORKS], tokenizer, CONDITIONS, {VERSE: 2})
    latents = np.ones((2, 3), "float16")
    return {
        form: poems_of_form._replace(latents=latents)
        for form, poems_of_form in made.items()
    }


def batches(encoded, tokenizer, **settings):
    return Batches(encoded, tokenizer, WriterTraining(batch_tokens=64, **settings))


def rows_of(batch, tokenizer):
    return [
        tokenizer.vocabulary.decode(n for n in row if n)
        for row in batch["token_ids"].tolist()
    ]


def test_a_row_is_a_title_and_the_poem_with_its_marks(encoded, tokenizer):
    made = batches(encoded, tokenizer, titles=1.0, words=0.0)
    rows = rows_of(made.at(0), tokenizer)
    assert sorted(row.split("[SEP]")[0] for row in rows) == ["[CLS]登楼", "[CLS]静夜思"]
    assert f"[CLS]静夜思[SEP]{VERSE}[SEP]" in [
        row.replace("[UNK]", "疑") for row in rows
    ]


def test_each_character_is_predicted_by_what_stands_before_it(encoded, tokenizer):
    batch = batches(encoded, tokenizer, titles=1.0, words=0.0).at(0)
    flat = batch["token_ids"].reshape(-1)
    np.testing.assert_array_equal(flat[batch["places"] + 1], batch["targets"])
    text = tokenizer.vocabulary.decode(batch["targets"].tolist())
    assert "，" not in text and "。" not in text and "[SEP]" not in text
    assert len(batch["targets"]) == 2 * FORMS["五绝"].places
    written = batch["segment_ids"].reshape(-1)[batch["places"] + 1]
    assert written.all()
    assert (batch["segment_ids"].sum(axis=1) == 4 * 6 + 1).all()


def test_words_are_of_the_poem_itself(encoded, tokenizer):
    made = batches(encoded, tokenizer, titles=0.0, words=1.0)
    seen = set()
    for step in range(8):
        for row in rows_of(made.at(step), tokenizer):
            source, poem, _ = row.removeprefix("[CLS]").split("[SEP]")
            words = source.replace("[UNK]", "?").split("、")
            assert 1 <= len(words) <= 4
            assert all(len(word) > 1 for word in words)
            assert all(word in poem.replace("[UNK]", "?") for word in words)
            seen.update(words)
    assert len(seen) > 4


def test_what_is_told_is_told_at_times(encoded, tokenizer):
    nothing = dict.fromkeys(
        ("tell_form", "tell_class", "tell_author", "tell_latent", "titles", "words"),
        0.0,
    )
    batch = batches(encoded, tokenizer, **nothing).at(0)
    assert not batch["class_ids"].any() and not batch["latents"].any()
    assert all(row.startswith("[CLS][SEP]") for row in rows_of(batch, tokenizer))
    everything = dict.fromkeys(tuple(nothing)[:4], 1.0)
    batch = batches(encoded, tokenizer, **everything).at(0)
    assert batch["latents"].all()
    assert sorted(batch["class_ids"].tolist()) == [[1, 0, 0, 0], [1, 2, 2, 1]]


def test_a_batch_depends_on_its_step_alone(encoded, tokenizer):
    one, other = batches(encoded, tokenizer), batches(encoded, tokenizer)
    other.at(5)
    for name, array in one.at(3).items():
        np.testing.assert_array_equal(array, other.at(3)[name])


def test_rows_are_padded_to_one_length(encoded):
    poems = encoded["五绝"].poems
    told, latents = np.zeros((2, 4)), np.zeros((2, 3), "float32")
    batch = inputs("五绝", [[], [9] * 16], poems, told, latents)
    assert batch["token_ids"].shape == (2, 48)  # 16 + 2, 24, 1, and up to a tile
    assert not batch["token_ids"][0, 27:].any() and batch["token_ids"][1, 42]


def test_no_poems_are_refused(tokenizer):
    with pytest.raises(DataError, match="no poem to train on"):
        encode([], tokenizer, CONDITIONS, {})


def test_more_titles_and_words_than_batches_are_refused():
    with pytest.raises(OptionError, match=r"titles \(0.7\) and words \(0.4\) are more"):
        WriterTraining(titles=0.7)
