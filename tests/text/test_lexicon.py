"""The oracle cuts strings, and knows the words by name."""

import numpy as np
import pytest

from nlg.errors import CheckpointError
from nlg.text.lexicon import CLASSES, LEVELS, Lexicon
from nlg.text.vocab import SPECIAL, Vocabulary
from nlg.text.words import dictionary

LETTERS = "春眠不觉晓处"
VOCABULARY = Vocabulary([*SPECIAL, *LETTERS, *"周树人，"])
TAGS = list(CLASSES)


def levels(lexicon, text):
    return lexicon.read(np.array(VOCABULARY.encode(text), int)).levels.tolist()


def by_strings(text, words):
    """Cut from the left, the longest word first; `words` have numbers of classes."""
    found, place = [0] * len(text), 0
    while place < len(text):
        longest = min(6, len(text) - place)
        sizes = [n for n in range(longest, 1, -1) if text[place : place + n] in words]
        if sizes:
            level = 2 * words[text[place : place + sizes[0]]]
            found[place : place + sizes[0]] = [level - 1] + [level] * (sizes[0] - 1)
        place += sizes[0] if sizes else 1
    return found


@pytest.mark.parametrize("seed", range(20))
def test_words_are_those_that_a_search_for_strings_finds(seed):
    rng = np.random.default_rng(seed)
    words = {
        "".join(rng.choice(list(LETTERS[:3]), rng.integers(2, 7))): int(
            rng.integers(1, len(TAGS) + 1)
        )
        for _ in range(12)
    }
    lexicon = Lexicon.from_tags(
        [(w, TAGS[n - 1]) for w, n in words.items()], VOCABULARY
    )
    text = "".join(rng.choice(list(LETTERS[: 3 + seed % 2]), rng.integers(0, 40)))
    assert levels(lexicon, text) == by_strings(text, words)
    assert max(levels(lexicon, text), default=0) <= LEVELS


@pytest.mark.parametrize(
    ("tag", "level"),
    [
        *(("nr", 1), ("nrt", 1), ("ns", 3), ("nt", 5), ("nz", 7), ("t", 9), ("tg", 9)),
        *(
            ("m", 11),
            ("mq", 11),
            ("n", 13),
            ("ng", 13),
            ("vn", 15),
            ("d", 17),
            ("", 17),
        ),
    ],
)
def test_tags_are_told_by_their_beginning(tag, level):
    assert levels(Lexicon.from_tags([("春眠", tag)], VOCABULARY), "春眠")[0] == level


def test_words_that_cannot_be_written_or_are_too_long_are_left_out():
    words = [("春x", "n"), ("春", "n"), ("春眠不觉晓处处", "n"), ("不觉", "v")]
    lexicon = Lexicon.from_tags(words, VOCABULARY)
    assert len(lexicon.keys) == 1
    # what the vocabulary does not have is no character of any word
    assert levels(lexicon, "春眠不觉晓处处") == [0, 0, 15, 16, 0, 0, 0]
    assert levels(lexicon, "春y不觉") == [0, 0, 15, 16]


def test_without_words_there_are_none():
    assert levels(Lexicon.from_tags([], VOCABULARY), "春眠不觉晓") == [0] * 5
    assert levels(Lexicon.from_tags([("春眠", "n")], VOCABULARY), "") == []


def test_a_lexicon_comes_back_from_its_file(tmp_path):
    path = tmp_path / "words.npz"
    lexicon = Lexicon.from_tags([("春眠", "t"), ("觉晓", "v")], VOCABULARY)
    lexicon.save(path)
    assert levels(Lexicon.load(path), "春眠不觉晓") == [9, 10, 0, 15, 16]
    for content in (b"", b"PK\x03\x04", path.read_bytes()[:40]):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"words\.npz cannot be read"):
            Lexicon.load(path)


def test_pickled_words_are_refused(tmp_path):
    path = tmp_path / "words.npz"
    np.savez(path, keys=np.array([{}], object), classes=np.zeros(1))
    with pytest.raises(CheckpointError, match="pickle"):
        Lexicon.load(path)


def test_words_of_jieba_are_told_by_what_they_are():
    lexicon = Lexicon.from_tags(dictionary().items(), VOCABULARY)
    assert levels(lexicon, "周树人，不觉") == [1, 2, 2, 0, 17, 18]


def test_words_that_have_a_vector_tell_its_row_at_each_of_their_tokens(tmp_path):
    tags = [("春眠", "t"), ("觉晓", "v"), ("周树人", "nr")]
    lexicon = Lexicon.from_tags(tags, VOCABULARY, {"周树人": 2, "春眠": 1, "长江": 3})
    ids = np.array(VOCABULARY.encode("周树人春眠不觉晓"), int)
    assert lexicon.read(ids).rows.tolist() == [2, 2, 2, 1, 1, 0, 0, 0]
    lexicon.save(tmp_path / "words.npz")
    again = Lexicon.load(tmp_path / "words.npz").read(ids)
    assert again.rows.tolist() == [2, 2, 2, 1, 1, 0, 0, 0]
    assert again.levels.tolist() == lexicon.read(ids).levels.tolist()


def test_words_are_found_at_their_places():
    lexicon = Lexicon.from_tags([("春眠", "t"), ("觉晓", "v")], VOCABULARY)
    ids = np.array([VOCABULARY.encode(word) for word in ("春眠", "眠春", "觉晓")])
    places = lexicon.find(ids).tolist()
    assert places[1] == -1 and sorted(places) == [-1, 0, 1]
    assert Lexicon.from_tags([], VOCABULARY).find(ids).tolist() == [-1, -1, -1]


def test_a_text_is_cut_into_the_places_of_its_words():
    lexicon = Lexicon.from_tags([("春眠", "t"), ("不觉晓", "v")], VOCABULARY)
    starts, lengths, places = lexicon.cut(np.array(VOCABULARY.encode("处春眠不觉晓春")))
    assert (starts.tolist(), lengths.tolist()) == ([1, 3], [2, 3])
    assert sorted(places.tolist()) == [0, 1]
