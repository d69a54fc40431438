import random

import pytest

from nlg.errors import DataError
from nlg.text.columns import cells, mostly_own
from nlg.text.labelled import load_labelled, load_rows

TEXTS = [f"第{n}家店的{what}" for n in range(20) for what in ("菜好吃", "人太多")]


def read(tmp_path, lines, load=load_labelled):
    path = tmp_path / "reviews.tsv"
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return [(row.text, row.label) for row in load(path)]


def labelled():
    rng = random.Random(1)
    return [(text, rng.choice("01")) for text in TEXTS]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("label\ttext_a", "{1}\t{0}"),
        ("text_a\tlabel", "{0}\t{1}"),
        ("qid\tlabel\ttext_a", "7\t{1}\t{0}"),
        ("label\t微博正文", "{1}\t{0}"),
        ("评论\t得分", "{0}\t{1}"),
        ("标签,评论", "{1},{0}"),
        ('"label","review"', '{1},"{0}"'),
        (None, "{1}\t{0}"),
        (None, "{0}\t{1}"),
    ],
)
def test_texts_and_labels_are_found_wherever_their_columns_stand(tmp_path, header, row):
    rows = [row.format(*one) for one in labelled()]
    lines = [header, *rows] if header else rows
    assert read(tmp_path, lines) == labelled()
    assert read(tmp_path, lines, load_rows) == labelled()


def test_a_file_of_few_rows_is_read_by_its_header(tmp_path):
    assert read(tmp_path, ["label\ttext_a", "1\t好", "0\t差"]) == [
        ("好", "1"),
        ("差", "0"),
    ]


def test_the_text_of_a_record_over_two_lines_is_one_line(tmp_path):
    lines = ["label,review", '1,"很好，', '下次""还""来"', "0,差"]
    assert read(tmp_path, lines) == [('很好， 下次"还"来', "1"), ("差", "0")]


def test_a_name_of_a_column_that_recurs_below_is_a_label(tmp_path):
    news = [("心事", "情感"), ("球赛", "体育"), ("婚事", "情感")]
    assert read(tmp_path, [f"{text}\t{label}" for text, label in news]) == news


@pytest.mark.parametrize(
    "row", ["{n}\t{text}", "{text}\t{n}", "{n}\t{label}\t{text}", "{text}\t{text}"]
)
def test_a_file_whose_columns_cannot_be_told_apart_is_refused(tmp_path, row):
    lines = [
        row.format(n=n, text=text, label=label)
        for n, (text, label) in enumerate(labelled())
    ]
    for load in (load_labelled, load_rows):
        with pytest.raises(DataError, match=r"reviews.tsv: 40 rows have 40 different"):
            read(tmp_path, lines, load)


def test_a_header_that_names_one_column_of_three_is_refused(tmp_path):
    with pytest.raises(DataError, match="names no text: qid label 正文一"):
        read(tmp_path, ["qid\tlabel\t正文一", "7\t1\t好"])
    with pytest.raises(DataError, match="names no label: qid 得分 text"):
        read(tmp_path, ["qid\t得分\ttext", "7\t1\t好"])


@pytest.mark.parametrize("row", ['{{"text": "{0}", "label": "{0}"}}', "{0},{0}"])
def test_labels_that_stand_once_each_are_refused_in_any_layout(tmp_path, row):
    lines = [row.format(text) for text in TEXTS]
    header = [] if "{{" in row else ["text,label"]
    with pytest.raises(DataError, match="40 different labels in 40 rows"):
        read(tmp_path, [*header, *lines])


def test_a_row_that_is_shorter_than_the_header_has_no_label(tmp_path):
    with pytest.raises(DataError, match=r"reviews.tsv:3: no label"):
        read(tmp_path, ["text\tlabel", "好\t1", "差"])
    with pytest.raises(DataError, match=r"reviews.tsv:2: no text"):
        read(tmp_path, ["label\ttext", "1"])


def test_a_record_that_never_ends_is_refused(tmp_path):
    with pytest.raises(DataError, match="no values between commas: field larger"):
        read(tmp_path, ["label,text", '1,"' + "好" * 200_000])


def test_values_are_mostly_their_own_where_more_than_half_stand_once():
    assert not mostly_own("aab") and not mostly_own("aabc") and mostly_own("aabcd")


def test_nothing_has_no_cells():
    assert cells([]) == []
