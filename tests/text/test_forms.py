import pytest

from nlg.errors import OptionError
from nlg.text.forms import FORMS, Form, cut_unmarked, form_named, form_of, verse


@pytest.mark.parametrize(
    ("name", "lines", "columns", "places"),
    [("五绝", 4, 5, 20), ("七绝", 4, 7, 28), ("五律", 8, 5, 40), ("七律", 8, 7, 56)],
)
def test_forms_are_known_by_their_shape(name, lines, columns, places):
    form = form_of(["春" * columns] * lines)
    assert form is FORMS[name] and form.name == name
    assert (form.lines, form.columns) == (lines, columns)
    assert (form.places, form.tokens) == (places, places + lines)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["春" * 5] * 3,
        ["春" * 6] * 4,
        ["春" * 5] * 6,
        ["春" * 5, "春" * 5, "春" * 5, "春" * 7],
    ],
)
def test_other_shapes_have_no_form(lines):
    assert form_of(lines) is None


def test_a_form_that_does_not_exist_is_an_error_that_names_those_that_do():
    assert form_named("七律") is FORMS["七律"]
    with pytest.raises(OptionError, match="no form '词'; there are 五绝, 七绝"):
        form_named("词")


def test_a_verse_has_a_comma_and_a_full_stop_a_couplet():
    assert verse(["春"] * 4) == "春，春。春，春。"


# --- a form whose lines are not as long as each other, as in 词: 忆江南

SOUTH = Form("忆江南", (3, 5, 7, 7, 5), "，。。，。")
LINES = ("江南好", "风景旧曾谙", "日出江花红胜火", "春来江水绿如蓝", "能不忆江南")


def test_a_form_may_have_lines_of_any_length():
    assert (SOUTH.lines, SOUTH.places, SOUTH.tokens) == (5, 27, 32)
    assert SOUTH.split("".join(LINES)) == LINES
    with pytest.raises(ValueError):
        print(SOUTH.columns)


def test_marks_are_those_of_the_form():
    text = verse(LINES, SOUTH.marks)
    assert text == ("江南好，风景旧曾谙。日出江花红胜火。春来江水绿如蓝，能不忆江南。")
    assert SOUTH.split_marked(text) == SOUTH.split_marked(text[:-1]) == LINES


def test_the_beginning_of_a_poem_has_fewer_lines():
    assert SOUTH.split_marked("江南好，风景旧曾谙") == LINES[:2]
    assert FORMS["五绝"].split_marked("床前明月光，") == ("床前明月光",)


def test_the_inner_couplets_of_eight_lines_are_parallel():
    assert FORMS["七律"].parallel == FORMS["五律"].parallel == (2, 3, 4, 5)
    assert FORMS["七绝"].parallel == FORMS["五绝"].parallel == ()


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.name)
def test_a_poem_without_marks_is_cut_by_its_length(form):
    text = ("春风又到江南岸" * 8)[: form.places]
    lines = cut_unmarked([text])
    assert "".join(lines) == text
    assert [len(line) for line in lines] == [form.columns] * form.lines
    assert cut_unmarked([text[:-1]]) == (text[:-1],)
