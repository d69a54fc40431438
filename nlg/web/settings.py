"""How to serve: what `nlg serve` is told, and the limits of a request."""

import dataclasses
import json
import pathlib

from nlg.config import check_bounds, hint
from nlg.errors import OptionError

MODELS = ("poem", "couplet", "qa", "write", "classify")
SHIPPED = MODELS[:-1]  # no classifier is
LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclasses.dataclass(frozen=True)
class ServeSettings:
    """What the server does; every worker process gets the same."""

    host: str = LOCAL[0]
    port: int = 8000
    models: tuple[str, ...] = ()  # of `MODELS`; (): all that there are
    classifier: str = ""  # folder of a classifier, without which there is none
    preload: bool = False  # open the models before the first request
    workers: int = 1  # processes
    tokens: str = ""  # file of bearer tokens, one a line; "": everyone may ask
    timeout: float = 30.0  # seconds that a request may take, waiting included
    queue: int = 256  # requests that wait for a model; more are sent away
    batch: int = 64  # requests that are answered together; 1: each by itself
    wait: float = 0.005  # seconds that the first of a batch waits for the others
    patience: float = 10.0  # seconds that a client may take to send a request
    body: int = 1_000_000  # bytes of a request
    connections: int = 1024  # at a time, of each process

    def __post_init__(self) -> None:
        """Refuse what cannot be served."""
        check_bounds(
            self,
            {
                "port": (0, 65_535),
                "workers": (1, 64),
                "timeout": (0.1, 3600),
                "queue": (1, 100_000),
                "batch": (1, 128),
                "wait": (0, 1),
                "patience": (0.1, 3600),
                "body": (1000, 100_000_000),
                "connections": (1, 100_000),
            },
        )
        for name in self.models:
            if name not in MODELS:
                raise OptionError(f"no model {name[:20]!r}; {hint(name, MODELS)}")
        if "classify" in self.models and not self.classifier:
            raise OptionError("no classifier is shipped; name yours: --classifier DIR")

    @property
    def served(self) -> tuple[str, ...]:
        """Return the names of the models that are served."""
        return self.models or (MODELS if self.classifier else SHIPPED)

    def to_json(self) -> str:
        """Return what `from_json` reads, in another process."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "ServeSettings":
        """Return the settings that `to_json` wrote."""
        values = json.loads(text)
        return cls(**values | {"models": tuple(values["models"])})


def read_tokens(path: str) -> tuple[bytes, ...]:
    """Return the bearer tokens of a file, one a line; blank lines and # are no tokens.

    Raises:
        OptionError: the file cannot be read, or has none.
    """
    try:
        rows = pathlib.Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"--tokens {path}: cannot be read: {error}") from None
    stripped = (row.strip() for row in rows)
    tokens = tuple(row.encode() for row in stripped if row and row[0] != "#")
    if not tokens:
        raise OptionError(f"--tokens {path}: no token in it; write one a line")
    return tokens
