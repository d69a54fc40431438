"""What several tests share: the shipped models, and commands run in this process."""

import os
import pathlib
import subprocess
import sys

import click.testing
import pytest

from nlg.cli.main import main
from nlg.runtime import checkpoints_folder

ROOT = pathlib.Path(__file__).parents[1]
SHIPPED = checkpoints_folder() / "poem" / "vae"
# XLA compiles more than it computes here; read when TensorFlow or JAX is loaded.
XLA = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
os.environ.setdefault("XLA_FLAGS", XLA)


# Words in their paths.
LONG = ("train", "backends", "parallel", "resume", "unilm", "parity")


def pytest_collection_modifyitems(items):
    """Files of few and long tests go first, so that the processes end together."""
    items.sort(key=lambda item: not any(word in item.path.as_posix() for word in LONG))


@pytest.fixture(scope="session")
def poet():
    from nlg.poem.vae.poet import Poet

    return Poet.from_checkpoint(SHIPPED)


@pytest.fixture(scope="session")
def responder():
    from nlg.couplet.responder import Couplets

    return Couplets()


@pytest.fixture
def eager():
    """See `train_here.eagerly`."""
    from train_here import eagerly

    with eagerly():
        yield


@pytest.fixture
def run():
    """Run a command as the shell would; whatever is raised but not told is a bug."""

    def run(*arguments, stdin=None):
        result = click.testing.CliRunner().invoke(
            main, [str(argument) for argument in arguments], input=stdin
        )
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        return result

    return run


@pytest.fixture
def write(run, poet, monkeypatch):
    """`nlg poem` with the shipped checkpoint, which is opened once for all tests."""
    from nlg.poem.vae.poet import Poet

    opened = Poet.from_checkpoint

    def once(folder=None, device="cpu"):
        shipped = (folder or SHIPPED, device) == (SHIPPED, "cpu")
        return poet if shipped else opened(folder, device)

    monkeypatch.setattr(Poet, "from_checkpoint", once)
    return lambda *arguments, stdin=None: run("poem", *arguments, stdin=stdin)


@pytest.fixture
def shell():
    """Run `python -m nlg` in a process of its own; bytes out, as for a console."""

    def shell(*arguments, environment=None, **keywords):
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LC_", "LANG", "PYTHON"))
        }
        return subprocess.run(
            [sys.executable, "-m", "nlg", *arguments],
            cwd=ROOT,
            env=clean | (environment or {"PYTHONUTF8": "1"}),
            capture_output=True,
            timeout=60,
            **keywords,
        )

    return shell
