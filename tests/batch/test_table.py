import csv
import gzip
import json

import pytest

from nlg.batch.table import HEAD, write_answers
from nlg.errors import DataError

ANSWERS = [
    {"id": 1, "answer": "杜甫", "votes": [{"p": 0.5}]},
    {"id": 2, "error": "no passage, none"},
]


def written(path, answers=ANSWERS):
    write_answers(answers, path, path.name)
    return path


def test_json_lines_are_what_json_prints(tmp_path):
    path = written(tmp_path / "a.jsonl")
    expected = "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in ANSWERS)
    assert path.read_text("utf-8") == expected


@pytest.mark.parametrize(("name", "mark"), [("a.csv", ","), ("a.tsv", "\t")])
def test_table_has_the_columns_of_all_and_json_in_cells(tmp_path, name, mark):
    with written(tmp_path / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=mark))
    assert rows == [
        ["id", "answer", "votes", "error"],
        ["1", "杜甫", '[{"p": 0.5}]', ""],
        ["2", "", "", "no passage, none"],
    ]


def test_packed_output_is_the_same_bytes_each_time(tmp_path):
    first = written(tmp_path / "a.jsonl.gz").read_bytes()
    assert first == written(tmp_path / "a.jsonl.gz").read_bytes()
    plain = written(tmp_path / "a.jsonl").read_bytes()
    assert gzip.decompress(first) == plain
    zstandard = pytest.importorskip("zstandard")
    packed = written(tmp_path / "a.jsonl.zst").read_bytes()
    assert zstandard.ZstdDecompressor().decompressobj().decompress(packed) == plain


def test_parquet_has_the_same_columns(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    found = parquet.read_table(written(tmp_path / "a.parquet")).to_pylist()
    assert found[0] == {**ANSWERS[0], "error": None}
    assert found[1]["error"] == "no passage, none" and found[1]["answer"] is None


def test_answer_with_a_new_column_after_the_first_is_refused(tmp_path):
    answers = [{"id": n} for n in range(HEAD)] + [{"id": 0, "error": "late"}]
    with pytest.raises(
        DataError, match=r"an answer has error, .* to a \.jsonl file|take"
    ):
        written(tmp_path / "a.csv", answers)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_no_answers_make_a_file_all_the_same(tmp_path, name):
    if name == "a.parquet":
        pytest.importorskip("pyarrow")
    assert written(tmp_path / name, []).exists()
