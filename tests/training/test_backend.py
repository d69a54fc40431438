import sys

import pytest

from nlg.errors import NlgError, OptionError
from nlg.training.backend import choose_backend


def test_a_missing_keras_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)  # what Python sees if it is absent
    with pytest.raises(
        NlgError, match=r'training needs keras: pip install "nlg\[train]"'
    ):
        choose_backend(None, "float32", seed=1)


def test_another_backend_than_the_running_one_is_refused():
    choose_backend(None, "float32", seed=1)
    running = sys.modules["keras"].backend.backend()
    other = {"tensorflow": "jax"}.get(running, "tensorflow")
    with pytest.raises(OptionError, match=f"keras already runs on {running}"):
        choose_backend(other, "float32", seed=1)


@pytest.fixture(autouse=True)
def keep_environment(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
