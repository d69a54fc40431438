import dataclasses
import json

import pytest

from nlg.errors import CheckpointError
from nlg.runtime.config import CheckpointConfig, read_config

OLD = {"task": "qa", "format": 1, "nlg": "0.1.0", "lower_case": True, "steps": 9}
NEW = {
    "task": "qa",
    "format": 1,
    "nlg": "0.1.0",
    "lower_case": True,
    "model": {"units": 8},
    "names": ["甲", "乙"],
    "training": {"steps": 9},
    "source": {"data": "诗.jsonl"},
}


@dataclasses.dataclass(frozen=True)
class Size:
    units: int
    depth: int = 2


@dataclasses.dataclass(frozen=True)
class Facts:
    lower_case: bool
    model: Size
    names: tuple[str, ...] = ()


def test_what_the_model_is_is_apart_from_its_training_and_its_source():
    config = CheckpointConfig.from_dict(NEW)
    assert set(config.facts) == {"lower_case", "model", "names"}
    assert (config.training, config.source) == ({"steps": 9}, {"data": "诗.jsonl"})
    assert config.as_dict() == NEW


def test_settings_of_an_old_checkpoint_are_among_its_facts():
    config = CheckpointConfig.from_dict(OLD)
    assert config.facts == {"lower_case": True, "steps": 9}
    assert config.training == config.source == {}
    assert config.as_dict() == OLD


def test_facts_are_read_as_the_dataclass_of_a_task():
    facts = CheckpointConfig.from_dict(NEW).facts_as(Facts)
    assert facts == Facts(True, Size(8, 2), ("甲", "乙"))


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"lower_case": True}, "for qa: its config.json does not say model"),
        ({"lower_case": True, "model": {}}, "does not say units"),
        ({"lower_case": True, "model": 8}, "has 8 for a record"),
    ],
)
def test_facts_that_are_not_there_are_named(facts, says):
    with pytest.raises(CheckpointError, match=says):
        CheckpointConfig("qa", 1, facts).facts_as(Facts)


@pytest.mark.parametrize("text", ["{", "[1]", "3", '{"task": "qa"}', "", '"qa"'])
def test_a_config_that_is_none_is_one_clear_line(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json cannot be used") as error:
        read_config(tmp_path)
    assert "\n" not in str(error.value)


def test_a_config_cannot_be_changed(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(NEW))
    with pytest.raises(dataclasses.FrozenInstanceError):
        read_config(tmp_path).task = "couplet"
