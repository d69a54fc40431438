import itertools

import numpy as np
import pytest

from nlg.couplet.pairs import UNLISTED, Pairs
from nlg.errors import CheckpointError
from nlg.text.vocab import Vocabulary

VOCABULARY = Vocabulary(["[PAD]", "[UNK]", *"春风来又绿江南岸明月"])


def by_hand(pairs, token_ids):
    """Return the numbers of the pairs with a loop over characters."""
    numbers = []
    for ids in token_ids:
        text = [VOCABULARY.tokens[n] for n in ids]
        inner = [a + b for a, b in itertools.pairwise(text)]
        found = [pairs.index(p) + 1 if p in pairs else UNLISTED for p in inner]
        numbers.append([UNLISTED, *found, UNLISTED])
    return numbers


def test_listed_pairs_are_numbered_from_one_and_others_are_not():
    pairs = Pairs(["月明", "春风"], VOCABULARY)
    assert len(pairs) == 3
    ids = [VOCABULARY.encode("春风又绿"), VOCABULARY.encode("明月明月")]
    assert pairs.encode(np.array(ids)).tolist() == [[0, 2, 0, 0, 0], [0, 0, 1, 0, 0]]


@pytest.mark.parametrize("seed", range(5))
def test_numbers_are_those_of_a_loop_over_characters(seed):
    rng = np.random.default_rng(seed)
    count = len(VOCABULARY)
    draws = rng.choice(count * count, size=rng.integers(1, 60), replace=False)
    listed = [
        (VOCABULARY.tokens[a], VOCABULARY.tokens[b])
        for a, b in zip(*np.divmod(draws, count), strict=True)
    ]
    pairs = ["".join(pair) for pair in listed if "[" not in "".join(pair)]
    token_ids = rng.integers(count, size=(20, 9)).astype("uint16")
    found = Pairs(pairs, VOCABULARY).encode(token_ids)
    assert found.dtype == np.int32
    assert found.tolist() == by_hand(pairs, token_ids)


@pytest.mark.parametrize("length", [1, 2, 7])
def test_an_empty_list_gives_every_pair_no_number(length):
    pairs = Pairs([], VOCABULARY)
    assert len(pairs) == 1
    assert pairs.encode(np.ones((3, length), "int32")).tolist() == (
        [[UNLISTED] * (length + 1)] * 3
    )


def test_a_line_of_one_character_has_only_ends():
    found = Pairs(["春风"], VOCABULARY).encode(np.array([[2], [3]]))
    assert found.tolist() == [[0, 0], [0, 0]]


def test_the_most_frequent_pairs_are_listed_first():
    lines = ["春风又春风", "明月春风", "明月", "江南", "桃花桃花桃花桃花"]
    made = Pairs.from_counts(lines, VOCABULARY, most=3)
    # 春风 3, 明月 2, then those of one in order; 桃花 is not in the vocabulary.
    assert made.pairs == ["春风", "明月", "又春"]
    assert Pairs.from_counts(lines, VOCABULARY, most=0).pairs == []
    every = Pairs.from_counts(lines, VOCABULARY, most=99).pairs
    assert set(every) == {"春风", "明月", "又春", "风又", "月春", "江南"}


def test_equal_counts_are_listed_in_one_order_whatever_the_lines(tmp_path):
    lines = ["春风", "明月", "江南", "绿岸"]
    one, other = (
        Pairs.from_counts(part, VOCABULARY, 3).pairs for part in (lines, lines[::-1])
    )
    assert one == other


@pytest.mark.parametrize("listed", [[], ["春风", "明月", "月\u2028"]])
def test_what_is_saved_is_loaded_again(tmp_path, listed):
    path = tmp_path / "pairs.txt"
    made = Pairs(listed, VOCABULARY)
    made.save(path)
    loaded = Pairs.load(path, VOCABULARY)
    assert loaded.pairs == listed
    ids = np.array([VOCABULARY.encode("春风明月明")])
    np.testing.assert_array_equal(loaded.encode(ids), made.encode(ids))


@pytest.mark.parametrize(
    "content", ["春\n", "春风\n\n明月\n", "春风来\n", "春风".encode()[:-1]]
)
def test_a_file_that_lists_no_pairs_is_named(tmp_path, content):
    path = tmp_path / "pairs.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CheckpointError, match=r"pairs\.txt: not two characters a line"):
        Pairs.load(path, VOCABULARY)
