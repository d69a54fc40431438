import numpy as np
import pytest

from nlg.couplet.config import COMPLETE, FORWARD, REVERSE
from nlg.couplet.pairs import Pairs
from nlg.couplet.train.batches import MOST_GIVEN, batch_of, encode
from nlg.text.couplets import Couplet
from nlg.text.vocab import PAD_ID, UNK_ID, Vocabulary

FIRST, SECOND = "春眠不觉晓", "秋梦忽闻鸡"
VOCABULARY = Vocabulary(["[PAD]", "[UNK]", *FIRST, *SECOND, "，"])
PAIRS = Pairs(["春眠", "闻鸡"], VOCABULARY)
COUPLETS = [Couplet(FIRST, SECOND), Couplet("春晓", "秋鸡"), Couplet(SECOND, FIRST)]


def text_of(ids):
    """Return ids as text; a blank is □, as the docstring draws it."""
    return VOCABULARY.decode(ids.tolist()).replace("[PAD]", "□")


def batch(mode, rows=1, seed=0, **options):
    encoded = encode(COUPLETS[:1], VOCABULARY, 9)[5]
    many, modes = np.repeat(encoded, rows, axis=0), np.full(rows, mode)
    return batch_of(many, modes, PAIRS, np.random.default_rng(seed), **options)


def test_couplets_are_parted_by_their_length_shortest_first():
    encoded = encode(COUPLETS, VOCABULARY, 5)
    assert list(encoded) == [2, 5]
    assert {rows.dtype.name for rows in encoded.values()} == {"uint16"}
    assert encoded[5].shape == (2, 2, 5)
    for row, couplet in zip(encoded[5], (COUPLETS[0], COUPLETS[2]), strict=True):
        assert tuple(map(text_of, row)) == couplet


def test_longer_couplets_than_asked_and_empty_ones_are_left_out():
    assert list(encode([*COUPLETS, Couplet("", "")], VOCABULARY, 4)) == [2]
    assert encode(COUPLETS, VOCABULARY, 1) == {}


def test_a_character_without_an_id_is_the_unknown_one():
    encoded = encode([Couplet("春雪", "秋霜")], VOCABULARY, 9)
    assert encoded[2][0, :, 1].tolist() == [UNK_ID, UNK_ID]


@pytest.mark.parametrize(
    ("mode", "source", "target"),
    [(FORWARD, FIRST, SECOND), (REVERSE, SECOND, FIRST)],
)
def test_one_line_is_answered_with_the_other(mode, source, target):
    made = batch(mode)
    assert text_of(made["token_ids"][0]) == source
    assert text_of(made["targets"][0]) == target
    assert made["weights"].tolist() == [[1, 1, 1, 1, 1]]
    assert made["mode"].tolist() == [mode]


def test_first_lines_are_completed_from_a_run_of_their_characters():
    made, seen = batch(COMPLETE, 2000), set()
    assert {text_of(ids) for ids in made["targets"]} == {FIRST}
    for ids, weights in zip(made["token_ids"], made["weights"], strict=True):
        given = text_of(ids).strip("□")
        assert given and given in FIRST  # a run: no blank inside
        assert len(text_of(ids)) == 5
        assert text_of(ids).index(given) == FIRST.index(given)
        assert weights.tolist() == [float(x == PAD_ID) for x in ids]
        seen.add(text_of(ids))
    # One to four characters, at every place where they may stand.
    assert len(seen) == sum(5 - n + 1 for n in range(1, MOST_GIVEN + 1))


@pytest.mark.parametrize("length", [1, 2, 3, 9])
def test_a_part_of_every_longer_line_is_left_to_be_completed(length):
    rows = np.arange(2, 2 + length).astype("uint16")
    many = np.broadcast_to(rows, (500, 2, length))
    modes = np.full(500, COMPLETE)
    made = batch_of(many, modes, PAIRS, np.random.default_rng(0))
    charged = made["weights"].sum(axis=1)
    least = max(length - MOST_GIVEN, min(1, length - 1))
    assert (charged.min(), charged.max()) == (least, length - 1)


def test_couplets_of_one_batch_may_have_different_tasks():
    encoded = encode(COUPLETS[:1] * 3, VOCABULARY, 9)[5]
    modes = np.array([COMPLETE, FORWARD, REVERSE])
    made = batch_of(encoded, modes, PAIRS, np.random.default_rng(0))
    assert "□" in text_of(made["token_ids"][0])
    assert [text_of(ids) for ids in made["token_ids"][1:]] == [FIRST, SECOND]
    assert [text_of(ids) for ids in made["targets"]] == [FIRST, SECOND, FIRST]
    assert made["weights"][1:].all()
    assert made["mode"].tolist() == modes.tolist()


def test_pairs_are_those_of_what_is_read_blanks_and_all():
    assert batch(FORWARD)["pair_ids"].tolist() == [[0, 1, 0, 0, 0, 0]]
    assert batch(REVERSE)["pair_ids"].tolist() == [[0, 0, 0, 0, 2, 0]]
    made = batch(COMPLETE, 100)
    for ids, pairs in zip(made["token_ids"], made["pair_ids"], strict=True):
        assert pairs.tolist() == [0, int(text_of(ids)[:2] == "春眠"), 0, 0, 0, 0]


def test_arrays_have_the_dtypes_that_the_model_takes():
    dtypes = {name: array.dtype.name for name, array in batch(COMPLETE).items()}
    whole = dict.fromkeys(("token_ids", "pair_ids", "mode", "targets"), "int32")
    assert dtypes == {**whole, "weights": "float32"}


def test_the_same_generator_leaves_the_same_places_blank():
    one, same, other = (batch(COMPLETE, 50, seed)["token_ids"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.parametrize("mode", [FORWARD, REVERSE])
def test_hidden_characters_are_blank_and_all_places_are_charged(mode):
    made, whole = (batch(mode, 2000, hidden_share=share) for share in (0.2, 0.0))
    blank = made["token_ids"] == PAD_ID
    assert blank.mean() == pytest.approx(0.2, abs=0.02)
    np.testing.assert_array_equal(made["token_ids"][~blank], whole["token_ids"][~blank])
    np.testing.assert_array_equal(made["pair_ids"], PAIRS.encode(made["token_ids"]))
    np.testing.assert_array_equal(made["targets"], whole["targets"])
    assert made["weights"].min() == 1


def test_of_a_line_to_be_completed_nothing_more_is_hidden():
    made, whole = (batch(COMPLETE, 50, hidden_share=share) for share in (0.9, 0.0))
    for name, value in whole.items():
        np.testing.assert_array_equal(made[name], value)
