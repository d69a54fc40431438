import collections
import gzip
import io
import json
import pathlib
import random
import types

import pytest

from nlg.couplet import dataset
from nlg.couplet.dataset import (
    clean,
    cleaned,
    find_files,
    lines_in,
    load_couplets,
    read,
    split,
)
from nlg.errors import DataError
from nlg.text.collect import Report
from nlg.text.couplets import Couplet

ROAD = Couplet("书山有路勤为径", "学海无涯苦作舟")
SEA = Couplet("海纳百川，有容乃大", "壁立千仞，无欲则刚")
POND, CANNON = Couplet("烟锁池塘柳", "桃燃锦江堤"), Couplet("烟锁池塘柳", "炮镇海城楼")
TSV = "书山有路勤为径\t学海无涯苦作舟\n烟锁池塘柳\t桃燃锦江堤\n"
SAMPLES = pathlib.Path(__file__).parents[2] / "data" / "samples"


@pytest.fixture
def found(tmp_path):
    """Read `content` from a file; return the records."""

    def found(content, name="couplets.tsv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read(path))

    return found


@pytest.fixture
def partners(tmp_path):
    """Write in.txt and out.txt; return the path of the first."""

    def partners(first, second, pack=bytes, suffix=".txt"):
        for name, text in (("in", first), ("out", second)):
            (tmp_path / (name + suffix)).write_bytes(pack(text.encode()))
        return tmp_path / ("in" + suffix)

    return partners


def lines_of(records):
    return [(record.first_line, record.second_line) for record in records]


def kept_of(records, **options):
    report = Report()
    return list(clean(records, report, **options)), report


def in_json(couplet):
    return json.dumps(couplet._asdict())


# --- layouts


def test_a_couplet_a_line_with_a_tab_inside(found):
    records = found(TSV)
    assert lines_of(records) == [ROAD, POND]
    assert [record.where[-15:] for record in records] == [
        "/couplets.tsv:1",
        "/couplets.tsv:2",
    ]


def test_what_stands_after_a_second_tab_is_left_alone(found):
    assert lines_of(found("烟锁池塘柳\t桃燃锦江堤\t旧联\t明\n")) == [POND]


@pytest.mark.parametrize("mark", ["；", ";", "——"])
def test_one_semicolon_or_dash_will_do_for_the_tab(found, mark):
    assert lines_of(found(f"{mark.join(ROAD)}\n")) == [ROAD]


def test_a_tab_is_what_parts_the_lines_where_there_is_one(found):
    (record,) = found("海纳百川；有容乃大\t壁立千仞；无欲则刚")
    assert (record.first_line, record.second_line) == (
        "海纳百川；有容乃大",
        "壁立千仞；无欲则刚",
    )


def test_json_lines_are_read_past_empty_ones_and_other_keys(found):
    rich = json.dumps({**SEA._asdict(), "score": -1.5}, ensure_ascii=False)
    records = found(f"{in_json(ROAD)}\n\n{rich}\n", "couplets.jsonl")
    assert lines_of(records) == [ROAD, SEA]
    assert records[1].where.endswith("couplets.jsonl:3")


def test_a_json_object_may_be_spread_over_many_lines(found):
    (record,) = found(json.dumps(ROAD._asdict(), indent=2))
    assert (record.first_line, record.second_line) == ROAD


def test_of_a_poem_the_couplets_are_those_that_its_form_wants_parallel(found):
    spring = "国破山河在城春草木深感时花溅泪恨别鸟惊心烽火连三月家书抵万金"
    spring += "白头搔更短浑欲不胜簪"
    lines = [spring[n : n + 5] for n in range(0, 40, 5)]
    whole = json.dumps({"form": "五律", "title": "春望", "lines": lines})
    short = json.dumps({"form": "五绝", "lines": lines[:4]})
    records = found(f"{short}\n{whole}\n{in_json(ROAD)}\n", "poems.jsonl")
    assert lines_of(records) == [
        ("感时花溅泪", "恨别鸟惊心"),
        ("烽火连三月", "家书抵万金"),
        ROAD,
    ]
    assert records[0].where.endswith("poems.jsonl:2")


def test_an_array_is_read_like_lines(found):
    spring = "国破山河在，城春草木深。感时花溅泪，恨别鸟惊心。"
    spring += "烽火连三月，家书抵万金。白头搔更短，浑欲不胜簪。"
    poem = {"title": "春望", "author": "杜甫", "paragraphs": [spring]}
    records = found(json.dumps([ROAD._asdict(), poem, 3]), "poems.json")
    assert lines_of(records[:-1]) == [
        ROAD,
        ("感时花溅泪", "恨别鸟惊心"),
        ("烽火连三月", "家书抵万金"),
    ]
    assert records[-1][0].endswith("poems.json: record 3")
    assert records[-1].problem == "not a JSON object"


def test_two_quatrains_in_one_record_have_no_parallel_couplets(found):
    lines = ["朝辞白帝彩云间", "千里江陵一日还", "两岸猿声啼不住", "轻舟已过万重山"]
    lines += ["寒雨连江夜入吴", "平明送客楚山孤", "洛阳亲友如相问", "一片冰心在玉壶"]
    assert found(json.dumps({"title": "绝句二首", "lines": lines})) == []


def test_a_first_line_that_names_the_columns_is_no_couplet(found):
    for header in ("上联\t下联", "first_line\tsecond_line"):
        assert lines_of(found(f"{header}\n{ROAD[0]}\t{ROAD[1]}\n")) == [ROAD]
    assert lines_of(found("春眠\t秋梦\n上联\t下联\n"))[1] == ("上联", "下联")


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_do_not_matter(found, partners, ends, mark):
    assert lines_of(found(mark + TSV.replace("\n", ends))) == [ROAD, POND]
    assert lines_of(found(mark + in_json(ROAD) + ends)) == [ROAD]
    records = read(partners(mark + ROAD[0] + ends, mark + ROAD[1] + ends))
    assert kept_of(records)[0] == [ROAD]


@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_last_line_needs_no_end(found, ending):
    assert lines_of(found(TSV.rstrip("\n") + ending)) == [ROAD, POND]


def test_out_txt_answers_in_txt_line_by_line(partners):
    first, second = ("\n".join(map(" ".join, x)) for x in zip(ROAD, SEA, strict=True))
    path = partners(first + "\n", second + "\n")
    records = list(read(path))
    assert kept_of(records)[0] == [ROAD, SEA]
    assert [record.where for record in records] == [f"{path}:1", f"{path}:2"]


def test_partners_may_be_gzipped(partners):
    path = partners(ROAD[0], ROAD[1], gzip.compress, ".txt.gz")
    assert lines_of(read(path)) == [ROAD]


def test_a_line_of_partners_that_is_blank_keeps_its_number(partners):
    path = partners(f"{ROAD[0]}\n\n{POND[0]}\n", f"{ROAD[1]}\n\n{POND[1]}\n")
    couplets, report = kept_of(read(path))
    assert couplets == [ROAD, POND]
    assert report.dropped == {"empty": 1}


def test_what_only_python_takes_for_a_line_end_parts_no_lines(partners):
    path = partners(f"书山\u2028有路\x0b勤为径\n{POND[0]}", f"{ROAD[1]}\n{POND[1]}")
    assert kept_of(read(path))[0] == [ROAD, POND]


@pytest.mark.parametrize(
    "given", [["in.txt"], ["out.txt"], ["in.txt", "out.txt"], ["."]]
)
def test_partners_are_read_once_whichever_is_named(partners, given):
    path = partners(ROAD[0], ROAD[1])
    assert find_files(str(path.parent / name) for name in given) == [path]


def test_a_folder_stands_for_the_couplets_below_it(tmp_path):
    for name in ("train/in.txt", "train/out.txt", "a.tsv.gz", "b.jsonl", "vocabs"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    names = [str(p.relative_to(tmp_path)) for p in find_files([str(tmp_path)])]
    assert names == ["a.tsv.gz", "b.jsonl", "train/in.txt"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("text", [TSV, f"{in_json(ROAD)}\n{in_json(POND)}"])
def test_a_dash_is_standard_input(monkeypatch, pack, text):
    stdin = types.SimpleNamespace(buffer=io.BytesIO(pack(text.encode())))
    monkeypatch.setattr("sys.stdin", stdin)
    (path,) = find_files(["-"])
    records = list(read(path))
    assert lines_of(records) == [ROAD, POND]
    assert records[1].where == "<stdin>:2"


@pytest.mark.parametrize("content", ["", "\n\n  \n", "\ufeff"])
def test_an_empty_file_holds_nothing(found, content):
    assert found(content) == []


# --- what cannot be read


@pytest.mark.parametrize(
    ("content", "where", "problem"),
    [
        ("\n书山有路勤为径", ":2", "no TAB between 上联 and 下联"),
        ("春；夏；秋", ":1", "no TAB between 上联 and 下联"),
        ('{"first_line": "春", "second_line": "秋"}\n{oops}', ":2", "not JSON"),
        ("{" * 100_000, ":1", "not JSON"),
        ("{}\n3", ":2", "not a JSON object"),
        ('{"first_line": "春"}', ":1", "no strings under first_line and second_line"),
        ('{"first_line": "春", "second_line": 3}', ":1", "no strings under"),
        ('{"first_line": ["春"], "second_line": "秋"}', ":1", "no strings under"),
        ('{"lines": [1, 2, 3, 4, 5, 6, 7, 8]}', ":1", "no list of strings, nor"),
        (r'{"first_line": "\ud840", "second_line": "秋"}', ":1", "half a character"),
        (r'{"first_line": "春", "second_line": "\udc00"}', ":1", "half a character"),
    ],
    ids=lambda text: text[:14],
)
def test_a_bad_record_is_yielded_with_its_place(found, content, where, problem):
    record = found(content)[-1]
    assert record.where.endswith(f"couplets.tsv{where}")
    assert problem in record.problem


@pytest.mark.parametrize(
    "content",
    [
        random.Random(1).randbytes(5000),
        gzip.compress(random.Random(1).randbytes(5000)),
        gzip.compress(TSV.encode())[:-9],
        TSV.encode("gbk"),
    ],
    ids=["bytes", "zipped", "cut", "gbk"],
)
def test_what_is_no_text_is_one_problem_and_no_crash(found, content):
    (record,) = found(content)
    assert record.problem.startswith("cannot be read: ")
    assert record.where.endswith("couplets.tsv")


def test_a_good_record_after_a_bad_one_is_kept(found):
    couplets, report = kept_of(found(f"oops\n{TSV}"))
    assert couplets == [ROAD, POND]
    assert (report.read, report.dropped) == (3, {"unreadable record": 1})
    assert "couplets.tsv:1: no TAB" in report.problems[0]


def test_strict_stops_at_the_first_bad_record(found):
    with pytest.raises(DataError, match=r"couplets\.tsv:3: no TAB"):
        kept_of(found(f"{TSV}oops\n"), strict=True)


@pytest.mark.parametrize("lost", ["in.txt", "out.txt"])
def test_a_missing_partner_is_named(partners, lost):
    path = partners(ROAD[0], ROAD[1])
    (path.parent / lost).unlink()
    wanted = (
        f"{lost} cannot be read: No such file.*in.txt and out.txt are read together"
    )
    with pytest.raises(DataError, match=wanted):
        kept_of(
            record for path in find_files([str(path.parent)]) for record in read(path)
        )


def test_a_partner_that_is_no_text_is_named(partners):
    path = partners(ROAD[0], ROAD[1])
    path.with_name("out.txt").write_bytes(ROAD[1].encode("gbk"))
    with pytest.raises(DataError, match=r"out\.txt cannot be read: 'utf-8' codec"):
        list(read(path))


def test_partners_of_another_number_of_lines_are_refused(partners):
    path = partners("春\n夏\n秋\n", "秋\n冬\n")
    with pytest.raises(DataError, match=r"in\.txt has 3 lines, out\.txt 2; line n"):
        list(read(path))


# --- cleaning


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("書山有路勤為徑", "书山有路勤为径"),
        (" 书 山　有\t路\u2028勤\n为\xa0径 ", "书山有路勤为径"),
        ("书山有路勤为径。", "书山有路勤为径"),
        ("书山有路勤为径？！", "书山有路勤为径"),
        ("书山有路勤为径.", "书山有路勤为径"),
        ("书山有路勤为径……", "书山有路勤为径"),
        ("海纳百川,有容乃大", "海纳百川，有容乃大"),
        ("海纳百川﹐有容乃大", "海纳百川，有容乃大"),
        ("海纳百川！有容乃大", "海纳百川，有容乃大"),
        ("海纳百川:有容乃大;", "海纳百川，有容乃大"),
        ("海纳百川。有容乃大", "海纳百川，有容乃大"),
        ("海纳百川?有容乃大", "海纳百川？有容乃大"),
        ("风声、雨声", "风声、雨声"),
        ("⽉落乌啼", "月落乌啼"),  # the radical U+2F49, which only looks like 月
        ("，", ""),
        ("", ""),
    ],
)
def test_a_line_is_simplified_without_spaces_and_with_few_marks(typed, line):
    assert cleaned(typed, "秋") == (line, "秋")
    assert cleaned("秋", typed) == ("秋", line)


def test_a_clean_line_stays_as_it_is():
    for couplet in (ROAD, SEA, POND):
        assert cleaned(*couplet) == couplet


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("", "", "empty"),
        ("春", " ", "empty"),
        ("。", "秋", "empty"),
        ("春眠□觉晓", "秋梦忽闻鸡", "gaps or foreign characters"),
        ("春眠不觉晓", "秋梦忽闻x", "gaps or foreign characters"),
        ("春眠不觉晓", "秋梦忽闻🐔", "gaps or foreign characters"),
        ("春眠《不觉》", "秋梦《忽闻》", "gaps or foreign characters"),
        ("，春眠", "，秋梦", "gaps or foreign characters"),
        ("春，，眠", "秋，，梦", "gaps or foreign characters"),
        ("春…眠", "秋…梦", "gaps or foreign characters"),
        ("春\0眠", "秋\0梦", "gaps or foreign characters"),
        ("春眠不觉晓", "秋梦忽闻", "lines of unequal length"),
        ("春眠，不觉", "秋，梦忽闻", "marks at different places"),
        ("春眠，不觉", "秋梦忽闻鸡", "marks at different places"),
        ("春眠，不觉晓", "秋梦，忽闻鸡", "longer than 5 characters"),
        ("春眠不觉晓", "春眠不覺曉", "the same line twice"),
        ("烟锁池塘柳", "秋梦忽闻鸡", "excluded"),
        ("春，眠不觉", "烟，锁池塘", "excluded"),
    ],
)
def test_each_couplet_that_is_not_kept_has_its_reason(first, second, reason):
    record = dataset.Record("a:1", first, second)
    excluded = {"烟锁池塘柳", "烟锁池塘"}
    couplets, report = kept_of([record], max_length=5, excluded=excluded)
    assert couplets == []
    assert report.dropped == {reason: 1}
    assert (report.read, report.problems) == (1, [])


def test_what_is_just_short_enough_is_kept():
    record = dataset.Record("a:1", *SEA)
    assert kept_of([record], max_length=9)[0] == [SEA]
    assert kept_of([record], max_length=8)[0] == []
    assert kept_of([dataset.Record("a:1", "春" * 64, "秋" * 64)])[0]
    assert not kept_of([dataset.Record("a:1", "春" * 65, "秋" * 65)])[0]


def test_marks_may_differ_where_they_face_each_other():
    record = dataset.Record("a:1", "谁在？春风", "我来，秋月")
    assert kept_of([record])[0] == [("谁在？春风", "我来，秋月")]


def test_a_couplet_found_twice_is_kept_once(found):
    couplets, report = kept_of(found(f"{TSV}書山有路，勤為徑\t學海無涯，苦作舟\n{TSV}"))
    assert couplets == [ROAD, POND, ("书山有路，勤为径", "学海无涯，苦作舟")]
    assert report.dropped == {"duplicate": 2}
    assert report.kept == {"对联": 3}


def test_every_answer_to_a_first_line_is_kept(found):
    couplets, _ = kept_of(found("\n".join(map("\t".join, (POND, CANNON)))))
    assert couplets == [POND, CANNON]


def test_every_record_is_counted_once(found):
    _, report = kept_of(found(f"{TSV}{TSV}oops\n春\t秋月\n\t秋\n春\t秋\n"))
    assert report.read == report.kept.total() + report.dropped.total() == 8


def test_a_line_of_100000_characters_is_dropped_like_any_other(found):
    couplets, report = kept_of(
        found("春" * 100_000 + "\t" + "秋" * 100_000 + "\n" + TSV)
    )
    assert couplets == [ROAD, POND]
    assert report.dropped == {"longer than 64 characters": 1}


# --- excluding


def test_lines_to_exclude_are_clean_and_without_marks(tmp_path, partners):
    path = partners("海 納 百 川 , 有 容 乃 大 ;", "壁 立 千 仞 , 無 欲 則 剛 。")
    (tmp_path / "a.tsv").write_text(TSV, "utf-8")
    assert lines_in([path, tmp_path / "a.tsv"]) == {
        "海纳百川有容乃大",
        "壁立千仞无欲则刚",
        *ROAD,
        *POND,
    }


def test_a_line_is_excluded_from_either_side_however_marked():
    pairs = [SEA, SEA[::-1], ("海纳，百川有容，乃大", "春来，百鸟争鸣，一树"), ROAD]
    records = [dataset.Record("a:1", *pair) for pair in pairs]
    assert kept_of(records, excluded={"海纳百川有容乃大"})[0] == [ROAD]


def test_what_is_to_be_excluded_must_be_readable(tmp_path):
    (tmp_path / "a.tsv").write_text(f"{TSV}oops\n", "utf-8")
    with pytest.raises(DataError, match=r"a\.tsv:3: no TAB"):
        lines_in([tmp_path / "a.tsv"])


# --- splitting and writing


def numbered(count, answers=1):
    """Couplets that differ; each first line has so many answers of its own."""
    return [
        Couplet(f"春{chr(0x4E00 + n)}", f"{chr(0x4E00 + n)}{chr(0x5000 + answer)}")
        for n in range(count)
        for answer in range(answers)
    ]


def unmarked(couplets):
    return {line.replace("，", "") for couplet in couplets for line in couplet}


@pytest.mark.parametrize(("share", "size"), [(0, 0), (0.01, 2), (0.5, 100)])
def test_a_split_is_all_couplets_once_in_their_order(share, size):
    couplets = numbered(200)
    train, dev = split(couplets, share, seed=3)
    assert len(dev) == size
    count = collections.Counter(train) + collections.Counter(dev)
    assert count == collections.Counter(couplets)
    for part in (train, dev):
        assert part == sorted(part, key=couplets.index)


def test_a_seed_says_which_couplets_are_kept_back():
    parts = [split(numbered(200), 0.1, seed)[1] for seed in (1, 1, 2)]
    assert parts[0] == parts[1] != parts[2]


@pytest.mark.parametrize("seed", range(5))
def test_all_answers_to_a_first_line_are_on_one_side(seed):
    train, dev = split(numbered(50, answers=4), 0.2, seed)
    assert len(dev) == 40
    assert {c.first_line for c in dev}.isdisjoint(c.first_line for c in train)


@pytest.mark.parametrize("seed", range(5))
def test_no_line_of_dev_is_in_train_on_any_side_however_marked(seed):
    rng = random.Random(seed)
    pool = [f"{chr(0x4E00 + n)}{mark}春" for n in range(60) for mark in ("", "，")]
    couplets = [Couplet(*rng.sample(pool, 2)) for _ in range(30)]
    train, dev = split(couplets, 0.4, seed)
    assert dev
    assert unmarked(train).isdisjoint(unmarked(dev))


def test_a_chain_of_shared_lines_is_one_family():
    chain = [Couplet(str(n), str(n + 1)) for n in range(5000)]
    random.Random(1).shuffle(chain)
    assert split([*chain, ROAD], 0.5, seed=1) == (chain, [ROAD])


@pytest.mark.parametrize("name", ["couplets.tsv", "couplets.tsv.gz"])
def test_what_is_written_is_what_is_loaded(tmp_path, name):
    dataset.write([ROAD, SEA, POND], tmp_path / name)
    assert load_couplets(tmp_path / name) == [ROAD, SEA, POND]
    zipped = (tmp_path / name).read_bytes()[:2] == b"\x1f\x8b"
    assert zipped == name.endswith(".gz")


def test_a_couplet_is_written_as_two_lines_with_a_tab_between(tmp_path):
    dataset.write([ROAD, POND], tmp_path / "a.tsv")
    assert (tmp_path / "a.tsv").read_bytes() == TSV.encode()


def test_the_same_couplets_are_the_same_bytes(tmp_path):
    for name in ("a.gz", "b.gz"):
        dataset.write(numbered(5), tmp_path / name)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f"{TSV}春眠\t秋", r":3: 上联 has 2 characters, 下联 1; clean the file"),
        (f"{TSV}春眠", r":3: no TAB between 上联 and 下联"),
        ("", r": no couplet in it; make it with nlg data couplet"),
        (b"\xff", r": cannot be read: "),
    ],
)
def test_loading_stops_at_what_is_no_couplet(found, tmp_path, content, problem):
    found(content)
    with pytest.raises(DataError, match=r"couplets\.tsv" + problem):
        load_couplets(tmp_path / "couplets.tsv")


# --- the sample


def test_the_sample_is_good_couplets_only():
    couplets, report = kept_of(read(SAMPLES / "couplets.tsv"), strict=True)
    assert len(couplets) == report.read > 8
    assert ("新年纳余庆", "嘉节号长春") in couplets
