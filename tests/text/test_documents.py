import gzip
import io
import json
import lzma
import pathlib
import types

import pytest

from nlg.errors import DataError
from nlg.text.documents import cut_sentences, documents, in_turn

TEXT = "我在北京大学读书。今天天气很好！\n我们去爬山吧？\n\n第二篇文章。\n"
DOCUMENTS = ["我在北京大学读书。今天天气很好！\n我们去爬山吧？\n", "第二篇文章。\n"]


@pytest.mark.parametrize(
    ("name", "opener"),
    [("a.txt", open), ("a.txt.gz", gzip.open), ("a.txt.xz", lzma.open)],
)
def test_blank_lines_part_the_documents_of_a_text(name, opener, tmp_path):
    with opener(tmp_path / name, "wt", encoding="utf-8") as file:
        file.write(TEXT)
    assert list(documents(tmp_path / name)) == DOCUMENTS


def test_json_lines_give_a_passage_a_text_or_a_poem(tmp_path):
    path = tmp_path / "mixed.jsonl"
    records = [
        {"passage": "长江全长六千三百公里。", "question": "多长？"},
        {"passage": "长江全长六千三百公里。", "question": "哪条江？"},
        {"text": "短文。"},
        {"lines": ["床前明月光", "疑是地上霜"]},
    ]
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    path.write_text("\n".join(lines), "utf-8")
    want = ["长江全长六千三百公里。", "短文。", "床前明月光，疑是地上霜。"]
    assert list(documents(path)) == want  # one passage of two questions comes once


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.txt", "a"])
def test_json_is_told_by_its_content(name, tmp_path):
    records = [{"text": "短文。"}, {"passage": "长文。"}]
    lines = "".join(f"{json.dumps(record)}\n" for record in records)
    (tmp_path / name).write_text(lines)
    assert list(documents(tmp_path / name)) == ["短文。", "长文。"]


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_is_read_like_lines(indent, tmp_path):
    records = [{"text": "短文。"}, {"lines": ["春眠", "不觉晓"]}]
    (tmp_path / "a.json").write_text("\n" + json.dumps(records, indent=indent))
    assert list(documents(tmp_path / "a.json")) == ["短文。", "春眠，不觉晓。"]


@pytest.mark.parametrize(
    "text", ["[注]一文。\n\n二文。\n", "{甲}一文。\n\n二文。\n", "3\n\n4\n"]
)
def test_text_that_begins_like_json_is_text(text, tmp_path):
    (tmp_path / "a.txt").write_text(text, "utf-8")
    first, second = text.split("\n\n")
    assert list(documents(tmp_path / "a.txt")) == [f"{first}\n", second]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b'{"text": "x"}\n{\n', "a.jsonl:2: no JSON object"),
        ("a.jsonl", b'{"title": "x"}\n', "a.jsonl:1: no JSON object"),
        ("a.jsonl", b"[1]\n", "a.jsonl:1: no JSON object"),
        ("a.jsonl", b'\n{"text": "x"}\n{\n', "a.jsonl:3: no JSON object"),
        ("a.txt", b'{"text": "x"}\n{"text": 3}\n', "a.txt:2: no JSON object"),
        ("a.txt", b'{"text": "\\ud800"}\n', "a.txt:1: no JSON object"),
        ("a.json", b'[{"text": "x"}, 3]', "a.json: record 2: no JSON object"),
        ("a.txt", "春眠".encode("gbk"), "a.txt: cannot be read as UTF-8"),
        ("a.txt.xz", lzma.compress(b"cut off")[:-9], "a.txt.xz: cannot be read"),
        ("a.txt.gz", b"\x1f\x8b broken", "a.txt.gz: cannot be read"),
        ("a.txt.gz", b"\x1f\x8b\x08" + bytes(7) + b"\xff\xff", "a.txt.gz: cannot"),
    ],
)
def test_broken_file_is_named(name, content, says, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=says):
        list(documents(tmp_path / name))


def test_endless_line_is_cut_and_an_endless_document_parted(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("春" * 100_000 + "\n" + ("夏" * 99 + "\n") * 300, "utf-8")
    found = list(documents(path))
    assert [len(text) for text in found] == [20_000, 20_000, 10_000]


def test_a_dash_is_standard_input(monkeypatch):
    zipped = io.BytesIO(gzip.compress(TEXT.encode()))
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=zipped))
    assert list(documents(pathlib.Path("-"))) == DOCUMENTS


def test_of_several_files_one_document_is_read_in_turn(tmp_path):
    for name, texts in (("甲.txt", "一二三"), ("乙.v1.txt", "四"), ("丙.txt", "五六")):
        (tmp_path / name).write_text("\n\n".join(texts), "utf-8")
    paths = [tmp_path / name for name in ("甲.txt", "乙.v1.txt", "丙.txt")]
    found = [(source, text.strip()) for source, text in in_turn(paths)]
    assert "".join(text for _, text in found) == "一四五二六三"
    assert [source for source, _ in found[:3]] == ["甲", "乙", "丙"]


def test_what_is_piped_in_is_called_stdin(monkeypatch):
    piped = types.SimpleNamespace(buffer=io.BytesIO("春".encode()))
    monkeypatch.setattr("sys.stdin", piped)
    assert list(in_turn([pathlib.Path("-")])) == [("stdin", "春")]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("没有句号", ["没有句号"]),
        ("\n\n。", ["\n\n。"]),
        ("「好！」他说。走吧", ["「好！」", "他说。", "走吧"]),
        ("真的？！……好。", ["真的？！", "……好。"]),
        ("一行\n又一行", ["一行\n", "又一行"]),
    ],
)
def test_sentences_end_at_marks_and_lines_and_lose_nothing(text, parts):
    assert cut_sentences(text) == parts
    assert "".join(parts) == text
