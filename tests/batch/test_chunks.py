import pytest

from nlg.batch import chunks
from nlg.batch.chunks import find_chunks, rows_of
from nlg.errors import DataError


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "rows.txt"
    path.write_text("".join(f"春{n}\n" for n in range(50)), "utf-8")
    return path


def texts(found):
    return [row.fields["text"] for chunk in found for row in rows_of(chunk)]


def test_chunks_hold_every_row_once_and_in_order(source):
    found = find_chunks([str(source)], 8)
    assert [chunk.rows for chunk in found] == [8] * 6 + [2]
    assert texts(found) == [f"春{n}" for n in range(50)]


def test_chunks_of_very_many_rows_are_larger(source, monkeypatch):
    monkeypatch.setattr(chunks, "MOST", 4)
    found = find_chunks([str(source)], 3)
    where = [(chunk.first, chunk.rows) for chunk in found]
    assert where == [(0, 24), (24, 24), (48, 2)]  # 3, 6, 12, then 24 rows
    assert texts(found) == [f"春{n}" for n in range(50)]


def test_what_a_file_grows_by_while_it_is_read_is_of_the_next_run(source):
    before = find_chunks([str(source)], 30)
    with source.open("a", encoding="utf-8") as file:
        file.write("春50\n")
    assert texts(before) == [f"春{n}" for n in range(50)]
    after = find_chunks([str(source)], 30)
    assert len(texts(after)) == 51
    assert {chunk.key for chunk in before}.isdisjoint(chunk.key for chunk in after)


def test_file_that_has_become_shorter_is_refused(source):
    found = find_chunks([str(source)], 30)
    source.write_text("春0\n", "utf-8")
    with pytest.raises(DataError, match="shorter than when the run began"):
        texts(found)


def test_a_cluster_reads_no_standard_input():
    with pytest.raises(DataError, match="a cluster cannot read standard input"):
        find_chunks(["-"], 8)
