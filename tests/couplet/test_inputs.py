import random

import pytest

from nlg.couplet.inputs import LONGEST, GivenLine, as_known, read_line
from nlg.errors import OptionError
from nlg.text.couplets import is_mark


def test_a_line_is_read_as_the_docstring_draws_it():
    line = read_line("海闊憑魚躍 天高任鳥飛！")
    assert line == GivenLine(
        typed="海闊憑魚躍 天高任鳥飛",
        before="",
        after="！",
        source="海阔凭鱼跃，天高任鸟飞",
        fixed="_" * 11,
    )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("春", ("", "春", "")),
        ("  春风\n", ("", "春风", "")),
        ("\u3000春风\r\n", ("", "春风", "")),
        ("\ufeff春风", ("\ufeff", "春风", "")),
        ("“春风，”", ("“", "春风", "，”")),
        ("😀春🎉风😀", ("😀", "春🎉风", "😀")),
        ("1. 春风", ("", "1. 春风", "")),
        ("\udcb4春", ("\udcb4", "春", "")),
        ("— a —", ("— ", "a", " —")),
    ],
    ids=ascii,
)
def test_what_is_answered_stands_between_the_first_letter_and_the_last(text, parts):
    line = read_line(text)
    assert (line.before, line.typed, line.after) == parts


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("春、夏", "春、夏"),
        ("春?夏？秋", "春？夏？秋"),
        ("春。夏；秋 冬😀雪", "春，夏，秋，冬，雪"),
        ("雪——花", "雪，，花"),
        ("Go 2年", "Go，2年"),
        ("後來的皇后", "后来的皇后"),
        ("乾坤", "乾坤"),
    ],
)
def test_the_model_reads_simplified_characters_and_marks_that_it_knows(text, source):
    assert read_line(text).source == source


@pytest.mark.parametrize("text", ["", "   ", "\n", "，。", "😀", "□□", "\ufeff", "——"])
def test_a_line_without_a_letter_is_refused(text):
    with pytest.raises(OptionError, match="nothing to answer; type a line of Chinese"):
        read_line(text)


def test_sixty_four_characters_are_answered_and_marks_around_them_are_free():
    assert LONGEST == 64
    assert len(read_line(f"「{'春' * 64}。」").source) == 64
    assert len(read_line("春" + "，" * 62 + "秋").source) == 64


@pytest.mark.parametrize(
    ("text", "count"),
    [("春" * 65, 65), ("春" * 2000, 2000), ("春" + " " * 63 + "秋", 65)],
)
def test_a_longer_line_is_refused_with_its_length_and_its_start(text, count):
    with pytest.raises(OptionError, match=f"{count} characters, at most 64") as error:
        read_line(text)
    assert str(error.value).startswith(f"{text[:20]}…: ")


@pytest.mark.parametrize("seed", range(20))
def test_every_line_is_as_long_as_its_source_and_marks_face_marks(seed):
    rng = random.Random(seed)
    kinds = [(0x4E00, 0x9FFF), (0x20, 0x7E), (0x3000, 0x30FF), (0x1F300, 0x1F9FF)]
    kinds += [(0x3400, 0x4DBF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF)]
    for _ in range(20):
        text = "".join(chr(rng.randint(*rng.choice(kinds))) for _ in range(30)) + "春"
        line = read_line(text)
        assert f"{line.before}{line.typed}{line.after}" == text.strip()
        assert len(line.typed) == len(line.source) == len(line.fixed)
        places = [[is_mark(c) for c in part] for part in (line.typed, line.source)]
        assert places[0] == places[1]
        assert {c for c in line.source if is_mark(c)} <= set("，、？")


# --- characters that must stand


@pytest.mark.parametrize(
    ("text", "keep", "fixed"),
    [
        ("春风又绿", "", "____"),
        ("春风又绿", "____", "____"),
        ("春风又绿", "_雨__", "_雨__"),
        ("春风又绿", " ＿雨＿＿ \n", "_雨__"),
        ("春风又绿", "_風__", "_风__"),
        ("春风，又绿。", "_雨____", "_雨___"),  # as the line was typed
        ("春风，又绿。", "_雨___", "_雨___"),  # or without the marks at its ends
        ("「春风」", "_雨", "_雨"),
        ("春风，又绿", "_雨；_红", "_雨；_红"),
    ],
)
def test_what_must_stand_is_given_place_by_place(text, keep, fixed):
    assert read_line(text, keep).fixed == fixed


@pytest.mark.parametrize("keep", ["_", "_____", "春" * 2000])
def test_what_must_stand_is_as_long_as_the_line(keep):
    with pytest.raises(OptionError) as error:
        read_line("春风又绿", keep)
    assert f"has {len(keep)} characters, the line 春风又绿 has 4" in str(error.value)
    assert "write _ for each place that is free" in str(error.value)
    assert len(str(error.value)) < 250


def test_simplifying_never_changes_the_length():
    text = "後來居上，乾隆皇后\ufe0f"
    assert as_known(text, marks=False) == "后来居上，乾隆皇后\ufe0f"
    assert as_known(text) == "后来居上，乾隆皇后，"
    assert as_known("") == ""
