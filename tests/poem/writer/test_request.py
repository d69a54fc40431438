import pytest

from nlg.errors import OptionError
from nlg.poem.request import BEAMS, PoemRequest
from nlg.poem.writer.wanted import drawn, fixed_of, form_wanted, source_of
from nlg.text.forms import FORMS

STORKS = "白日依山尽，黄河入海流。_____，_____。"


@pytest.mark.parametrize(
    ("poem_request", "form"),
    [
        (PoemRequest(), "七绝"),
        (PoemRequest(form="五律"), "五律"),
        (PoemRequest(acrostic="春夏秋冬"), "七绝"),
        (PoemRequest(acrostic="春夏秋冬风花雪月"), "七律"),
        (PoemRequest(acrostic="春夏秋冬", form="五绝"), "五绝"),
        (PoemRequest(first_line="春眠不觉晓"), "五绝"),
        (PoemRequest(first_line="春眠不觉晓，", acrostic="春夏秋冬风花雪月"), "五律"),
        (PoemRequest(keep=STORKS), "五绝"),
    ],
)
def test_the_form_is_what_all_parts_fit(poem_request, form):
    assert form_wanted(poem_request).name == form


@pytest.mark.parametrize(
    ("poem_request", "message"),
    [
        (PoemRequest(form="词"), "no form '词'"),
        (PoemRequest(keep="____"), "nothing to keep"),
        (PoemRequest(keep="白日A___"), "'A' is no Chinese character"),
        (
            PoemRequest(acrostic="春夏秋"),
            "the acrostic has 3 characters, with 七绝 it takes 4",
        ),
        (
            PoemRequest(acrostic="春夏秋冬", form="七律"),
            "the acrostic has 4 characters, with 七律 it takes 8",
        ),
        (
            PoemRequest(first_line="春眠不觉晓", form="七绝"),
            "the first line has 5 characters, with 七绝 it takes 7",
        ),
        (
            PoemRequest(keep=STORKS, form="七绝"),
            "what to keep has 20 characters, with 七绝",
        ),
        (
            PoemRequest(keep="白日_"),
            "what to keep has 3 characters, with 七绝 it takes 28",
        ),
        (
            PoemRequest(keep=STORKS, first_line="朝辞白帝彩云间"),
            "the first line has 7 characters, with 五绝 it takes 5",
        ),
        (
            PoemRequest(acrostic="春夏A冬"),
            "the acrostic 春夏A冬: 'A' is no Chinese character",
        ),
        (PoemRequest(first_line="春眠 不觉晓"), "' ' is no Chinese character"),
        (PoemRequest(acrostic="春夏秋😀"), "'😀' is no Chinese character"),
    ],
)
def test_what_fits_no_form_is_named(poem_request, message):
    with pytest.raises(OptionError) as error:
        form_wanted(poem_request)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"theme": "秋", "title": "秋"}, "a title and a theme exclude each other"),
        ({"rhyme": "七阳", "rules": False}, "free verse exclude each other"),
        ({"acrostic_at": "middle"}, "no acrostic 'middle'"),
        ({"like": STORKS, "latents": ((0.0,),)}, "like and latents exclude each"),
        ({"count": 3, "beam": 2}, "3 poems of 2 beams"),
        ({"beam": BEAMS + 1}, f"beam is {BEAMS + 1}; it must be between 0 and {BEAMS}"),
        ({"temperature": 11}, "temperature is 11"),
        ({"top_p": 0}, "top_p is 0"),
        ({"candidates": 0}, "candidates is 0"),
        ({"theme_weight": -1}, "theme_weight is -1"),
        ({"guidance": 21}, "guidance is 21"),
    ],
)
def test_a_wish_that_contradicts_itself_is_refused(asked, message):
    with pytest.raises(OptionError) as error:
        PoemRequest(**asked)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("at", "picture"),
    [
        ("head", "春____ 夏____ 秋____ 冬____"),
        ("tail", "____春 ____夏 ____秋 ____冬"),
        ("diagonal", "春____ _夏___ __秋__ ___冬_"),
    ],
)
def test_an_acrostic_stands_where_it_is_asked_to(at, picture):
    form = FORMS["五绝"]
    fixed = fixed_of(PoemRequest(acrostic="春夏秋冬", acrostic_at=at), form)
    assert drawn(fixed, form) == picture


def test_a_diagonal_of_eight_lines_begins_anew_at_the_end_of_a_line():
    poem_request = PoemRequest(acrostic="春夏秋冬风花雪月", acrostic_at="diagonal")
    assert (
        drawn(fixed_of(poem_request, FORMS["五律"]), FORMS["五律"]).split()[5]
        == "花____"
    )


def test_traditional_characters_and_wide_blanks_are_read():
    poem_request = PoemRequest(
        keep="黃河入海流＿＿＿＿＿" + "_" * 10, first_line="黃河入海流"
    )
    assert drawn(fixed_of(poem_request, FORMS["五绝"]), FORMS["五绝"]) == "黄河入海流"


def test_two_characters_at_one_place_are_both_named():
    poem_request = PoemRequest(acrostic="春夏秋冬", keep="白日依山尽" + "_" * 15)
    with pytest.raises(OptionError) as error:
        fixed_of(poem_request, FORMS["五绝"])
    assert str(error.value) == (
        "line 1, character 1: the acrostic has 春, what to keep has 白; change one"
    )


def test_one_character_may_be_asked_for_twice():
    poem_request = PoemRequest(acrostic="春夏秋冬", first_line="春眠不觉晓")
    assert fixed_of(poem_request, FORMS["五绝"])[0, 0] == "春"


@pytest.mark.parametrize(
    ("poem_request", "source"),
    [
        (PoemRequest(), ""),
        (PoemRequest(title=" 登鸛雀樓 "), "登鹳雀楼"),
        (PoemRequest(title="秋" * 99), "秋" * 16),
        (
            PoemRequest(theme="明月故人 白日依山 黄河入海 更上层楼"),
            "明月故人、白日依山、黄河入海、更上层楼",
        ),
        (PoemRequest(theme="秋思"), "秋思"),
        (PoemRequest(theme="明月 故人"), "明月、故人"),
        (PoemRequest(theme="明月，故人、酒"), "明月、故人、酒"),
    ],
)
def test_short_words_are_read_as_they_are(poem_request, source):
    assert source_of(poem_request) == source


def test_of_prose_the_words_that_matter_are_read():
    prose = "昨天傍晚我和老朋友一起在西湖边散步，看见明月从雷峰塔后面升起来。"
    words = source_of(PoemRequest(theme=prose)).split("、")
    assert 1 < len(words) <= 4
    assert all(word in prose for word in words)


@pytest.mark.parametrize(
    ("theme", "message"),
    [
        ("秋" * 500, "the theme has 500 characters, at most 200 are read"),
        ("autumn", "the theme 'autumn' has no Chinese character"),
        ("😀", "has no Chinese character"),
    ],
)
def test_a_theme_that_cannot_be_read_is_refused(theme, message):
    with pytest.raises(OptionError) as error:
        source_of(PoemRequest(theme=theme))
    assert message in str(error.value)
