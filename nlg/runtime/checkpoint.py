"""A checkpoint folder: what a command needs to answer, and proof that it is whole.

    config.json           what it is, see `nlg.runtime.config`
    vocab.txt             one character a line
    weights.safetensors   the parameters, 16 bits, by the names Keras gives them
    *.onnx                the compiled graphs; their weights are the file above
    metrics.json          how good it is, and the command that made it
    sha256                one line a file, as `sha256sum` writes and checks it

Nothing here is unpickled or executed; a file that is not what the list says is refused,
and so is what points outside the folder: a name in the list, weights of a graph.
"""

import functools
import hashlib
import json
import pathlib
import re
import threading
from collections.abc import Callable, Container
from typing import Any, TypeVar

from nlg.errors import CheckpointError, DataError
from nlg.files import write_whole
from nlg.runtime.config import CONFIG, FORMAT, read_config
from nlg.runtime.facts import WAY_OUT
from nlg.runtime.graph import Graph
from nlg.text.vocab import Vocabulary

VOCABULARY, WEIGHTS = "vocab.txt", "weights.safetensors"
GUIDED = "_guided"  # ends the name of a graph that compares two conditions
CHECKPOINT = "checkpoint"  # folder of a run's checkpoint, inside that of the run
METRICS, SHA256 = "metrics.json", "sha256"
OUTSIDE = re.compile(r"[/\\:\0]|^\.*$")  # in the name of a file, or all of it
NO_TEXT = (OSError, ValueError, DataError)  # what reading and parsing a text raises
Built = TypeVar("Built")


class Checkpoint:
    """An opened folder; graphs are loaded when first asked for."""

    def __init__(
        self,
        folder: pathlib.Path,
        listed: Container[str],
        device: str,
        threads: int | None = None,
    ):
        self.folder = folder
        self.listed = listed  # names of the files that were checked
        self.device = device
        self.threads = threads
        self._graphs: dict[str, Graph] = {}
        self._lock = threading.Lock()  # threads that ask for a graph load it once
        self.config = read_config(folder)

    def path(self, name: str) -> pathlib.Path:
        """Return where the file `name` is, if it is one of those that were checked."""
        if name not in self.listed:
            raise CheckpointError(
                f"{self.folder}: {SHA256} does not list {name}; copy the folder again"
            )
        return self.folder / name

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        """Return the characters that the model knows."""
        return self.read(VOCABULARY, Vocabulary.of_text)

    @functools.cached_property
    def metrics(self) -> dict[str, Any]:
        """Return how good the model is, as its maker measured it."""
        return self.read(METRICS, json.loads)

    def read(self, name: str, parse: Callable[[str], Built]) -> Built:
        """Return what `parse` makes of the text in the file `name`."""
        path = self.path(name)
        try:
            return parse(path.read_text("utf-8"))
        except (*NO_TEXT, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise CheckpointError(
                f"{path} cannot be used: {error}; {WAY_OUT}"
            ) from None

    def graph(self, name: str) -> Graph:
        """Return the graph `name`.onnx, compiled for this checkpoint's device."""
        with self._lock:
            if name not in self._graphs:
                path = self.path(f"{name}.onnx")
                self._graphs[name] = Graph(path, self.device, self.threads, self.listed)
            return self._graphs[name]


def open_checkpoint(
    folder: pathlib.Path, *tasks: str, device: str = "cpu", threads: int | None = None
) -> Checkpoint:
    """Check `folder` and open it.

    Args:
        folder: see the module's text; or a run, whose checkpoint is meant.
        *tasks: what it must have been made for, such as "poem-vae"; one of them.
        device: "cpu" or "gpu".
        threads: for the graphs; all cores by default.

    Raises:
        CheckpointError: missing, half-written, altered, of another task or format.
    """
    folder = of_run(folder)
    listed = _check_files(folder)
    checkpoint = Checkpoint(folder, listed, device, threads)
    made_for, made_as = checkpoint.config.task, checkpoint.config.format
    if made_for not in tasks:
        raise CheckpointError(
            f"{folder} was made for {made_for}, not for {' or '.join(tasks)}; "
            "pass another --checkpoint"
        )
    if made_as != FORMAT:
        raise CheckpointError(
            f"{folder} has format {made_as}, this nlg reads format {FORMAT}; "
            "install the nlg that made it, or train it again"
        )
    return checkpoint


def of_run(folder: pathlib.Path) -> pathlib.Path:
    """Return the checkpoint of a run's folder; another folder as it is.

    A run has a config.json too, but no list of files.
    """
    inside = folder / CHECKPOINT
    own = (folder / SHA256).is_file()
    return inside if not own and (inside / SHA256).is_file() else folder


def seal(folder: pathlib.Path) -> None:
    """Write the list of files and their hashes; the last thing a maker does."""
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    lines = [
        f"{digest(path)}  {path.name}\n"
        for path in paths
        if path.name != SHA256 and path.suffix != ".part"
    ]
    write_whole(folder / SHA256, "".join(lines).encode())


def digest(path: pathlib.Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_files(folder: pathlib.Path) -> Container[str]:
    """Compare every file with the list, and return the names on it."""
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: no such checkpoint folder")
    try:
        lines = (folder / SHA256).read_text("utf-8").splitlines()
        expected = {
            name: known for known, _, name in (x.partition("  ") for x in lines)
        }
    except (OSError, UnicodeDecodeError):
        raise CheckpointError(
            f"{folder}: no list of files ({SHA256}); it is empty, half-written or no "
            "checkpoint of nlg: copy it again or train it again"
        ) from None
    if CONFIG not in expected:
        raise CheckpointError(
            f"{folder}: {SHA256} does not list {CONFIG}; copy it again"
        )
    for name, known in expected.items():
        if OUTSIDE.search(name):
            raise CheckpointError(
                f"{folder}: {SHA256} lists {name!r}, no file of the folder; do not "
                "use it"
            )
        path = folder / name
        if not path.is_file():
            raise CheckpointError(f"{path} is missing; copy the folder again")
        if digest(path) != known:
            raise CheckpointError(
                f"{path} is not the file it should be (its sha256 differs): truncated "
                "or altered; copy the folder again"
            )
    return expected.keys()
