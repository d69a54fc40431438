"""Imports point down: a file imports from its own folder or from a floor below."""

import ast
import pathlib

import pytest

FLOORS = [  # ground floor first; names on one floor do not import each other
    {"errors", "__init__"},
    {"config", "files"},
    {"text", "layers"},
    {"metrics", "runtime"},
    {"backbone", "decode", "training"},
    {"poem", "couplet", "qa", "classify", "write", "pretrain"},
    {"web"},
    {"cli"},
    {"__main__", "cli.py"},
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
KERAS_FREE = {"errors", "config", "files", "text", "metrics", "runtime", "cli"} | {
    "__init__",
    "__main__",
    "cli.py",
    *(f"poem/{n}" for n in ("dataset", "generate", "latents", "rules", "evaluate")),
    "poem/check",
    *(f"poem/{n}" for n in ("compose", "conditions", "page", "wishes")),
    *(f"poem/{n}" for n in ("clusters", "map", "themes")),
    *(f"couplet/{n}" for n in ("dataset", "evaluate", "explain", "generate", "lines")),
    *(f"couplet/{n}" for n in ("lots", "options", "pairs", "rules", "scroll", "theme")),
    *(f"qa/{n}" for n in ("dataset", "examples", "negatives", "cloze", "evaluate")),
    *(f"qa/{n}" for n in ("answer_type", "options", "source", "lots", "generate")),
    "qa/explain",
    "qa/calibrate",
    *(f"classify/{n}" for n in ("dataset", "options", "predict")),
    *(f"write/{n}" for n in ("dataset", "generate", "options")),
    *(f"training/{n}" for n in ("options", "settings", "run", "backend", "batches")),
    *(f"training/{n}" for n in ("layerwise", "prefetch", "means", "bar")),
    *(f"backbone/{n}" for n in ("config", "names", "bert4keras_reader")),
    *(f"decode/{n}" for n in ("options", "results")),
    *(f"backbone/import_{n}" for n in ("config", "source", "tensors", "vocabulary")),
}
HEAVY = {"keras", "tensorflow", "torch", "jax", "tf2onnx", "onnx", "bert4keras"}
ROOT = pathlib.Path(__file__).parents[1]
FILES = [ROOT / "cli.py", *sorted((ROOT / "nlg").rglob("*.py"))]


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


def is_keras_free(path):
    parts = (
        path.relative_to(ROOT / "nlg").with_suffix("").parts
        if (path.is_relative_to(ROOT / "nlg"))
        else (path.name,)
    )
    return parts[0] in KERAS_FREE or "/".join(parts[:2]) in KERAS_FREE


def label(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=label)
def test_imports_point_down(path):
    assert climbs(home(path), ast.parse(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("path", filter(is_keras_free, FILES), ids=label)
def test_what_answers_imports_no_framework_when_imported(path):
    tree = ast.parse(path.read_text("utf-8"))
    tops = {name.split(".")[0] for name in imported(at_import(tree))}
    assert not tops & HEAVY


def test_each_keras_free_name_is_a_file_or_folder():
    # A file that is renamed must not slip out of the test above.
    for name in KERAS_FREE - {"cli.py"}:
        assert (ROOT / "nlg" / name).is_dir() or (ROOT / f"nlg/{name}.py").is_file()


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
