"""The public Python API: what `import nlg` gives, and what it costs."""

import json
import pathlib
import subprocess
import sys

import pytest

import nlg
from nlg.errors import CheckpointError, OptionError

NAMES = {
    *("Classifier", "Composer", "Couplets", "Poet", "Reader", "Reviewer"),
    *("check_couplet", "check_poem", "__version__"),
}
LOOK = """
import json, sys
import nlg
before = sorted(sys.modules)
nlg.check_couplet
nlg.Couplets
print(json.dumps([before, sorted(sys.modules)]))
"""


@pytest.fixture(scope="module")
def looked():
    """Return the modules there are after `import nlg`, and after a use of it."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK], capture_output=True, check=True, text=True
    )
    return json.loads(done.stdout)


def test_the_names_are_these():
    assert set(nlg.__all__) == NAMES
    assert set(dir(nlg)) >= NAMES
    for name in NAMES:
        assert getattr(nlg, name) is getattr(nlg, name)


def test_a_name_that_there_is_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'nlg' has no attribute 'Poem'"):
        _ = nlg.Poem


def test_the_import_loads_nothing(looked):
    before, _ = looked
    assert [name for name in before if name.startswith("nlg")] == ["nlg"]
    assert not {"numpy", "click", "onnxruntime", "typing"} & set(before)


def test_a_name_loads_what_it_needs_and_no_framework(looked):
    _, after = looked
    assert {"nlg.couplet.responder", "numpy"} <= set(after)
    heavy = {"keras", "tensorflow", "torch", "jax", "click", "onnxruntime"}
    assert not heavy & set(after)


def test_type_checkers_see_the_same_places():
    text = pathlib.Path(nlg.__file__).read_text("utf-8")
    for name, (module, attribute) in nlg._PLACES.items():
        as_name = "" if name == attribute else f" as {name}"
        assert f"    from {module} import {attribute}{as_name}\n" in text


def test_types_are_told_to_whoever_installs_it():
    assert pathlib.Path(nlg.__file__).with_name("py.typed").exists()


# --- arguments are checked as the commands check them


def test_a_couplet_is_checked_as_it_is_typed():
    found = nlg.check_couplet("書山有路勤為徑！", "學海無涯苦作舟。")
    assert (found.first_line, found.clean) == ("书山有路勤为径", True)
    broken = nlg.check_couplet("春风", "春雨").to_dict()
    assert broken["clean"] is False and broken["book"] == "平水韵"
    kinds = {violation["kind"] for violation in broken["violations"]}
    assert kinds == {"同位重字", "下联仄收"}
    assert json.loads(json.dumps(broken))["second_line"] == "春雨"


@pytest.mark.parametrize(
    ("lines", "book", "reason"),
    [
        (("", "春"), "平水韵", "上联: an empty text has no Chinese characters"),
        (("春", "abc"), "平水韵", "下联: abc has no Chinese characters"),
        (("春", "月"), "广韵", "no rhyme book '广韵'"),
    ],
)
def test_lines_that_are_no_couplet_are_refused_in_one_line(lines, book, reason):
    with pytest.raises(OptionError, match=reason):
        nlg.check_couplet(*lines, book=book)


def test_a_poem_is_checked_and_turns_into_json():
    poem = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
    found = nlg.check_poem(poem)
    assert found.clean
    facts = json.loads(json.dumps(found.to_dict()))
    assert facts["form"] == "五绝" and facts["rhymes"]["平水韵"]["group"] == "十一尤"
    with pytest.raises(OptionError, match="has no Chinese characters"):
        nlg.check_poem("abc")


def test_no_classifier_is_shipped_and_the_error_says_how_to_train_one():
    with pytest.raises(CheckpointError, match="nlg train classifier --data FILE"):
        nlg.Classifier()
    with pytest.raises(CheckpointError, match="was made for couplet, not for classif"):
        nlg.Classifier(nlg.Couplets().checkpoint.folder)
