"""The program: what stands around the command line from its first moment to its last.

    closed streams get a substitute -> the commands are imported -> one runs
    -> what it printed is flushed; if that fails, the exit code is 1

Nothing is imported here that takes time, so an interrupt is never a traceback.
"""

import contextlib
import os
import sys
from typing import Any

STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
# Modules that nlg can do without, and the extra of nlg that installs them.
EXTRAS = {
    **dict.fromkeys(("keras", "tensorflow", "tf_keras", "bert4keras"), "train"),
    **dict.fromkeys(("onnx", "tf2onnx", "safetensors", "h5py"), "train"),
    **dict.fromkeys(("jieba", "sklearn", "scipy"), "words"),
    "matplotlib": "plot",
    "sacrebleu": "eval",
    **dict.fromkeys(("pyarrow", "zstandard"), "batch"),
    "ray": "ray",
    **dict.fromkeys(("fastapi", "uvicorn", "prometheus_client"), "web"),
    **dict.fromkeys(("starlette", "pydantic", "pydantic_core", "httptools"), "web"),
}


def run() -> None:
    """Run the command line, and exit."""
    code = 1
    try:
        replace_closed_streams()
        code = _run()
    except KeyboardInterrupt:
        _say("Aborted!")
    why_not = _flush()
    if why_not and not code:
        code = 1
        _say(f"Error: standard output: {why_not}")
    sys.exit(code)


def _run() -> int:
    """Return the exit code of a command."""
    try:
        from nlg.cli.main import main

        main()
    except SystemExit as ended:
        return _code_of(ended)
    except ImportError as error:
        line = missing_package(error)
        if not line:
            raise
        _say(f"Error: {line}")
        return 1
    return 0


def _code_of(ended: SystemExit) -> int:
    if ended.code is None or isinstance(ended.code, int):
        return ended.code or 0
    _say(str(ended.code))
    return 1


def missing_package(error: ImportError) -> str:
    """Return which extra installs a package that is missing; "" if none does."""
    package = (error.name or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or package not in EXTRAS:
        return ""
    return f'this needs {package}; pip install "nlg[{EXTRAS[package]}]"'


def replace_closed_streams() -> None:
    """Open what fails in place of each standard stream that the shell closed.

    Without that, the next file to be opened would take the number of a stream, and get
    what is printed.
    """
    wrong = {0: os.O_WRONLY, 1: os.O_RDONLY, 2: os.O_RDWR}  # of 0 and 1: the wrong ones
    for number, mode in wrong.items():
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest number that is free
    for number, (name, way) in enumerate(STREAMS):
        if getattr(sys, name) is None:
            stream: Any = os.fdopen(number, way, encoding="utf-8", closefd=False)
            setattr(sys, name, stream)


def _flush() -> str:
    """Write what is left in the buffer of stdout; return why that fails, or ""."""
    try:
        sys.stdout.flush()
        return ""
    except BrokenPipeError:  # `| head` has what it wanted
        why = ""
    except OSError as error:
        why = str(error.strerror)
    # What cannot be written would be tried again, and reported, when Python ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return why


def _say(line: str) -> None:
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)
