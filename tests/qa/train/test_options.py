import pytest

from nlg.config import apply_settings, apply_values
from nlg.errors import OptionError
from nlg.qa.config import ANSWER_TYPES, KINDS, QAConfig
from nlg.qa.train.options import QATraining


def test_kinds_are_numbered_from_one_for_zero_is_not_told():
    assert list(KINDS) == list(ANSWER_TYPES)
    assert sorted(KINDS.values()) == list(range(1, len(ANSWER_TYPES) + 1))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"row_tokens": 355}, "row_tokens .355. must be at least 356"),
        ({"max_passage": 300}, "must be at least 400"),
        ({"batch_tokens": 1000}, "must be a multiple of row_tokens .384."),
        ({"preset": "huge"}, "preset is 'huge'; choose base"),
        ({"least_passage": 257}, "least_passage is 257; it must be between 0 and 256"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"untold_share": -0.1}, "untold_share is -0.1"),
        ({"swapped": 1.1}, "swapped is 1.1; it must be between 0 and 1"),
        ({"max_answer": 0}, "max_answer is 0"),
        ({"shares": ("kgclue",)}, "shares: kgclue: write it as pattern=share"),
        ({"shares": ("kgclue=2",)}, "a share is from 0 to 1"),
        ({"shares": ("kgclue=nan",)}, "a share is from 0 to 1"),
        ({"steps": 0}, "steps is 0"),
        ({"styles": True}, "styles=true needs answer_types=true"),
    ],
)
def test_settings_that_cannot_run_are_refused(changes, says):
    with pytest.raises(OptionError, match=says):
        QATraining(**changes)


def test_the_model_has_its_share_of_the_settings():
    assert QATraining().model() == QAConfig()
    changed = QATraining(copy=False, answer_types=True)
    assert changed.model() == QAConfig(overlap=True, copy=False, answer_types=True)


@pytest.mark.parametrize(
    ("told", "classes"),
    [
        ({}, ()),
        ({"answer_types": True}, (6,)),
        ({"answer_types": True, "styles": True}, (6, 2)),
    ],
)
def test_a_model_is_told_of_types_and_then_of_styles(told, classes):
    assert QATraining(**told).model().classes() == classes


def test_shares_are_set_on_the_command_line_and_read_from_json():
    typed = apply_settings(QATraining(), ["shares=kgclue*=0.3,news=0"])
    assert typed.shares == ("kgclue*=0.3", "news=0")
    again = apply_values(QATraining(), {"shares": ["kgclue*=0.3", "news=0"]}, "a.json")
    assert again == typed
