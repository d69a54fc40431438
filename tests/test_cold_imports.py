"""`--help` answers at once: no command needs more than click to describe itself."""

import json
import subprocess
import sys

import pytest

HEAVY = {"keras", "tensorflow", "torch", "jax", "onnxruntime", "numpy", "opencc"}
WALK = """
import json, sys
import click, click.testing
from nlg.cli.main import main

def walk(command, path):
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from walk(command.get_command(context, name), [*path, name])

paths = list(walk(main, []))
runner = click.testing.CliRunner()
helps = {" ".join(p): runner.invoke(main, [*p, "--help"]) for p in paths}
print(json.dumps({
    "failed": [name for name, result in helps.items() if result.exit_code],
    "usage": {name: result.output.splitlines()[0] for name, result in helps.items()},
    "modules": sorted({name.split(".")[0] for name in sys.modules}),
}))
"""


@pytest.fixture(scope="module")
def walked():
    done = subprocess.run(
        [sys.executable, "-c", WALK], capture_output=True, check=True, text=True
    )
    return json.loads(done.stdout)


def test_no_help_imports_a_framework(walked):
    assert "click" in walked["modules"]
    assert HEAVY.isdisjoint(walked["modules"])


def test_every_command_and_group_has_a_help(walked):
    assert walked["failed"] == []
    assert {"", "poem", "data poem", "train poem-vae", "eval poem"} <= set(
        walked["usage"]
    )
    assert all(line.startswith("Usage: ") for line in walked["usage"].values())


def test_nlg_runs_as_a_module(shell):
    done = shell("--help")
    assert done.returncode == 0
    assert done.stdout.decode().startswith("Usage: python -m nlg")
    assert done.stderr == b""


def test_a_command_imports_its_own_file_and_no_other_command():
    code = """
import sys
from nlg.cli.main import main
main(["couplet", "--help"], standalone_mode=False)
print(sorted(x for x in sys.modules if x.startswith("nlg.cli.")), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "nlg.cli.couplet" in done.stderr
    assert "nlg.cli.qa" not in done.stderr and "nlg.cli.train" not in done.stderr
