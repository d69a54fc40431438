"""What this process proves of one Keras backend, proved of the others by processes."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import keras
import pytest

HERE = pathlib.Path(__file__).parent
# One test for each hook into Keras; what they call is the same on every backend.
CORE = "own_rate or one_large_batch or moving_average or lent or frozen or interrupted"
CORE += " or two_processes or on_every_backend or add_up or of_numpy or to_the_bit"
# Nor may TensorFlow be needed; Keras would load it, to seed it, if it could.
WITHOUT_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = None
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""
FASTER = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # XLA compiles more than it computes
FILES = [
    HERE / "test_muon.py",
    HERE / "test_optimizer.py",
    HERE / "test_resume.py",
    HERE / "test_parallel.py",
    HERE.parent / "layers" / "test_record.py",
    HERE.parent / "layers" / "test_measured.py",
]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="once is enough")
@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_steps_resuming_and_recording_hold_on_every_backend(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    options = ["-n", "0", "-p", "no:cacheprovider", "-k", f"{CORE} or recorded"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW, *options, *FILES],
        env={**os.environ, "KERAS_BACKEND": backend} | FASTER,
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
