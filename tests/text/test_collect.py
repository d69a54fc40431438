import collections
import gzip
import json
import pathlib
from typing import NamedTuple

import pytest

from nlg.errors import DataError
from nlg.text.collect import (
    Report,
    dev_path,
    find_files,
    json_values,
    name_of,
    readable,
    split,
    write_lines,
)

WORDS = [f"词{number}" for number in range(200)]


class Found(NamedTuple):
    where: str
    problem: str = ""


# --- reading


def test_only_files_with_the_suffixes_asked_for_stand_for_a_folder(tmp_path):
    for name in ("a.tsv", "b.tsv.gz", "c.txt", "tsv", ".d.tsv.swp"):
        (tmp_path / name).write_bytes(b"")
    names = [path.name for path in find_files([str(tmp_path)], [".tsv"])]
    assert names == ["a.tsv", "b.tsv.gz"]


def test_a_folder_without_such_files_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no \.tsv, \.txt file in this folder"):
        find_files([str(tmp_path)], [".tsv", ".txt"])


@pytest.mark.parametrize(("path", "name"), [("-", "<stdin>"), ("a/-.txt", "a/-.txt")])
def test_messages_call_a_dash_standard_input(path, name):
    assert name_of(pathlib.Path(path)) == name


def test_json_lines_keep_their_numbers_past_empty_and_bad_ones():
    found = list(json_values("a.jsonl", '{"春": 1}\n\n{oops}\n[2]\n'))
    assert [value.where for value in found] == ["a.jsonl:1", "a.jsonl:3", "a.jsonl:4"]
    assert [value.value for value in found] == [{"春": 1}, None, [2]]
    assert [value.problem[:8] for value in found] == ["", "not JSON", ""]


def test_one_json_value_may_be_spread_over_many_lines():
    text = json.dumps({"春": 1}, indent=2)
    ((where, value, problem),) = json_values("a.json", text)
    assert (where, value, problem) == ("a.json:1", {"春": 1}, "")


def test_what_is_unreadable_is_counted_and_told_and_the_rest_goes_on():
    report = Report()
    records = [Found("a:1"), Found("a:2", "no TAB"), Found("a:3")]
    assert [record.where for record in readable(records, report, strict=False)] == [
        "a:1",
        "a:3",
    ]
    assert report.read == 3
    assert report.dropped == {"unreadable record": 1}
    assert report.problems == ["a:2: no TAB"]


def test_strict_raises_what_is_unreadable():
    records = readable([Found("a:1"), Found("a:2", "no TAB")], Report(), strict=True)
    assert next(records).where == "a:1"
    with pytest.raises(DataError, match=r"^a:2: no TAB$"):
        next(records)


# --- splitting


@pytest.mark.parametrize(
    ("share", "size"), [(0, 0), (0.01, 2), (0.5, 100), (0.99, 198)]
)
def test_a_split_is_all_items_once_in_their_order(share, size):
    train, dev = split(WORDS, share, seed=3)
    assert len(dev) == size
    count = collections.Counter(train) + collections.Counter(dev)
    assert count == collections.Counter(WORDS)
    for part in (train, dev):
        assert part == sorted(part, key=WORDS.index)


def test_a_seed_says_which_items_are_kept_back():
    parts = [split(WORDS, 0.1, seed)[1] for seed in (1, 1, 2)]
    assert parts[0] == parts[1] != parts[2]


def test_every_item_has_the_same_chance_to_be_kept_back():
    counts = collections.Counter(
        word for seed in range(400) for word in split(WORDS[:10], 0.3, seed)[1]
    )
    assert set(counts) == set(WORDS[:10])
    # 400 draws at 0.3: 120 expected, standard deviation 9.2.
    assert all(120 - 5 * 9.2 < count < 120 + 5 * 9.2 for count in counts.values())


@pytest.mark.parametrize("seed", range(5))
def test_items_of_one_group_stay_on_one_side(seed):
    groups = [number % 60 for number in range(200)]  # of three and of four items
    train, dev = split(range(200), 0.25, seed, groups)
    assert {n % 60 for n in train}.isdisjoint(n % 60 for n in dev)
    assert 47 <= len(dev) <= 50  # no room for another group of three


@pytest.mark.parametrize("seed", range(5))
def test_a_group_larger_than_dev_is_trained_on(seed):
    groups = [0] * 150 + list(range(1, 51))
    train, dev = split(range(200), 0.1, seed, groups)
    assert set(range(150)) <= set(train)
    assert len(dev) >= 19  # twenty groups are drawn, at most one of them too large


def test_nothing_can_be_split():
    assert split([], 0.5, seed=1) == ([], [])


# --- writing


@pytest.mark.parametrize(
    ("name", "dev"),
    [("p.jsonl.gz", "p.dev.jsonl.gz"), ("p.tsv", "p.dev.tsv"), ("p", "p.dev")],
)
def test_dev_lies_beside_train(tmp_path, name, dev):
    assert dev_path(tmp_path / name) == tmp_path / dev


def test_lines_are_written_with_their_ends_and_gzipped_by_name(tmp_path):
    for name in ("a.txt", "a.txt.gz", "b.txt.gz"):
        write_lines(["春", "秋"], tmp_path / name)
    text = "春\n秋\n".encode()
    assert (tmp_path / "a.txt").read_bytes() == text
    zipped = (tmp_path / "a.txt.gz").read_bytes()
    assert gzip.decompress(zipped) == text
    assert zipped == (tmp_path / "b.txt.gz").read_bytes()
