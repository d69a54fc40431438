import pytest

from nlg.errors import OptionError
from nlg.text.forms import FORMS, form_named, form_of, verse


@pytest.mark.parametrize(
    ("name", "lines", "columns", "places"),
    [("五绝", 4, 5, 20), ("七绝", 4, 7, 28), ("五律", 8, 5, 40), ("七律", 8, 7, 56)],
)
def test_forms_are_known_by_their_shape(name, lines, columns, places):
    form = form_of(["春" * columns] * lines)
    assert form == FORMS[name] == (name, lines, columns)
    assert form.places == places


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
