import dataclasses
import json

import pytest

from nlg.config import apply_settings, apply_values, check_bounds, nearest
from nlg.errors import OptionError


@dataclasses.dataclass(frozen=True)
class Recipe:
    steps: int = 10
    rate: float = 0.5
    name: str = "春"
    shuffle: bool = True
    frozen: tuple[str, ...] = ()
    limit: float | None = None

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
        (["name=5"], {"name": "5"}),
        (['name="5"'], {"name": "5"}),
        (["shuffle=false"], {"shuffle": False}),
        (["frozen=a"], {"frozen": ("a",)}),
        (["frozen=*/a, b=1"], {"frozen": ("*/a", "b=1")}),
        (['frozen=["*/a", "b,c"]'], {"frozen": ("*/a", "b,c")}),
        (["frozen=a", "frozen="], {"frozen": ()}),
        (["frozen=5"], {"frozen": ("5",)}),
    ],
)
def test_settings_change_what_they_name_and_nothing_else(settings, changed):
    expected = dataclasses.asdict(Recipe()) | changed
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
        ("qqqq=3", "there are steps, rate, name, shuffle, frozen, limit"),
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
        ("frozen=[1]", "must be a list of texts"),
    ],
    ids=lambda text: text[:12],
)
def test_a_setting_that_makes_no_sense_is_refused(setting, reason):
    with pytest.raises(OptionError, match=reason.replace("?", r"\?")):
        apply_settings(Recipe(), [setting])


def test_values_of_a_file_change_what_they_name():
    values = {"steps": 3, "rate": 2, "name": "夏", "shuffle": False, "frozen": ["a"]}
    got = apply_values(Recipe(), values, "config.json")
    assert got == Recipe(3, 2.0, "夏", False, ("a",))
    assert type(got.rate) is float


def test_config_that_was_written_as_json_comes_back():
    recipe = Recipe(7, 0.1 + 0.2, "秋", False, ("*/a", "b"))
    text = json.dumps(dataclasses.asdict(recipe))
    assert apply_values(Recipe(), json.loads(text), "config.json") == recipe


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"step": 3}, "config.json: step: no such setting; did you mean steps?"),
        ({"steps": "3"}, "config.json: steps must be of type int"),
        ({"steps": 3.0}, "steps must be of type int"),
        ({"steps": True}, "steps must be of type int"),
        ({"steps": None}, "steps must be of type int"),
        ({"name": 5}, "name must be of type str"),
        ({"frozen": "a"}, "frozen must be a list of texts"),
        ({"frozen": ["a", 1]}, "frozen must be a list of texts"),
        ({"rate": 10**400}, "rate must be of type float"),
    ],
)
def test_value_of_a_file_that_makes_no_sense_is_refused(values, reason):
    with pytest.raises(OptionError, match=reason.replace("?", r"\?")):
        apply_values(Recipe(), values, "config.json")


def test_keyword_arguments_may_be_tuples_and_fill_what_is_none():
    got = apply_values(Recipe(), {"frozen": ("a", "b"), "limit": 0.5}, "write()")
    assert got == Recipe(frozen=("a", "b"), limit=0.5)
    with pytest.raises(OptionError, match=r"write\(\): frozen must be a list of texts"):
        apply_values(Recipe(), {"frozen": ("a", 1)}, "write()")


@pytest.mark.parametrize("rate", [0, 0.5, 1])
def test_bounds_are_inside(rate):
    check_bounds(Recipe(rate=rate), {"rate": (0, 1), "limit": (0, 1)})


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_value_out_of_bounds_is_refused_with_its_bounds(rate):
    bounds = {"steps": (1, 10), "rate": (0, 1000)}
    with pytest.raises(OptionError, match=r"^line 3: rate is .* between 0 and 1,000$"):
        check_bounds(Recipe(rate=rate * 1000), bounds, "line 3: ")


def test_nearest_is_found_however_far_it_is():
    assert nearest("encoder/block_9", ["head", "encoder/block_1"]) == "encoder/block_1"
    assert nearest("x", ["steps"]) == "steps"
