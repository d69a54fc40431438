import random

import numpy as np
import pytest

from nlg.errors import CheckpointError
from nlg.text.known_lines import KnownLines

LINES = ["床前明月光", "疑是地上霜", "无边落木萧萧下", "不尽长江滚滚来"]


def invented(count, columns, seed):
    chance = random.Random(seed)
    return [
        "".join(chr(chance.randrange(0x4E00, 0x9FA0)) for _ in range(columns))
        for _ in range(count)
    ]


@pytest.fixture
def known():
    return KnownLines.from_lines(LINES)


def test_every_training_line_is_known_whole(known):
    assert all(line in known and known.longest_run(line) == len(line) for line in LINES)


@pytest.mark.parametrize(
    ("line", "run"),
    [
        ("有边落木萧萧下", 5),
        ("落木萧萧下", 5),
        ("仰望床前明月光", 5),
        ("无边落木萧萧上", 0),
        ("木萧萧下", 0),
        ("萧萧下", 0),
        ("", 0),
    ],
)
def test_run_is_looked_for_at_the_end_of_the_line(known, line, run):
    assert line not in known
    assert known.longest_run(line) == run


def test_longer_sets_agree_with_exact_sets_of_strings():
    lines = invented(2000, 5, seed=1) + invented(2000, 7, seed=2)
    known = KnownLines.from_lines(lines[::2])
    whole, ends = set(lines[::2]), {line[-5:] for line in lines[::2]}
    for line in lines + [other[2:] for other in lines]:
        assert (line in known) == (line in whole)
        expected = len(line) if line in whole else 5 * (line[-5:] in ends)
        assert known.longest_run(line) == expected


def test_repeated_lines_are_kept_once(known):
    again = KnownLines.from_lines(LINES * 2)
    assert again.rests.tolist() == known.rests.tolist()
    assert len(again.rests) == len(LINES) + 2  # and two endings
    assert known.false_positive_rate == 6 / 2**32


def test_new_lines_are_taken_for_known_as_rarely_as_stated():
    spread = np.arange(0, 2**32, 2**10, dtype=np.uint64).astype(np.uint32)
    known = KnownLines.from_fingerprints(spread)
    assert known.false_positive_rate == 2**-10
    wrong = sum(line in known for line in invented(50_000, 7, seed=3))
    assert 20 < wrong < 80  # 48.8 expected, four standard deviations either way


@pytest.mark.parametrize("count", [0, 1, 2, 30_000])
def test_saved_lines_load_alike(count, tmp_path):
    prints = np.random.default_rng(count).integers(0, 2**32, count, dtype=np.uint32)
    known = KnownLines.from_fingerprints(prints)
    known.save(tmp_path / "known.npz")
    loaded = KnownLines.load(tmp_path / "known.npz")
    np.testing.assert_array_equal(loaded.rests, known.rests)
    np.testing.assert_array_equal(loaded.starts, known.starts)


def test_buckets_give_every_fingerprint_back():
    prints = np.array([0, 1, 65_535, 65_536, 2**31 + 5, 2**32 - 1], np.uint32)
    known = KnownLines.from_fingerprints(prints)
    buckets = np.repeat(np.arange(2**16), np.diff(known.starts))
    assert (buckets * 2**16 + known.rests).tolist() == prints.tolist()


@pytest.mark.parametrize(
    "content", [None, b"", b"not an archive", b"PK\x03\x04 broken"]
)
def test_missing_or_broken_file_is_a_checkpoint_error(content, tmp_path):
    path = tmp_path / "known.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"known\.npz"):
        KnownLines.load(path)


def test_archive_of_other_arrays_is_a_checkpoint_error(tmp_path):
    np.savez(tmp_path / "known.npz", weights=np.zeros(3))
    with pytest.raises(CheckpointError, match="fetch the checkpoint again"):
        KnownLines.load(tmp_path / "known.npz")
