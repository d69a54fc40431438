r"""A run folder: what a training run leaves behind, written so that nothing is lost.

    config.json          what was asked for (settings.py); `--config` starts it again
    log.jsonl            one line a look at dev, in order of steps
    state.safetensors    every variable of model and optimizer, and the step
    best.safetensors     the weights that did best on dev
    loss.png             the log as a picture

Files are replaced, never written over: a full disk or a kill leaves the old one whole.
Of several processes (`nlg.training.parallel`) the first alone writes; the others wait
until it has prepared the folder.
"""

import json
import pathlib
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from nlg.errors import CheckpointError, DataError, NlgError, OptionError
from nlg.files import replacing, write_whole
from nlg.training import parallel
from nlg.training.settings import read_config


class Run:
    """The files of one training run."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        if not parallel.is_first():
            parallel.wait()  # for the first, which comes to its training
        folder.mkdir(parents=True, exist_ok=True)

    def lock_config(
        self,
        config: dict[str, Any],
        may_change: tuple[str, ...] = (),
        defaults: dict[str, Any] | None = None,
    ) -> None:
        """Write `config`, or check that the folder was made with the same one.

        Keys in `may_change` (dotted) may differ: more steps, say. A key that the folder
        is too old to have counts as what `defaults` say.
        """
        path = self.folder / "config.json"
        now = json.loads(json.dumps(config))  # as it will be read: lists for tuples
        if path.exists():
            old = _flat(json.loads(json.dumps(defaults or {})) | read_config(path))
            for key in sorted(old.keys() | _flat(now).keys()):
                before, after = old.get(key), _flat(now).get(key)
                if before != after and key not in may_change:
                    raise DataError(
                        f"{self.folder} holds a run with {key} = {before}, not {after};"
                        " take another folder or the same settings"
                    )
        if parallel.is_first():
            write_whole(path, json.dumps(now, ensure_ascii=False, indent=2).encode())

    def save(self, name: str, tensors: dict[str, np.ndarray], **metadata: Any) -> None:
        """Write `tensors` and JSON-able `metadata` to `name`, atomically.

        Raises:
            NlgError: it cannot be written; what was there is as it was.
        """
        if not parallel.is_first():
            return
        notes = {key: json.dumps(value) for key, value in metadata.items()}
        path = self.folder / name
        try:
            with replacing(path) as part:
                save_file(tensors, part, notes)
        except (OSError, SafetensorError) as error:  # a full disk may raise either
            raise NlgError(
                f"{path} cannot be written: {error}; the one before is whole: make "
                "room and start the same command again"
            ) from None

    def load(self, name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Return the tensors and metadata of `name`; None if there is no such file.

        Nothing but safetensors is read, which holds numbers and no code.

        Raises:
            CheckpointError: the file is cut short or of another kind.
        """
        path = self.folder / name
        if not path.exists():
            return None
        try:
            with safe_open(path, framework="numpy") as file:
                names = list(file.keys())
                tensors = {key: file.get_tensor(key) for key in names}
                notes = file.metadata() or {}
            return tensors, {key: json.loads(value) for key, value in notes.items()}
        except (SafetensorError, OSError, ValueError) as error:
            raise CheckpointError(
                f"{path} cannot be read ({error}); put a copy of it back, or take "
                "another folder and start anew"
            ) from None

    def log(self, line: dict[str, Any]) -> None:
        """Append one JSON line."""
        if not parallel.is_first():
            return
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """Return the log; a last line that a kill cut short is left out."""
        path = self.folder / "log.jsonl"
        if not path.exists():
            return []
        whole = path.read_text("utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def forget_after(self, step: int) -> list[dict[str, Any]]:
        """Drop log lines of later steps than `step`: they will be run again."""
        kept = [line for line in self.lines() if line["step"] <= step]
        if parallel.is_first():
            text = "".join(json.dumps(line) + "\n" for line in kept)
            write_whole(self.folder / "log.jsonl", text.encode())
        return kept


def best_line(log: list[dict[str, Any]], by: str = "dev_loss") -> dict[str, Any]:
    """Return the line with the least `worth`, the first of equals.

    Example:
        >>> log = [{"dev_loss": 3.0, "dev_f1": 0.5}, {"dev_loss": 2.0, "dev_f1": 0.4}]
        >>> best_line(log) is log[1], best_line(log, "+dev_f1") is log[0]
        (True, True)
    """
    return min(log, key=lambda line: worth(line, by))


def worth(line: dict[str, Any], by: str) -> float:
    """Return the score of `line` that `by` names; its negative for a + before the name.

    Raises:
        OptionError: the task has no such score.
    """
    name = by.removeprefix("+")
    if name not in line:
        scores = ", ".join(x for x in line if x.startswith("dev_"))
        raise OptionError(f"best_by is {by!r}; a look at dev gives {scores}")
    return line[name] if by == name else -line[name]


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return `{"train": {"steps": 5}}` as `{"train.steps": 5}`."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
