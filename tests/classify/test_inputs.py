import pytest
from classify.moods import vocabulary

from nlg.classify.inputs import are_levels, label_names, token_ids
from nlg.errors import DataError
from nlg.text.labelled import load_labelled
from nlg.text.tokenizer import Tokenizer


def written(tmp_path, text):
    path = tmp_path / "texts.tsv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_labels_are_in_the_order_of_their_numbers_or_of_their_text(tmp_path):
    def names(*labels):
        path = written(tmp_path, "".join(f"春\t{label}\n" for label in labels))
        return label_names(load_labelled(path), path)

    assert names("10", "-1", "2", "10") == ["-1", "2", "10"]
    assert names("b", "a", "10") == ["10", "a", "b"]
    assert are_levels(["-1", "10"])
    assert not are_levels(["10", "a"]) and not are_levels(["--1"])
    assert not are_levels(["1" * 5000])


@pytest.mark.parametrize("labels", [1, 1001])
def test_one_label_or_a_thousand_are_no_classes(tmp_path, labels):
    rows = (f"春\t{n}\n夏\t{n}\n" for n in range(labels))
    path = written(tmp_path, "".join(rows))
    with pytest.raises(DataError, match=f"texts.tsv: {labels} different labels"):
        label_names(load_labelled(path), path)


def test_a_text_is_cut_so_that_both_ends_are_marked():
    tokenizer = Tokenizer(vocabulary())
    assert token_ids("春风", tokenizer, 5) == [2, 5, 6, 3]
    assert token_ids("春风笑喜", tokenizer, 5) == [2, 5, 6, 7, 3]
    assert token_ids("", tokenizer, 5) == [2, 3]
