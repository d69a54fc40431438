import numpy as np
import pytest

from nlg.couplet.scroll import (
    LENGTH,
    SCROLLS,
    VECTORS,
    Scroll,
    Scrolls,
    dictionary_words,
    scrolls_of,
)
from nlg.errors import CheckpointError
from nlg.text.couplets import Couplet
from nlg.text.vocab import Vocabulary

# Two worlds that share no company: spring in the hills, and trade in the town.
HILLS = [
    Couplet("春风吹柳绿", "花好月圆时"),
    Couplet("花好月圆夜", "春风柳色新"),
    Couplet("柳绿春风夜", "花新月色圆"),
]
TOWN = [
    Couplet("财源广进门", "生意达三江"),
    Couplet("生意门前广", "财源广进来"),
    Couplet("三江生意达", "门进财源广"),
]
WORDS = {"花好月圆", "财源广进", "春暖花开", "生意兴隆"}
VOCABULARY = Vocabulary.from_counts(
    [line for couplet in HILLS + TOWN for line in couplet], 1
)


@pytest.fixture(scope="module")
def scrolls():
    return Scrolls.learn(HILLS + TOWN, WORDS, VOCABULARY, min_count=1)


def files(folder):
    return folder / SCROLLS, folder / VECTORS


# --- what may hang there


def test_words_that_couplets_use_often_enough_are_scrolls_most_frequent_first():
    lines = ["花好月圆，财源广进", "花好月圆", "又花好月圆夜", "财源广进", "春暖花开"]
    assert scrolls_of(lines, WORDS, 2) == ["花好月圆", "财源广进"]
    assert scrolls_of(lines, WORDS, 3) == ["花好月圆"]
    assert scrolls_of(lines, WORDS, 4) == scrolls_of([], WORDS, 1) == []


def test_equally_frequent_words_come_in_one_order():
    lines = ["花好月圆", "财源广进", "春暖花开"]
    assert scrolls_of(lines, WORDS, 1) == scrolls_of(lines[::-1], WORDS, 1)


def test_words_of_the_dictionary_have_four_characters():
    pytest.importorskip("jieba")
    words = dictionary_words()
    assert {"国泰民安", "花好月圆"} <= words
    assert {len(word) for word in words} == {LENGTH}


# --- which goes with a couplet


@pytest.mark.parametrize(
    ("first", "second", "nearest"),
    [
        ("春夜柳", "绿色新", "花好月圆"),
        ("生意达三江", "门来", "财源广进"),
        ("春，柳", "绿、色", "花好月圆"),
    ],
)
def test_the_word_that_keeps_the_cooccurrences_of_the_lines_is_chosen(
    scrolls, first, second, nearest
):
    one, two = scrolls.choose(first, second, 9)
    assert one.text == nearest
    assert one.score > two.score + 0.1


def test_no_character_of_the_couplet_hangs_above_it(scrolls):
    assert [s.text for s in scrolls.choose("春夜花", "绿色新", 9)] == ["财源广进"]
    assert scrolls.choose("春夜花", "绿色进", 9) == []


def test_no_more_are_chosen_than_asked_for(scrolls):
    assert len(scrolls.choose("春", "绿", 1)) == 1
    assert scrolls.choose("春", "绿", 0) == []


@pytest.mark.parametrize(("first", "second"), [("", ""), ("龘", "𠀀"), ("，", "😀")])
def test_lines_of_which_nothing_is_known_get_the_most_frequent_word(
    scrolls, first, second
):
    assert scrolls.choose(first, second, 1)[0].text == scrolls.scrolls[0]


def test_scores_are_cosines_less_something_for_the_rarer(scrolls):
    vectors = dict(zip(VOCABULARY.tokens, scrolls.vectors, strict=True))

    def mean(text):
        total = np.sum([vectors[c] for c in text], axis=0)
        return total / np.linalg.norm(total)

    for one in scrolls.choose("春夜柳", "绿色新", 9):
        cosine = mean(one.text) @ mean("春夜柳绿色新")
        charge = 0.03 * np.log(30 + scrolls.scrolls.index(one.text))
        assert one.score == pytest.approx(cosine - charge, abs=1e-3)


def test_vectors_are_those_of_the_positive_pmi():
    # There are fewer characters here than units, so no axis of the matrix is lost.
    tokens, couplets = VOCABULARY.tokens, HILLS + TOWN
    together = np.zeros((len(tokens), len(tokens)))
    for couplet in couplets:
        known = [VOCABULARY.ids[c] for c in set("".join(couplet))]
        together[np.ix_(known, known)] += 1
    np.fill_diagonal(together, 0)
    smooth = together.sum(axis=0) ** 0.75
    expected = np.outer(together.sum(axis=1), smooth / smooth.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        pmi = np.where(together > 0, np.maximum(np.log(together / expected), 0), 0)
    pmi = (pmi + pmi.T) / 2
    values, axes = np.linalg.eigh(pmi)
    vectors = (axes * np.sqrt(np.maximum(values, 0)))[:, ::-1]
    vectors = vectors - 0.7 * vectors.mean(axis=0)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    want = vectors @ vectors.T / (norms * norms.T)
    made = Scrolls.learn(couplets, WORDS, VOCABULARY, min_count=1).vectors
    np.testing.assert_allclose(made @ made.T, want, atol=1e-3)


# --- files


def test_what_is_saved_is_loaded_again(scrolls, tmp_path):
    scrolls.save(tmp_path)
    loaded = Scrolls.load(*files(tmp_path), VOCABULARY)
    assert loaded.scrolls == scrolls.scrolls
    for lines in (("春夜柳", "绿色新"), ("生意", "三江")):
        wanted = scrolls.choose(*lines, 9)
        found = loaded.choose(*lines, 9)
        assert [one.text for one in found] == [one.text for one in wanted]
        for one, other in zip(found, wanted, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-2)  # 16 bits


@pytest.mark.parametrize("couplets", [[], HILLS])
def test_couplets_without_a_word_of_four_give_no_scroll(tmp_path, couplets):
    made = Scrolls.learn(couplets, {"国泰民安"}, VOCABULARY)
    made.save(tmp_path)
    for scrolls in (made, Scrolls.load(*files(tmp_path), VOCABULARY)):
        assert scrolls.choose("春", "秋", 3) == []


def test_a_scroll_with_a_character_that_has_no_vector_is_left_out(scrolls):
    made = Scrolls(["国泰民安", "花好月圆"], scrolls.vectors, VOCABULARY)
    assert made.scrolls == ["花好月圆"]
    assert isinstance(made.choose("春", "秋", 1)[0], Scroll)


@pytest.mark.parametrize(
    "spoilt",
    [lambda x: b"", lambda x: x[:10], lambda x: x[:-30], lambda x: b"no numbers"],
    ids=["empty", "a start", "cut short", "text"],
)
def test_a_file_without_vectors_is_named(scrolls, tmp_path, spoilt):
    scrolls.save(tmp_path)
    path = tmp_path / VECTORS
    path.write_bytes(spoilt(path.read_bytes()))
    with pytest.raises(CheckpointError, match=rf"{VECTORS}: no vectors in it"):
        Scrolls.load(*files(tmp_path), VOCABULARY)


def test_vectors_under_another_name_are_no_vectors(scrolls, tmp_path):
    scrolls.save(tmp_path)
    np.savez(tmp_path / VECTORS, other=np.zeros(3))
    with pytest.raises(CheckpointError, match="no vectors in it"):
        Scrolls.load(*files(tmp_path), VOCABULARY)


def test_a_list_that_is_no_text_is_named(scrolls, tmp_path):
    scrolls.save(tmp_path)
    (tmp_path / SCROLLS).write_bytes("花好月圆".encode()[:-1])
    with pytest.raises(CheckpointError, match=rf"{SCROLLS}: no list of scrolls"):
        Scrolls.load(*files(tmp_path), VOCABULARY)


# --- the shipped ones


def test_the_shipped_scrolls_go_with_couplets(responder):
    shipped = responder.scrolls
    assert len(shipped.scrolls) > 100
    assert {len(scroll) for scroll in shipped.scrolls} == {LENGTH}
    for lines in (("生意兴隆通四海", "财源茂盛达三江"), ("春", "秋"), ("，", "。")):
        found = shipped.choose(*lines, 3)
        assert len({one.text for one in found}) == 3
        assert not set("".join(one.text for one in found)) & set("".join(lines))
