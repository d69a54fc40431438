"""The models of a server: each opened once, when it is first asked for."""

import concurrent.futures
import threading
from collections.abc import Callable
from typing import Any

import nlg
from nlg.runtime import Checkpoint
from nlg.runtime.checkpoint import SHA256, digest
from nlg.web.settings import ServeSettings

PARTS = {  # names that a server is told -> the objects that answer for them
    "poem": ("poet", "composer"),
    "couplet": ("couplets",),
    "qa": ("reader",),
    "write": ("reviewer",),
    "classify": ("classifier",),
}


FIRST: dict[str, Callable[[Any], Any]] = {  # the least that loads what answers need
    "poet": lambda poet: list(poet.write("五绝", candidates=1)),
    "composer": lambda composer: list(composer.write(form="五绝", candidates=1)),
    "couplets": lambda couplets: couplets.reply("春"),
    "reader": lambda reader: reader.answer("春？", ["春。"]),
    "reviewer": lambda reviewer: list(reviewer.write(max_length=1)),
    "classifier": lambda classifier: classifier.label("春"),
}


class Models:
    """Opens and keeps what answers.

    Args:
        settings: say which models are served.
        makers: open an object by its name; those of `nlg` by default.
    """

    def __init__(
        self,
        settings: ServeSettings,
        makers: dict[str, Callable[[], Any]] | None = None,
    ):
        self.names = settings.served
        self.makers = makers or _makers(settings)
        self._open: dict[str, Any] = {}
        self._locks = {name: threading.Lock() for name in self.makers}

    def get(self, name: str) -> Any:
        """Return what answers, such as "couplets"; opens it at the first call."""
        with self._locks[name]:
            if name not in self._open:
                self._open[name] = self.makers[name]()
            return self._open[name]

    def preload(self) -> None:
        """Open all that is served, with the graphs and tables of a first answer."""
        parts = [part for name in self.names for part in PARTS[name]]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda part: FIRST[part](self.get(part)), parts))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return what a client may know of each model: no path among it."""
        return [
            {
                "name": name,
                "parts": [self._described(part) for part in PARTS[name]],
            }
            for name in self.names
        ]

    def _described(self, part: str) -> dict[str, Any]:
        found = self._open.get(part)
        if found is None:
            return {"name": part, "open": False}
        checkpoint: Checkpoint = found.checkpoint
        listing = digest(checkpoint.folder / SHA256)[:16]
        task = checkpoint.config.task
        return {"name": part, "open": True, "task": task, "sha256": listing}


def _makers(settings: ServeSettings) -> dict[str, Callable[[], Any]]:
    return {
        "poet": lambda: nlg.Poet(),
        "composer": lambda: nlg.Composer(),
        "couplets": lambda: nlg.Couplets(),
        "reader": lambda: nlg.Reader(),
        "reviewer": lambda: nlg.Reviewer(),
        "classifier": lambda: nlg.Classifier(settings.classifier),
    }
