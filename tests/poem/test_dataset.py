import gzip
import io
import json
import os
import pathlib
import random
import types

import pytest
from known_poems import BAIDI, SPRING, STORKS

from nlg.errors import DataError
from nlg.poem import dataset
from nlg.poem.dataset import clean, find_files, load_poems, read
from nlg.text.collect import Report
from nlg.text.forms import FORMS
from nlg.text.poem_records import Poem

RIVER = ("千山鸟飞绝", "万径人踪灭", "孤舟蓑笠翁", "独钓寒江雪")
FURONG = ("寒雨连江夜入吴", "平明送客楚山孤", "洛阳亲友如相问", "一片冰心在玉壶")
TYPED_STORKS = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
TYPED_RIVER = "千山鸟飞绝，万径人踪灭。孤舟蓑笠翁，独钓寒江雪。"


@pytest.fixture
def found(tmp_path):
    """Read `content` from a file; return the records."""

    def found(content, name="poems.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read(path))

    return found


def cleaned(records, forms=FORMS, strict=False):
    report = Report()
    return list(clean(records, forms, report, strict)), report


def lines_of(records):
    return [record.lines for record in records]


def array_of(*poems, **fields):
    return json.dumps([{**fields, "paragraphs": list(poem)} for poem in poems])


# --- layouts


def test_an_array_of_paragraphs_is_read_with_title_and_author(found):
    text = json.dumps(
        [
            {
                "author": "王之涣",
                "title": "登鹳雀楼",
                "paragraphs": ["白日依山尽，黄河入海流。", "欲穷千里目，更上一层楼。"],
                "id": "x",
            }
        ]
    )
    (record,) = found(text)
    assert record.lines == STORKS
    assert (record.title, record.author) == ("登鹳雀楼", "王之涣")
    assert record.where.endswith("poems.txt: record 1")


def test_json_lines_are_read_past_empty_ones(found):
    lines = [json.dumps({"lines": STORKS, "dynasty": "唐"}), "", " "]
    records = found("\n".join([*lines, json.dumps({"lines": BAIDI})]))
    assert lines_of(records) == [STORKS, BAIDI]
    assert records[0].dynasty == "唐"
    assert records[1].where.endswith("poems.txt:4")


def test_a_poem_a_line(found):
    records = found(f"{TYPED_STORKS}\n{TYPED_RIVER}\n")
    assert lines_of(records) == [STORKS, RIVER]
    assert [record.where[-2:] for record in records] == [":1", ":2"]


def test_a_poem_a_line_with_one_bad_line_loses_that_line_only(found):
    records = found(f"{TYPED_STORKS}\n{TYPED_RIVER}\n春眠不觉晓\n")
    poems, report = cleaned(records)
    assert [poem.lines for poem in poems] == [STORKS, RIVER]
    assert report.dropped == {"not a regulated form": 1}


def test_a_poem_a_block_with_and_without_a_title(found):
    text = "登鹳雀楼\n" + "\n".join(STORKS) + "\n\n\n" + "\n".join(BAIDI) + "\n"
    records = found(text)
    assert lines_of(records) == [STORKS, BAIDI]
    assert [record.title for record in records] == ["登鹳雀楼", ""]
    assert [record.where[-2:] for record in records] == [":1", ":8"]


def test_a_title_as_long_as_a_line_is_still_a_title(found):
    (record,) = found("登鹳雀楼诗\n" + "\n".join(STORKS))
    assert (record.title, record.lines) == ("登鹳雀楼诗", STORKS)


def test_a_block_may_put_two_lines_in_one(found):
    (record,) = found("江雪\n千山鸟飞绝，万径人踪灭。\n孤舟蓑笠翁，独钓寒江雪。")
    assert (record.title, record.lines) == ("江雪", RIVER)


@pytest.mark.parametrize(
    "body",
    [
        "\n".join(STORKS),
        TYPED_STORKS,
        "".join(STORKS),
        TYPED_STORKS.replace("。", "。\n"),
    ],
    ids=["lines", "one line", "no marks", "couplets"],
)
@pytest.mark.parametrize(
    "heads", [(), ("登鹳雀楼",), ("登鹳雀楼诗", "王之涣"), ("登鹳雀楼", "王之涣")]
)
def test_a_block_may_begin_with_title_and_author(found, heads, body):
    (record,) = found("\n".join([*heads, body]))
    assert record.lines == STORKS
    assert (record.title, record.author) == (*heads, "", "")[:2]
    assert record.where.endswith(":1")


@pytest.mark.parametrize("poem", [STORKS, BAIDI, SPRING, [*BAIDI, *BAIDI]])
def test_a_poem_without_marks_is_cut_by_its_length(found, poem):
    text = "".join(poem)
    assert lines_of(found(text)) == [tuple(poem)]
    assert lines_of(found(f"{text}\n{TYPED_RIVER}\n{text}\n")) == [
        tuple(poem),
        RIVER,
        tuple(poem),
    ]


def test_a_title_as_long_as_a_poem_is_still_a_title(found):
    title = "奉和圣制从蓬莱向兴庆阁道中留春雨之望之作"
    assert len(title) == 20
    (record,) = found("\n".join([title, "王维", *STORKS]))
    assert (record.title, record.author, record.lines) == (title, "王维", STORKS)


@pytest.mark.parametrize(
    "text",
    [
        "慈母手中线\n游子身上衣\n" + "\n".join(STORKS),
        "慈母手中线，游子身上衣。\n" + TYPED_STORKS.replace("。", "。\n"),
    ],
)
def test_a_poem_of_six_lines_is_not_one_of_four_with_heads(found, text):
    poems, report = cleaned(found(text))
    assert poems == []
    assert report.dropped == {"not a regulated form": 1}


@pytest.mark.parametrize("before", ["", "\ufeff", "\n "])
def test_an_object_over_many_lines_is_one_record(found, before):
    text = json.dumps({"title": "登鹳雀楼", "lines": STORKS}, indent=2)
    (record,) = found(before + text + "\n")
    assert (record.title, record.lines) == ("登鹳雀楼", STORKS)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_do_not_matter(found, ends, mark):
    assert lines_of(found(mark + ends.join(STORKS) + ends)) == [STORKS]
    in_json = mark + json.dumps({"lines": STORKS}) + ends
    assert lines_of(found(in_json)) == [STORKS]


def test_any_marks_and_widths_part_the_lines(found):
    (record,) = found("白日依山尽,黄河入海流；欲穷千里目　,更上 一层楼！")
    assert record.lines == STORKS


# --- sources


def test_a_gzipped_file_is_read_whatever_its_name(found):
    zipped = gzip.compress(TYPED_STORKS.encode())
    assert lines_of(found(zipped, "a.txt.gz")) == [STORKS]
    assert lines_of(found(zipped, "a.txt")) == [STORKS]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_dash_is_standard_input(monkeypatch, pack):
    stdin = types.SimpleNamespace(buffer=io.BytesIO(pack(TYPED_STORKS.encode())))
    monkeypatch.setattr("sys.stdin", stdin)
    (path,) = find_files(["-"])
    (record,) = read(path)
    assert (record.lines, record.where) == (STORKS, "<stdin>:1")


def test_a_folder_stands_for_the_texts_below_it(tmp_path):
    for name in ("b.json", "a.txt", "deep/c.jsonl.gz", "no.md", "picture.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "folder.json").mkdir()
    names = [str(p.relative_to(tmp_path)) for p in find_files([str(tmp_path)])]
    assert names == ["a.txt", "b.json", "deep/c.jsonl.gz"]


def test_a_pipe_is_read_like_a_file():
    end, start = os.pipe()
    os.write(start, gzip.compress(TYPED_STORKS.encode()))
    os.close(start)
    try:
        (path,) = find_files([f"/dev/fd/{end}"])
        assert lines_of(read(path)) == [STORKS]
    finally:
        os.close(end)


def test_a_device_is_read_like_a_file():
    assert find_files([os.devnull]) == [pathlib.Path(os.devnull)]
    assert list(read(pathlib.Path(os.devnull))) == []


@pytest.mark.parametrize("name", ["nowhere.txt", "no/where"])
def test_what_is_not_there_is_named(tmp_path, name):
    with pytest.raises(DataError, match=f"{name}: no such file or folder"):
        find_files([str(tmp_path / name)])


def test_a_folder_without_texts_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no \.json, \.jsonl, \.csv, \.txt file"):
        find_files([str(tmp_path)])


@pytest.mark.parametrize("heads", [(), ("绝句二首",), ("绝句二首", "李白")])
def test_a_block_that_numbers_its_poems_holds_them_all(found, heads):
    block = [*heads, "其一", TYPED_STORKS, "其二", TYPED_RIVER]
    first, second = found("\n".join(block))
    assert (first.lines, second.lines) == (STORKS, RIVER)
    assert (first.title, first.author) == (second.title, second.author)
    assert [first.title, first.author][: len(heads)] == [*heads]


def test_a_table_is_read_whatever_the_file_is_called(found):
    text = f"题目,朝代,作者,内容\n登鹳雀楼,唐,王之涣,{TYPED_STORKS}\n"
    for name in ("唐.csv", "poems.txt"):
        ((poem,), _) = cleaned(found(text, name))
        assert poem == Poem("五绝", STORKS, "登鹳雀楼", "王之涣", "唐")


# --- records of several poems


def parted(records):
    report = Report()
    return list(clean(records, FORMS, report, False, part=True)), report


def test_poems_of_one_record_are_parted_and_every_one_is_counted(found):
    twice = array_of((*BAIDI, *FURONG), title="絕句二首")
    poems, report = parted(found(twice))
    assert [(poem.lines, poem.title) for poem in poems] == [
        (BAIDI, "绝句二首"),
        (FURONG, "绝句二首"),
    ]
    assert report.read == report.kept.total() + report.dropped.total() == 2
    assert report.changed == {dataset.PARTED: 1}


def test_numbered_poems_of_one_record_are_counted_likewise(found):
    poems, report = parted(found(array_of(["其一", *STORKS, "其二", *RIVER])))
    assert [poem.lines for poem in poems] == [STORKS, RIVER]
    assert (report.read, report.changed) == (2, {dataset.PARTED: 1})


def test_a_ci_is_dropped_with_its_reason(found):
    text = json.dumps([{"rhythmic": "生查子", "paragraphs": list(SPRING)}])
    poems, report = parted(found(text))
    assert poems == [] and report.dropped == {"a 词, not a regulated poem": 1}


def test_what_data_poem_wrote_is_loaded_as_it_is(tmp_path):
    poem = Poem("七律", (*BAIDI, *FURONG), "绝句二首")
    dataset.write([poem], tmp_path / "a.jsonl")
    assert load_poems(tmp_path / "a.jsonl") == [poem]


# --- records that cannot be read


@pytest.mark.parametrize(
    ("content", "where", "problem"),
    [
        ('[{"paragraphs": []},\n{]', ":2", "not JSON"),
        ('{"lines": []}\n\n{"lines": [}', ":3", "not JSON"),
        ("[" * 100_000, ":1", "not JSON"),
        ('{"lines": ' + "9" * 5000 + "}", ":1", "not JSON"),
        ("[1]", ": record 1", "not a JSON object"),
        ('{"lines": []}\n3', ":2", "not a JSON object"),
        ("[{}]", ": record 1", "no list of strings, nor a text, under paragraphs"),
        ('[{"lines": 3}]', ": record 1", "no list of strings"),
        ('[{"lines": ["春", 3]}]', ": record 1", "no list of strings"),
        ('[{"lines": [], "title": 3}]', ": record 1", "must be strings"),
        (r'[{"lines": ["\ud840"]}]', ": record 1", "half a character"),
        (r'[{"lines": [], "author": "\udc00"}]', ": record 1", "half a character"),
    ],
    ids=lambda text: text[:14],
)
def test_a_bad_record_is_yielded_with_its_place(found, content, where, problem):
    record = found(content)[-1]
    assert record.where.endswith(f"poems.txt{where}")
    assert problem in record.problem
    assert record.lines == ()


@pytest.mark.parametrize(
    "content",
    [
        random.Random(1).randbytes(5000),
        gzip.compress(random.Random(1).randbytes(5000)),
        gzip.compress(TYPED_STORKS.encode())[:-9],
        b"\x1f\x8b" + random.Random(1).randbytes(500),
        b"\x1f\x8b\x08\x00" + bytes(6) + random.Random(2).randbytes(500),
        TYPED_STORKS.encode("gbk"),
    ],
    ids=["bytes", "zipped", "cut", "no header", "no deflate", "gbk"],
)
def test_what_is_no_text_is_one_problem_and_no_crash(found, content):
    (record,) = found(content)
    assert record.problem.startswith("cannot be read: ")
    assert record.where.endswith("poems.txt")


def test_a_good_record_after_a_bad_one_is_kept(found):
    records = found('{"lines": oops}\n' + json.dumps({"lines": STORKS}))
    poems, report = cleaned(records)
    assert [poem.lines for poem in poems] == [STORKS]
    assert (report.read, report.dropped) == (2, {"unreadable record": 1})
    (problem,) = report.problems
    assert "poems.txt:1: not JSON" in problem


def test_strict_stops_at_the_first_bad_record(found):
    records = found('{"lines": []}\n{oops}\n')
    with pytest.raises(DataError, match=r"poems\.txt:2: not JSON"):
        cleaned(records, strict=True)


@pytest.mark.parametrize("content", ["", "\n\n  \n", "\ufeff", "[]"])
def test_an_empty_file_holds_nothing(found, content):
    assert found(content) == []


def test_a_line_of_100000_characters_is_dropped_like_any_other(found):
    poems, report = cleaned(found("春" * 100_000 + "\n\n" + TYPED_STORKS))
    assert [poem.lines for poem in poems] == [STORKS]
    assert report.dropped == {"not a regulated form": 1}


# --- cleaning


def test_traditional_characters_become_simplified(found):
    text = array_of(
        [
            "國破山河在，城春草木深。感時花濺淚，恨別鳥驚心。",
            "烽火連三月，家書抵萬金。白頭搔更短，渾欲不勝簪。",
        ],
        title="春望",
        author="杜甫",
        dynasty="盛唐時",
    )
    ((poem,), _) = cleaned(found(text))
    assert poem == Poem("五律", SPRING, "春望", "杜甫", "盛唐时")


def test_a_poem_found_twice_is_kept_once(found):
    traditional = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
    poems, report = cleaned(found(f"{TYPED_STORKS}\n{traditional}\n{TYPED_RIVER}"))
    assert [poem.lines for poem in poems] == [STORKS, RIVER]
    assert report.dropped == {"duplicate": 1}
    assert report.kept == {"五绝": 2}


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "empty"),
        (["，。"], "empty"),
        (["白日依山尽", "黄河入海□", *STORKS[2:]], "gaps or foreign characters"),
        (["白日依山尽", "黄河入海x", *STORKS[2:]], "gaps or foreign characters"),
        (["白日依山尽", "黄河入海[□]", *STORKS[2:]], "gaps or foreign characters"),
        (STORKS[:3], "not a regulated form"),
        ([*STORKS[:3], "更上一层"], "not a regulated form"),
        ([*STORKS, *STORKS[:2]], "not a regulated form"),
        (BAIDI, "a form not asked for"),
    ],
)
def test_each_poem_that_is_not_kept_has_its_reason(found, lines, reason):
    poems, report = cleaned(found(array_of(lines)), forms=["五绝"])
    assert poems == []
    assert report.dropped == {reason: 1}
    assert report.read == 1
    assert report.problems == []


def test_every_record_is_counted_once(found):
    records = found(array_of(STORKS, BAIDI, STORKS, SPRING, [], ["春"]))
    _, report = cleaned(records, forms=["五绝", "五律"])
    assert report.read == report.kept.total() + report.dropped.total() == 6
    assert report.kept == {"五绝": 1, "五律": 1}


# --- writing


def numbered(count):
    """Poems that differ: their last two characters count in base 100."""
    return [
        Poem(
            "五绝",
            (*STORKS[:3], f"更上一{chr(0x4E00 + n // 100)}{chr(0x4E00 + n % 100)}"),
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("name", ["poems.jsonl", "poems.jsonl.gz"])
def test_what_is_written_is_what_is_loaded(tmp_path, name):
    poems = [
        Poem("五绝", STORKS, "登鹳雀楼", "王之涣", "唐"),
        Poem("七绝", BAIDI),
        Poem("五律", SPRING, 'a "quoted"\n title'),
    ]
    dataset.write(poems, tmp_path / name)
    assert load_poems(tmp_path / name) == poems
    zipped = (tmp_path / name).read_bytes()[:2] == b"\x1f\x8b"
    assert zipped == name.endswith(".gz")


def test_the_same_poems_are_the_same_bytes(tmp_path):
    for name in ("a.gz", "b.gz"):
        dataset.write(numbered(5), tmp_path / name)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_a_written_line_is_json_with_chinese_as_it_is():
    line = Poem("五绝", STORKS, "登鹳雀楼").to_json()
    assert "登鹳雀楼" in line
    assert list(json.loads(line)) == ["form", "lines", "title", "author", "dynasty"]


def test_loading_stops_at_a_bad_record(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"lines": 3}', "utf-8")
    with pytest.raises(DataError, match=r"a\.jsonl:1: no list of strings"):
        load_poems(tmp_path / "a.jsonl")
