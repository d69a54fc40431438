import numpy as np
import pytest
from classify.moods import GLAD, SAD, counting_classifier

from nlg.classify.classifier import MOST_ROWS, by_length


@pytest.fixture
def classifier(tmp_path):
    return counting_classifier(tmp_path)


def test_a_text_has_its_most_probable_label(classifier):
    glad, sad, both = classifier.label_all(["春风", "秋雨。", "春风，雨。"])
    assert (glad.label, glad.probability) == ("5", 0.9)
    assert (sad.label, sad.probability) == ("1", 0.9)
    assert both.probabilities == pytest.approx({"1": 1.25 / 3.5, "5": 2.25 / 3.5}, 1e-3)


def test_labels_stand_in_the_order_of_the_texts(classifier):
    texts = [(GLAD[n % 4] if n % 3 else SAD[n % 4]) * (n % 9 + 1) for n in range(200)]
    found = [one.label for one in classifier.label_all(texts)]
    assert found == ["5" if n % 3 else "1" for n in range(200)]


def test_a_label_does_not_hang_on_the_texts_beside_it(classifier):
    texts = ["春", "秋雨愁泪" * 3, "山水花鸟"]
    together = classifier.label_all(texts)
    assert together == [classifier.label(text) for text in texts]


def test_what_is_over_the_limit_is_not_read(classifier):
    (found,) = classifier.label_all(["山" * 10 + "春" * 500])
    assert found.probability == 0.5
    assert classifier.checkpoint.runs == [(4, 12)]


def test_a_text_is_run_in_the_same_shape_whatever_stands_beside_it(classifier):
    classifier.max_tokens = 64
    classifier.label_all(["春" * 14, "春" * 15, *["秋"] * 5, "山" * 500])
    assert classifier.checkpoint.runs == [(8, 16), (4, 32), (4, 64)]


def test_no_text_has_no_label(classifier):
    assert classifier.label_all([]) == []


def test_batches_are_of_like_length_and_hold_every_row_once():
    rng = np.random.default_rng(0)
    rows = [[0] * n for n in rng.integers(1, 60, 300)]
    batches = list(by_length(rows, 512))
    assert sorted(np.concatenate(batches).tolist()) == list(range(300))
    for batch in batches:
        longest = max(len(rows[row]) for row in batch)
        assert len(batch) * longest <= 512 and len(batch) <= MOST_ROWS
        assert len(rows[batch[-1]]) == longest
    assert [len(batch) for batch in by_length([[0] * 900] * 2, 512)] == [1, 1]
