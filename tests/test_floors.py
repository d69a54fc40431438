"""Imports point down: a file imports from its own folder or from a floor below."""

import ast
import pathlib

import pytest

FLOORS = [  # ground floor first; names on one floor do not import each other
    {"errors", "__init__"},
    {"config", "files", "progress_bar"},
    {"text", "layers"},
    {"metrics", "runtime"},
    {"backbone", "decode", "training"},
    {"onnx_export"},
    {"poem", "couplet", "qa", "classify", "write", "pretrain"},
    {"batch"},
    {"web"},
    {"cli"},
    {"__main__", "cli.py"},
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
# What trains: these folders, and `train/` in the folder of each task; the rest answers.
TRAINS = {"layers", "backbone", "decode", "onnx_export", "training", "pretrain"}
# Of these folders, what answers needs too; so it imports no Keras either.
SHARED = {"backbone.config", "decode.results"}
# Commands that train or fit; and the import of a BERT, which writes Keras weights.
TRAINING_COMMANDS = {
    f"cli.{n}" for n in ("train", "average", "calibrate", "import_bert")
}
# Others that need no Keras, since a process that has not chosen a backend imports them.
ALSO_FREE = {
    *(f"training.{n}" for n in ("options", "settings", "run", "backend", "batches")),
    *(f"training.{n}" for n in ("layerwise", "prefetch", "metric_means")),
    "training.progress_bar",
    *(f"backbone.{n}" for n in ("names", "bert4keras_reader")),
    *(f"backbone.import_{n}" for n in ("config", "source", "tensors", "vocabulary")),
    *(f"{n}.train.options" for n in ("classify", "couplet", "qa", "write")),
    *(f"poem.{n}.train.options" for n in ("vae", "writer")),
    "pretrain.options",
}
HEAVY = {"keras", "tensorflow", "torch", "jax", "tf2onnx", "onnx", "bert4keras"}
ROOT = pathlib.Path(__file__).parents[1]
FILES = [ROOT / "cli.py", *sorted((ROOT / "nlg").rglob("*.py"))]
API = ROOT / "nlg" / "__init__.py"  # imports from every floor, but no sooner than asked


def home(path):
    """nlg/qa/fusion.py -> "qa"; nlg/errors.py -> "errors"; cli.py -> "cli.py"."""
    parts = path.relative_to(ROOT).parts
    return parts[1].removesuffix(".py") if parts[0] == "nlg" else parts[0]


def names_of(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "write absolute imports: the floor then shows"
        whole = node.module == "nlg"  # `from nlg import text` imports nlg.text
        return [f"nlg.{alias.name}" if whole else node.module for alias in node.names]
    return []


def imported(nodes):
    return [name for node in nodes for name in names_of(node)]


def at_import(node):
    """The nodes that run when the file is imported: not what is in a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from at_import(child)


def climbs(here, tree):
    """Return the imports of a file at `here` that do not point down."""
    homes = {
        name.split(".")[1] if "." in name else "__init__"
        for name in imported(ast.walk(tree))
        if name.split(".")[0] == "nlg"
    }
    return [to for to in sorted(homes) if to != here and FLOOR[to] >= FLOOR[here]]


def module_of(path):
    """nlg/qa/train/model.py -> "qa.train.model"; nlg/qa/__init__.py -> "qa"."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "nlg" else parts).removesuffix(".__init__")


MODULES = {module_of(path) for path in FILES}


def trains(module):
    """Return whether a module, without its `nlg.`, is one that trains."""
    first, *rest = module.split(".")
    return first in TRAINS or (first != "cli" and "train" in rest)


def answers(path):
    return not trains(module_of(path)) or module_of(path) in SHARED


def only_answers(path):
    return answers(path) and module_of(path) not in TRAINING_COMMANDS


def reaches(tree):
    """Return what a file imports, at any time, of what trains."""
    modules = {
        name.removeprefix("nlg.")
        for node in ast.walk(tree)
        for name in [*names_of(node), *members_of(node)]
        if name.startswith("nlg.") and name.removeprefix("nlg.") in MODULES
    }
    return sorted(name for name in modules if trains(name) and name not in SHARED)


def members_of(node):
    """Return what `from nlg.qa import evaluate` may import: nlg.qa.evaluate."""
    if isinstance(node, ast.ImportFrom) and node.module != "nlg":
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def needs_no_keras(path):
    return answers(path) or module_of(path) in ALSO_FREE


def label(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [p for p in FILES if p != API], ids=label)
def test_imports_point_down(path):
    assert climbs(home(path), ast.parse(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("path", filter(needs_no_keras, FILES), ids=label)
def test_what_answers_imports_no_framework_when_imported(path):
    tree = ast.parse(path.read_text("utf-8"))
    tops = {name.split(".")[0] for name in imported(at_import(tree))}
    assert not tops & HEAVY


@pytest.mark.parametrize("path", filter(only_answers, FILES), ids=label)
def test_what_answers_imports_nothing_that_trains(path):
    assert reaches(ast.parse(path.read_text("utf-8"))) == []


def test_each_listed_name_is_a_file():
    # A file that is renamed must not slip out of the tests above.
    assert SHARED | ALSO_FREE | TRAINING_COMMANDS <= MODULES


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("from nlg.qa.train import model", ["qa.train", "qa.train.model"]),
        ("def late():\n    from nlg.training.run import Run", ["training.run"]),
        ("import nlg.layers.norm", ["layers.norm"]),
        ("from nlg.decode.results import NEG_INF", []),
        ("from nlg.qa import evaluate", []),
    ],
)
def test_an_import_of_what_trains_is_seen(line, wrong):
    assert reaches(ast.parse(line)) == wrong


@pytest.mark.parametrize(
    ("here", "line", "wrong"),
    [
        ("text", "from nlg.poem.rules import Rulebook", ["poem"]),
        ("poem", "from nlg.couplet import dataset", ["couplet"]),
        ("poem", "from nlg.text import prosody", []),
        ("poem", "import nlg", []),
        ("poem", "from nlg import cli", ["cli"]),
        ("runtime", "def late():\n    import nlg.web.page", ["web"]),
    ],
)
def test_an_import_that_climbs_is_seen(here, line, wrong):
    assert climbs(here, ast.parse(line)) == wrong


def test_only_what_runs_at_import_counts_as_import():
    source = """
if TYPE_CHECKING:
    import torch
try:
    import keras
except ImportError:
    pass
def late():
    import jax
"""
    assert imported(at_import(ast.parse(source))) == ["keras"]
