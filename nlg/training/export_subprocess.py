"""Export a finished run in a process of its own.

tf2onnx needs Keras on TensorFlow, and the process that trained may run another backend.
"""

import os
import pathlib
import subprocess
import sys

from nlg.errors import NlgError
from nlg.progress_bar import taking


def export_in_subprocess(
    module: str, folder: pathlib.Path, *arguments: object
) -> pathlib.Path:
    """Run `python -m module folder out *arguments`; return `out`, folder/checkpoint.

    Raises:
        NlgError: the export failed; the run itself is whole.
    """
    out = folder / "checkpoint"
    command = [sys.executable, "-m", module, folder, out, *arguments]
    environment = {
        **os.environ,
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": os.pathsep.join(sys.path),  # nlg may run from a checkout
    }
    with taking("making the checkpoint and measuring it"):
        done = subprocess.run(
            [str(part) for part in command], env=environment, stderr=subprocess.PIPE
        )
    if done.returncode:
        last = "".join(done.stderr.decode(errors="replace").strip().splitlines()[-1:])
        raise NlgError(f"{folder} is trained, but the export failed: {last}")
    return out
