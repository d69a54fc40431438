import pytest

from nlg.errors import DataError
from nlg.text.vocab import PAD, PAD_ID, SPECIAL, UNK, UNK_ID, Vocabulary


@pytest.fixture
def vocabulary():
    return Vocabulary([PAD, UNK, "春", "眠", "𠀀"])


def test_known_text_comes_back_from_its_ids(vocabulary):
    assert vocabulary.encode("眠𠀀春") == [3, 4, 2]
    assert vocabulary.decode([3, 4, 2]) == "眠𠀀春"


def test_unknown_characters_share_one_id(vocabulary):
    assert vocabulary.encode("春不觉") == [2, UNK_ID, UNK_ID]
    assert vocabulary.decode([PAD_ID, UNK_ID]) == PAD + UNK


def test_length_and_membership_count_the_special_tokens(vocabulary):
    assert len(vocabulary) == 5
    assert "眠" in vocabulary and PAD in vocabulary and "晓" not in vocabulary


def test_special_tokens_start_a_vocabulary_with_padding_and_unknown_at_their_ids():
    assert Vocabulary(SPECIAL).tokens == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert (SPECIAL[PAD_ID], SPECIAL[UNK_ID]) == (PAD, UNK)


def test_frequent_characters_come_first_and_ties_by_code_point():
    counted = Vocabulary.from_counts(["乙甲丙", "丙丁", "乙甲"], min_count=1)
    assert counted.tokens == [PAD, UNK, "丙", "乙", "甲", "丁"]


def test_rare_characters_are_left_out():
    texts = ["乙甲丙", "丙丁", "乙丙"]
    assert Vocabulary.from_counts(texts, min_count=2).tokens == [PAD, UNK, "丙", "乙"]


def test_saved_vocabulary_is_one_token_a_line_and_loads_alike(vocabulary, tmp_path):
    path = tmp_path / "vocab.txt"
    vocabulary.save(path)
    assert path.read_bytes().decode("utf-8") == "[PAD]\n[UNK]\n春\n眠\n𠀀\n"
    assert Vocabulary.load(path).ids == vocabulary.ids


@pytest.mark.parametrize("tokens", [[], ["春"], [UNK, PAD], [PAD, "春", UNK]])
def test_vocabulary_without_its_special_tokens_is_refused(tokens):
    with pytest.raises(DataError, match="starts with"):
        Vocabulary(tokens)


def test_token_listed_twice_is_named():
    with pytest.raises(DataError, match="'春' is twice"):
        Vocabulary([PAD, UNK, "眠", "春", "春"])


def test_odd_line_ends_of_unicode_are_tokens_like_others(tmp_path):
    vocabulary = Vocabulary(["[PAD]", "[UNK]", "\u2028", "\x85", "春"])
    vocabulary.save(tmp_path / "vocab.txt")
    assert Vocabulary.load(tmp_path / "vocab.txt").tokens == vocabulary.tokens
