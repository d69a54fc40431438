import numpy as np
import pytest

from nlg.pretrain.corpus import Corpus
from nlg.pretrain.objectives import OBJECTIVES, PREDICTIONS_MULTIPLE, Objectives
from nlg.text.vocab import CLS_ID, MASK_ID, SEP_ID

# Two samples: six tokens in three words and two sentences, then four single ones.
CORPUS = Corpus(
    np.array([10, 11, 12, 13, 14, 15, 20, 21, 22, 23], "uint16"),
    np.array([1, 0, 1, 0, 0, 1, 1, 1, 1, 1], bool),
    np.array([0, 0, 1, 0, 0, 1, 0, 0, 0, 1], bool),
    np.array([0, 6, 10]),
    np.zeros(2, "uint16"),
)


def objectives(mask_share=0.15, shares=(0.2, 0.2)):
    return Objectives(CORPUS, shares, mask_share, vocab_size=100)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_lm_predicts_each_token_from_those_before_it():
    piece = objectives().piece(1, "lm", rng())
    assert piece.token_ids.tolist() == [CLS_ID, 20, 21, 22, 23, SEP_ID]
    assert piece.targets.tolist() == [20, 21, 22, 23, SEP_ID, -1]
    assert piece.generated.tolist() == [1] * 6
    assert piece.segment_ids.tolist() == [0] * 6


def test_bidirectional_predicts_whole_words_and_only_those():
    piece = objectives(mask_share=0.4).piece(0, "bidirectional", rng(3))
    hidden = piece.targets[1:7] >= 0
    words = np.array([0, 0, 1, 1, 1, 2])
    assert 0 < hidden.sum() < 6
    assert all(len(set(hidden[words == word])) == 1 for word in range(3))
    assert piece.targets[1:7][hidden].tolist() == np.arange(10, 16)[hidden].tolist()
    shown = piece.token_ids[1:7]
    assert shown[~hidden].tolist() == np.arange(10, 16)[~hidden].tolist()
    assert not piece.generated.any() and not piece.segment_ids.any()


def test_masks_are_of_four_fifths_of_what_is_hidden():
    long = Corpus(
        np.full(20_000, 50, "uint16"),
        np.ones(20_000, bool),
        np.ones(20_000, bool),
        np.array([0, 20_000]),
        np.zeros(1, "uint16"),
    )
    piece = Objectives(long, (1, 0), 0.15, 100).piece(0, "bidirectional", rng())
    hidden = piece.targets == 50
    assert hidden.mean() == pytest.approx(0.15, abs=0.01)
    shown = piece.token_ids[hidden]
    assert (shown == MASK_ID).mean() == pytest.approx(0.8, abs=0.02)
    assert (shown == 50).mean() == pytest.approx(0.1, abs=0.02)
    assert not (shown < MASK_ID).any()  # no random [CLS] or [SEP]


def test_short_sample_has_something_to_predict_all_the_same():
    for seed in range(20):
        piece = objectives(mask_share=0.01).piece(1, "bidirectional", rng(seed))
        assert (piece.targets >= 0).sum() == 1


def test_seq2seq_writes_the_sentences_after_the_first():
    piece = objectives(mask_share=0.01).piece(0, "seq2seq", rng())
    assert piece.token_ids[[0, 4, 8]].tolist() == [CLS_ID, SEP_ID, SEP_ID]
    assert piece.token_ids[5:8].tolist() == [13, 14, 15]
    assert piece.targets[4:].tolist() == [13, 14, 15, SEP_ID, -1]
    assert piece.segment_ids.tolist() == [0] * 5 + [1] * 4
    assert piece.generated.tolist() == piece.segment_ids.tolist()
    source = piece.targets[:4]
    assert source[0] == -1 and set(source[1:]) <= {-1, 10, 11, 12}


def test_single_sentence_is_cut_anywhere():
    cuts = {
        int(np.flatnonzero(piece.segment_ids)[0]) - 2
        for piece in (objectives().piece(1, "seq2seq", rng(s)) for s in range(40))
    }
    assert cuts == {1, 2, 3}


def test_sample_of_one_token_has_no_target():
    single = Corpus(
        np.array([9], "uint16"),
        np.ones(1, bool),
        np.ones(1, bool),
        np.array([0, 1]),
        np.zeros(1, "uint16"),
    )
    piece = Objectives(single, (0, 0), 0.15, 100).piece(0, "seq2seq", rng())
    assert len(piece.token_ids) == 3 and piece.targets.tolist() == [-1, 9, -1]


def test_batch_lays_samples_one_after_another():
    batch = objectives(shares=(0, 1)).batch([[0, 1], [1]], 16, rng())
    assert batch["sample_ids"].tolist() == [
        [1] * 8 + [2] * 6 + [0] * 2,
        [1] * 6 + [0] * 10,
    ]
    assert batch["position_ids"][0].tolist() == [*range(8), *range(6), 0, 0]
    assert batch["token_ids"][1, :7].tolist() == [CLS_ID, 20, 21, 22, 23, SEP_ID, 0]


def test_predictions_point_at_states_and_are_filled_up_with_weight_zero():
    batch = objectives(shares=(0, 1)).batch([[0, 1], [1]], 16, rng())
    count = 7 + 5 + 5
    assert len(batch["places"]) == PREDICTIONS_MULTIPLE
    assert batch["weights"].tolist() == [1.0] * count + [0.0] * (256 - count)
    tokens = batch["token_ids"].ravel()
    after = tokens[batch["places"][:count] + 1]  # every objective here is lm
    assert batch["targets"][:count].tolist() == after.tolist()
    assert set(batch["objective"][:count]) == {OBJECTIVES.index("lm")}


def test_shares_are_of_samples():
    many = [[0]] * 2000
    batch = objectives(shares=(0.5, 0.2)).batch(many, 16, rng())
    segments = batch["segment_ids"].any(axis=1).mean()
    written = batch["generated"][:, 0].mean()
    assert segments == pytest.approx(0.3, abs=0.04)
    assert written == pytest.approx(0.2, abs=0.03)


# 李 白 ， 字 太 白 。 李 白 ， 字 太 白 ！ as words 李白 ， 字 太白, each twice
TWICE = Corpus(
    np.array([10, 11, 1, 12, 13, 11, 2, 10, 11, 1, 12, 13, 11, 3], "uint16"),
    np.array([1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1], bool),
    np.array([0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1], bool),
    np.array([0, 14]),
    np.zeros(1, "uint16"),
)
IS_TEXT = np.arange(100) >= 10


def recurring(share, mask_share=1.0):
    return Objectives(TWICE, (1, 0), mask_share, 100, share, IS_TEXT)


def test_spans_that_stand_twice_are_hidden_where_they_stand_again():
    piece = recurring(1.0).piece(0, "bidirectional", rng())
    hidden = np.flatnonzero(piece.targets[1:-1] >= 0)
    assert hidden.tolist() == [7, 8, 10, 11, 12]  # both later spans, no mark


def test_spans_are_hidden_up_to_the_share_of_masked_tokens():
    hidden = {
        tuple(np.flatnonzero(piece.targets[1:-1] >= 0))
        for piece in (
            recurring(1.0, 0.15).piece(0, "bidirectional", rng(s)) for s in range(20)
        )
    }
    assert hidden == {(10, 11, 12), (7, 8, 10, 11, 12)}  # 2 tokens are under 2.1


def test_share_of_recurring_spans_is_of_the_bidirectional_samples():
    def is_recurring(seed):
        piece = recurring(0.3, 0.15).piece(0, "bidirectional", rng(seed))
        hidden = tuple(np.flatnonzero(piece.targets[1:-1] >= 0))
        return hidden in {(10, 11, 12), (7, 8, 10, 11, 12)}

    assert np.mean([is_recurring(s) for s in range(400)]) == pytest.approx(0.3, abs=0.1)


def test_sample_in_which_nothing_recurs_hides_words_all_the_same():
    hides = Objectives(CORPUS, (1, 0), 0.15, 100, recurring_share=1.0)
    assert (hides.piece(1, "bidirectional", rng()).targets >= 0).any()
