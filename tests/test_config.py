import dataclasses

import pytest

from nlg.config import apply_settings
from nlg.errors import OptionError


@dataclasses.dataclass(frozen=True)
class Recipe:
    steps: int = 10
    rate: float = 0.5
    name: str = "春"
    shuffle: bool = True

    def __post_init__(self):
        if self.steps < 1:
            raise OptionError(f"steps is {self.steps}; it must be at least 1")


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        ([], {}),
        (["steps=3"], {"steps": 3}),
        (["steps=3", "rate=0.25"], {"steps": 3, "rate": 0.25}),
        (["steps=3", "steps=4"], {"steps": 4}),
        (["rate=2"], {"rate": 2.0}),
        (["rate=1e-3"], {"rate": 0.001}),
        (["name=夏"], {"name": "夏"}),
        (["name=a=b"], {"name": "a=b"}),
        (["shuffle=false"], {"shuffle": False}),
    ],
)
def test_settings_change_what_they_name_and_nothing_else(settings, changed):
    expected = {"steps": 10, "rate": 0.5, "name": "春", "shuffle": True} | changed
    got = dataclasses.asdict(apply_settings(Recipe(), settings))
    assert got == expected
    assert {k: type(v) for k, v in got.items()} == {
        k: type(v) for k, v in expected.items()
    }


def test_the_config_given_stays_as_it_was():
    recipe = Recipe()
    apply_settings(recipe, ["steps=3"])
    assert recipe == Recipe()


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("step=3", "did you mean steps?"),
        ("qqqq=3", "there are steps, rate, name, shuffle"),
        ("steps", "write it as key=value"),
        ("=3", "no such setting"),
        ("steps=", "must be of type int"),
        ("steps=3.5", "must be of type int"),
        ("steps=true", "must be of type int"),
        ("steps=many", "must be of type int"),
        ("shuffle=1", "must be of type bool"),
        ("shuffle=False", "must be of type bool"),
        ("rate=fast", "must be of type float"),
        ("rate=" + "9" * 400, "must be of type float"),
        ("steps=" + "9" * 5000, "must be of type int"),
        ("steps=" + "[" * 100_000, "must be of type int"),
        ("steps=0", "at least 1"),
    ],
    ids=lambda text: text[:12],
)
def test_a_setting_that_makes_no_sense_is_refused(setting, reason):
    with pytest.raises(OptionError, match=reason.replace("?", r"\?")):
        apply_settings(Recipe(), [setting])
