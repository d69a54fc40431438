import dataclasses
import random

import numpy as np
import pytest

from nlg.errors import DataError
from nlg.qa.config import KINDS, SPECIAL
from nlg.qa.data.examples import Example
from nlg.qa.train.batches import (
    PREDICTIONS_MULTIPLE,
    Batches,
    PackedRow,
    PackedRows,
    encode,
    in_company,
)
from nlg.qa.train.options import QATraining
from nlg.qa.train.train import warn_of_padding
from nlg.text.tokenizer import Tokenizer
from nlg.text.vocab import CLS_ID, SEP_ID, Vocabulary
from nlg.text.vocab import SPECIAL as NAMES

POET = Example("诗", "杜甫，字子美，号少陵野老。", "谁号少陵野老？", "杜甫", 0)
RIVER = Example("地理", "长江长六千三百公里。", "长江有多长？", "六千三百公里", 3)
SILENT = Example("诗", "李白是诗人。", "谁号少陵野老？", "")
EXAMPLES = [POET, RIVER, SILENT]
WORDS = sorted(set("".join(x.passage + x.question for x in EXAMPLES) + "iphoe"))
TOKENIZER = Tokenizer(Vocabulary([*NAMES, *WORDS, *(f"##{c}" for c in "iphone6")]))
OPTIONS = QATraining(
    max_passage=20, least_passage=0, max_question=8, max_answer=8, row_tokens=64,
    batch_tokens=128,
)  # fmt: skip


def changed(**changes):
    return dataclasses.replace(OPTIONS, **changes)


def encoded(examples=EXAMPLES, options=OPTIONS):
    return encode(examples, TOKENIZER, options)[0]


def text(token_ids):
    return "".join(TOKENIZER.vocabulary.tokens[n] for n in token_ids)


def parts(found, number):
    """The texts of passage, question and answer of a sample."""
    source, answer = Batches(found, OPTIONS).sample(number)
    told = text(source.token_ids).removeprefix("[CLS]")
    passage, question, rest = told.split("[SEP]")
    assert rest == "" and answer[-1] == SEP_ID
    return passage, question, text(answer[:-1])


# --- samples


def test_samples_are_the_examples_in_their_order():
    found, sources = encode(EXAMPLES, TOKENIZER, OPTIONS)
    for number, example in enumerate(EXAMPLES):
        assert parts(found, number) == (
            example.passage,
            example.question,
            example.answer,
        )
    assert sources == ["诗", "地理"] and found.sources.tolist() == [0, 1, 0]
    kinds = [KINDS[name] for name in ("person", "number", "person")]
    assert found.kinds.tolist() == kinds


def test_a_long_passage_is_cut_around_its_answer():
    far = POET._replace(passage="李白。" * 30 + POET.passage, start=90)
    for seed in range(20):
        passage, _, answer = parts(encoded([far], changed(seed=seed)), 0)
        assert len(passage) == 20 and answer == "杜甫" and answer in passage


def test_of_a_long_question_the_end_stays():
    asked = POET._replace(question="李白和杜甫都是诗人，谁号少陵野老？")
    assert parts(encoded([asked]), 0)[1] == "，谁号少陵野老？"


def test_an_answer_is_cut_into_words_as_its_passage_is():
    phone = Example("", "iphone6是", "iphone几", "6", 6)
    assert parts(encoded([phone]), 0) == (
        "i##p##h##o##n##e##6是", "i##p##h##o##n##e[UNK]", "##6",
    )  # fmt: skip
    written = phone._replace(start=-1)  # an answer that stands nowhere is written anew
    assert parts(encoded([written]), 0)[2] == "[UNK]"


def test_examples_that_do_not_fit_are_left_out():
    long = POET._replace(answer="杜甫，字子美，号少", start=0)
    blank = POET._replace(passage=" \n", answer="", start=-1)
    assert len(encoded([long, POET, blank]).lengths) == 1
    with pytest.raises(DataError, match=r"no question to train on.*more than 8 tokens"):
        encoded([long, blank])


def test_traditional_and_wide_text_is_read_as_the_model_knows_it():
    typed = POET._replace(passage="杜甫，號少陵野老。", question="誰號少陵野老？")
    assert parts(encoded([typed]), 0)[:2] == ("杜甫，号少陵野老。", "谁号少陵野老？")


# --- company


def test_a_short_passage_stands_among_others_that_do_not_answer():
    for seed in range(20):
        made = list(in_company(EXAMPLES, 18, random.Random(seed)))
        for before, after in zip(EXAMPLES, made, strict=True):
            assert len(after.passage) >= 18 and before.passage in after.passage
            assert after[2:4] == before[2:4]
            if before.answer:
                assert after.passage.count(before.answer) == 1
                end = after.start + len(before.answer)
                assert after.passage[after.start : end] == before.answer
            else:
                assert after.start == -1


def test_who_would_answer_is_no_company():
    twin = SILENT._replace(passage="诗圣是杜甫。")
    made = [next(in_company([POET, twin], 18, random.Random(n))) for n in range(20)]
    assert {example.passage for example in made} == {POET.passage}
    other = [list(in_company([POET, twin], 18, random.Random(n)))[1] for n in range(9)]
    assert all(POET.passage in example.passage for example in other)  # it asks no more


def test_company_stands_on_either_side():
    made = [next(in_company(EXAMPLES, 18, random.Random(n))) for n in range(40)]
    assert {example.start == 0 for example in made} == {True, False}


def test_a_passage_that_is_long_enough_stays_alone():
    assert list(in_company(EXAMPLES, 5, random.Random(0))) == EXAMPLES
    assert list(in_company([POET], 500, random.Random(0))) == [POET]  # nobody to join


# --- rows


def many(count=60, seed=0):
    rng = np.random.default_rng(seed)
    return encoded([EXAMPLES[n] for n in rng.integers(0, 3, count)])


def test_every_sample_comes_once_an_epoch_in_an_order_of_its_seed():
    rows = PackedRows(many(), [1, 1], changed(batch_tokens=64))

    def samples(epoch):
        return [x for batch in rows.epoch(epoch) for row in batch for x in row.samples]

    assert sorted(samples(0)) == list(range(60))
    assert samples(0) == samples(0) != samples(1)
    assert rows.at(rows.steps_per_epoch) == rows.epoch(1)[0]


def test_rows_hold_what_fits_in_them():
    found = many()
    lengths = found.lengths.sum(axis=1) + SPECIAL
    for batch in PackedRows(found, [1, 1], OPTIONS).epoch(0):
        assert len(batch) == 2
        for row in batch:
            assert lengths[row.samples].sum() <= OPTIONS.row_tokens


def test_run_warns_of_rows_that_are_mostly_padding(capsys):
    """A sample of 26 tokens stands alone in a row of 40; two fill one of 52."""
    found = encoded([POET] * 8)
    assert (found.lengths.sum(axis=1) + SPECIAL).tolist() == [26] * 8
    for size, share in ((40, 26 / 40), (52, 1.0), (60, 52 / 60)):
        rows = PackedRows(found, [1], changed(row_tokens=size, batch_tokens=size))
        assert rows.filled() == pytest.approx(share)
        warn_of_padding(rows)
        said = "rows of 40 tokens are 65% full, the rest is padding"
        assert (said in capsys.readouterr().err) == (size == 40)


def test_a_share_of_a_source_is_drawn_anew_each_epoch():
    found = many(600)
    rows = PackedRows(found, [1, 0.5], changed(batch_tokens=64))
    rivers = set(np.flatnonzero(found.sources == 1))
    seen = []
    for epoch in range(2):
        batches = rows.epoch(epoch)
        samples = {x for batch in batches for row in batch for x in row.samples}
        assert set(range(600)) - rivers <= samples
        seen.append(samples & rivers)
        assert 0.35 < len(seen[-1]) / len(rivers) < 0.65
    assert seen[0] != seen[1]
    with pytest.raises(DataError, match="shares leave no question"):
        PackedRows(found, [0, 0], OPTIONS)


def test_kinds_are_told_only_where_the_model_hears_them():
    rows = PackedRows(many(), [1, 1], OPTIONS).epoch(0)
    assert {row.kind for batch in rows for row in batch} == {0}


def test_the_samples_of_a_row_ask_for_one_kind_or_are_not_told():
    found = many(600)
    options = changed(answer_types=True, untold_share=0.25)
    rows = [
        row for batch in PackedRows(found, [1, 1], options).epoch(0) for row in batch
    ]
    untold = [x for row in rows if not row.kind for x in row.samples]
    assert 0.15 < len(untold) / 600 < 0.35
    for row in rows:
        assert row.kind == 0 or set(found.kinds[row.samples]) == {row.kind}


def test_the_samples_of_a_row_are_of_one_style_too_or_are_not_told():
    found = many(600)
    found = found._replace(styles=np.arange(len(found.kinds)) % 3)
    options = changed(answer_types=True, styles=True, untold_share=0.25)
    rows = [
        row for batch in PackedRows(found, [1, 1], options).epoch(0) for row in batch
    ]
    told = [x for row in rows if row.style for x in row.samples]
    assert 0.4 < len(told) / 600 < 0.6  # of two thirds, three quarters
    for row in rows:
        assert row.style == 0 or set(found.styles[row.samples]) == {row.style}
        assert row.kind == 0 or set(found.kinds[row.samples]) == {row.kind}
    assert {(bool(row.kind), row.style) for row in rows} == {
        (kind, style) for kind in (False, True) for style in range(3)
    }


# --- batches


def test_a_batch_is_what_the_drawing_says():
    found = Batches(encoded(), OPTIONS).batch(
        [PackedRow([0, 2]), PackedRow([1], kind=4)]
    )
    row, end = found["token_ids"][0], 30
    first = "[CLS]杜甫，字子美，号少陵野老。[SEP]谁号少陵野老？[SEP]杜甫[SEP]"
    second = "[CLS]李白是诗人。[SEP]谁号少陵野老？[SEP][SEP]"
    assert text(row).replace("[PAD]", "") == first + second
    starts = np.flatnonzero(row == CLS_ID).tolist()
    assert starts == [0, 26]
    assert found["position_ids"][0, 26:end].tolist() == [0, 1, 2, 3]
    assert found["sample_ids"][0].tolist() == [1] * 26 + [2] * 17 + [0] * 21
    written = np.flatnonzero(found["segment_ids"][0]).tolist()
    assert text(row[written]) == "杜甫[SEP][SEP]" and written == [23, 24, 25, 42]
    assert found["class_ids"].tolist() == [[0, 0], [4, 0]]
    # 号少陵野老 stands in the question too: four tokens and more count as four
    assert found["overlap"][0, 8:13].tolist() == [4] * 5
    assert not found["overlap"][0, 13:].any()


def test_a_row_has_a_type_and_a_style():
    found = Batches(encoded(), OPTIONS).batch(
        [PackedRow([0, 2], kind=1, style=2), PackedRow([1], kind=4)]
    )
    assert found["class_ids"].tolist() == [[1, 2], [4, 0]]


def test_the_style_of_an_example_is_kept():
    styles = ("entity", "phrase", "")
    made = [x._replace(style=s) for x, s in zip(EXAMPLES, styles, strict=True)]
    found, _ = encode(made, TOKENIZER, OPTIONS)
    assert found.styles.tolist() == [1, 2, 0]


def test_each_answer_token_is_predicted_from_the_place_before_it():
    found = Batches(encoded(), OPTIONS).batch([PackedRow([0, 2]), PackedRow([1])])
    tokens = found["token_ids"].reshape(-1)
    count = int(found["weights"].sum())
    assert len(found["places"]) == PREDICTIONS_MULTIPLE
    assert count == 3 + 1 + 7 and found["weights"][:count].all()
    places = found["places"][:count]
    assert text(found["targets"][:count]) == "杜甫[SEP][SEP]六千三百公里[SEP]"
    np.testing.assert_array_equal(tokens[places + 1], found["targets"][:count])
    assert tokens[places[0]] == SEP_ID  # the source's last token


def test_samples_may_count_alike():
    weights = Batches(encoded(), changed(by_sample=True)).batch(
        [PackedRow([0, 2]), PackedRow([1])]
    )["weights"]
    np.testing.assert_allclose(weights[:4], [1 / 3] * 3 + [1], rtol=1e-6)
    assert weights.sum() == pytest.approx(3)


def test_arrays_have_the_dtypes_that_the_model_takes():
    found = Batches(encoded(), OPTIONS).batch([PackedRow([0])])
    dtypes = {name: array.dtype.name for name, array in found.items()}
    assert dtypes.pop("weights") == "float32"
    assert set(dtypes.values()) == {"int32"}
