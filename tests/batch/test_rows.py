import gzip
import json
import lzma

import pytest

from nlg.batch.formats import Wanted
from nlg.batch.rows import find_inputs, places_of, read_rows
from nlg.errors import DataError, OptionError

VERSE = ["春眠不觉晓", "处处闻啼鸟"]


def rows_of(path, text_field=""):
    return list(read_rows([str(path)], Wanted(text_field=text_field)))


def texts(path, text_field=""):
    return [row.fields.get("text") for row in rows_of(path, text_field)]


def lines(*values):
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


AS_JSON = lines(*({"id": n, "text": x} for n, x in enumerate(VERSE)))


def test_line_of_text_is_a_row_and_a_blank_one_is_none(tmp_path):
    path = tmp_path / "verse.txt"
    path.write_text("\ufeff春眠不觉晓\r\n\n  处处闻啼鸟 \n\n", "utf-8")
    found = rows_of(path)
    assert [row.fields for row in found] == [
        {"text": "春眠不觉晓"},
        {"text": "  处处闻啼鸟 "},  # spaces are the text's own
    ]
    assert [row.number for row in found] == [0, 1]
    assert [row.where for row in found] == [f"{path}:1", f"{path}:3"]


@pytest.mark.parametrize("name", ["verse.jsonl", "verse.txt", "verse"])
def test_json_lines_are_told_by_content(tmp_path, name):
    path = tmp_path / name
    path.write_text(AS_JSON, "utf-8")
    assert [row.fields for row in rows_of(path)] == [
        {"id": 0, "text": VERSE[0]},
        {"id": 1, "text": VERSE[1]},
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[1]", "not a JSON object"),
        ("{春", "not JSON"),
        ("[" * 5000, "not JSON"),
        ('{"id": ' + "9" * 5000 + "}", "not JSON"),
    ],
)
def test_bad_line_is_a_row_with_a_problem(tmp_path, line, problem):
    path = tmp_path / "verse.jsonl"
    path.write_text(f"{AS_JSON}{line}\n{AS_JSON}", "utf-8")
    found = rows_of(path)
    assert [bool(row.problem) for row in found] == [False, False, True, False, False]
    assert found[2].problem.startswith(problem) and found[2].where == f"{path}:3"


@pytest.mark.parametrize(("suffix", "mark"), [(".csv", ","), (".tsv", "\t")])
def test_column_of_a_table_is_a_field(tmp_path, suffix, mark):
    path = tmp_path / f"verse{suffix}"
    path.write_text(f'id{mark}text\n1{mark}"春{mark}眠"\n\n2{mark}\n3\n', "utf-8")
    found = rows_of(path)
    assert [row.fields for row in found[:2]] == [
        {"id": "1", "text": f"春{mark}眠"},
        {"id": "2", "text": ""},
    ]
    assert found[2].problem == "1 columns, the header has 2"


@pytest.mark.parametrize("name", ["verse.tsv", "verse.txt", "verse"])
def test_first_line_that_names_a_wanted_field_is_a_header(tmp_path, name):
    path = tmp_path / name
    path.write_text("\n甲\t 上联\n1\t春\n2\t夏\n", "utf-8")
    found = list(read_rows([str(path)], Wanted(("first_line", "上联"))))
    assert [row.fields for row in found] == [
        {"甲": "1", " 上联": "春"},
        {"甲": "2", " 上联": "夏"},
    ]
    assert len(list(places_of(str(path), Wanted(("上联",))))) == 2


@pytest.mark.parametrize("name", ["verse.tsv", "verse.txt"])
def test_without_a_header_a_line_with_tabs_is_a_text_and_its_columns(tmp_path, name):
    path = tmp_path / name
    path.write_text('甲\t"春\n乙\n', "utf-8")
    assert [row.fields for row in rows_of(path)] == [
        {"text": '甲\t"春', "columns": ["甲", '"春']},
        {"text": "乙"},
    ]


def test_array_of_objects_is_read_like_lines(tmp_path):
    path = tmp_path / "verse.json"
    path.write_text(json.dumps([{"text": "春"}, 7, {"id": 1}], indent=1), "utf-8")
    assert [row.fields for row in rows_of(path)] == [{"text": "春"}, {}, {"id": 1}]
    assert rows_of(path)[1].problem == "not a JSON object"
    path.write_text('[{"text": "春"},\n', "utf-8")
    with pytest.raises(DataError, match=r"verse.json:2: not JSON"):
        rows_of(path)


def test_text_in_brackets_is_no_array(tmp_path):
    path = tmp_path / "verse.txt"
    path.write_text("[好评]服务很好\n", "utf-8")
    assert texts(path) == ["[好评]服务很好"]


@pytest.mark.parametrize("name", ["verse.csv", "verse.parquet"])
def test_table_without_a_wanted_field_names_the_nearest(tmp_path, name):
    path = tmp_path / name
    if name == "verse.csv":
        path.write_text("texts,n\n春,1\n", "utf-8")
    else:
        pyarrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.table({"texts": ["春"], "n": [1]}), path)
    said = r"has no column text; did you mean texts\?; --text-field says which"
    with pytest.raises(OptionError, match=said):
        rows_of(path)


def test_parquet_is_a_table_too(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"id": [1, 2], "text": [VERSE[0], None]})
    path = tmp_path / "verse.parquet"
    parquet.write_table(table, path)
    assert [row.fields for row in rows_of(path)] == [
        {"id": 1, "text": VERSE[0]},
        {"id": 2},
    ]
    with pytest.raises(OptionError, match=r"no column txet; did you mean text\?"):
        rows_of(path, "txet")


def zstd(content):
    return pytest.importorskip("zstandard").compress(content)


@pytest.mark.parametrize("packed", [gzip.compress, lzma.compress, zstd])
@pytest.mark.parametrize("name", ["verse.jsonl", "verse.csv.gz", "verse.gz"])
def test_packed_files_are_unpacked_whatever_the_name(tmp_path, packed, name):
    content = f"text\n{VERSE[0]}\n" if ".csv" in name else lines({"text": VERSE[0]})
    path = tmp_path / name
    path.write_bytes(packed(content.encode()))
    assert texts(path) == [VERSE[0]]


def test_field_of_another_name_becomes_the_text(tmp_path):
    path = tmp_path / "verse.jsonl"
    path.write_text(lines({"line": VERSE[0], "text": "x"}, {"id": 3}), "utf-8")
    first, second = rows_of(path, "line")
    assert first.fields == {"text": VERSE[0]}
    assert second.problem == "no field line"
    table = tmp_path / "verse.csv"
    table.write_text("lines\n春\n", "utf-8")
    with pytest.raises(OptionError, match=r"no column line; did you mean lines\?"):
        rows_of(table, "line")


def test_rows_are_counted_over_all_files_in_order(tmp_path):
    for name in ("b.txt", "a.txt", "c.md"):
        (tmp_path / name).write_text(f"{name}\n", "utf-8")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/d.jsonl.gz").write_bytes(gzip.compress(b'{"text": "d"}\n'))
    files = find_inputs([str(tmp_path)])
    assert [row.fields["text"] for row in read_rows(files)] == ["a.txt", "b.txt", "d"]
    assert [row.number for row in read_rows(files)] == [0, 1, 2]
    assert find_inputs([str(tmp_path / "?.txt")]) == files[:2]


@pytest.mark.parametrize("name", ["gone.txt", "*.csv", "empty"])
def test_input_that_names_no_file_is_one_clear_line(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no such file|no file of"):
        find_inputs([str(tmp_path / name)])


CUT_OFF = gzip.compress(b"x" * 999, mtime=0)[:-9]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", CUT_OFF], ids=["UTF-16", "cut"])
def test_file_that_is_no_text_is_one_clear_line(tmp_path, content):
    path = tmp_path / "verse.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"verse.txt: cannot be read"):
        rows_of(path)


@pytest.mark.parametrize("name", ["a.jsonl", "a.txt", "a.tsv", "a.csv", "a.jsonl.gz"])
def test_reading_may_begin_at_the_place_of_any_row(tmp_path, name):
    content = {
        "a.jsonl": f"\ufeff{AS_JSON}\r\n　\n{AS_JSON}broken\n{AS_JSON}",
        "a.txt": "\ufeff\n春\r\n\n　夏\n{秋}\n冬",
        "a.tsv": "\n1\t春\n2\t夏\n",
        "a.csv": 'id,text\n1,"春\n眠"\n2,不\n',
        "a.jsonl.gz": AS_JSON,
    }[name].encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    whole = rows_of(path)
    places = list(places_of(str(path)))
    assert len(places) == len(whole) > 1
    for number, place in enumerate(places):
        rest = read_rows([str(path)], Wanted(), place, number)
        assert list(rest) == whole[number:]


def test_line_that_is_no_text_is_a_problem_of_its_own(tmp_path):
    path = tmp_path / "verse.txt"
    path.write_bytes("春\n".encode() + b"\xff\xfe\n" + "夏\n".encode())
    assert [row.problem for row in rows_of(path)] == ["", "no UTF-8 text", ""]
    assert len(list(places_of(str(path)))) == 3
