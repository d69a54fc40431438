"""Run the application with uvicorn.

A client that is slow to send the head of a request loses its connection; how slow a
body may be, `nlg.web.guard` says. Neither holds a thread.
"""

import asyncio
import logging
import os
import sys
import tempfile
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from nlg.web.metrics import FOLDER
from nlg.web.settings import LOCAL, ServeSettings, read_tokens

SETTINGS = "NLG_SERVE"  # environment variable that tells a worker process
LONGEST_HEAD = 32_768  # bytes of a request's target and headers
NOT_LOCAL = (
    "note: everyone who reaches this machine can ask; with --tokens FILE, only those "
    "who have a token"
)
log = logging.getLogger("nlg.web")


class HeadTooLong(Exception):
    """The target and headers of a request are too long."""


class ImpatientProtocol(HttpToolsProtocol):
    """Closes a connection whose request does not begin, or whose head does not end."""

    patience = ServeSettings.patience
    _timer: asyncio.TimerHandle | None = None
    _head = 0  # bytes so far

    def connection_made(self, transport: Any) -> None:
        """Wait for the head of the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Wait for the end of a head."""
        super().on_message_begin()
        self._head = 0
        if self._timer is None:
            self._wait()

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(name + value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Let the application go on."""
        self._wait_no_more()
        super().on_headers_complete()

    def _count(self, part: bytes) -> None:
        self._head += len(part)
        if self._head > LONGEST_HEAD:
            raise HeadTooLong  # httptools ends the parsing, uvicorn answers 400

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.patience, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def app_from_environment() -> ASGIApp:
    """Return the application that a worker process serves."""
    settings = ServeSettings.from_json(os.environ[SETTINGS])
    _set_up(settings)
    from nlg.web.app import make_app

    return make_app(settings)


def serve(settings: ServeSettings) -> None:
    """Serve until SIGTERM or an interrupt; what is in flight is answered first.

    Raises:
        OptionError: the file of tokens is of no use.
    """
    if settings.tokens:
        read_tokens(settings.tokens)  # a file of no use is refused at once
    if settings.host not in LOCAL and not settings.tokens:
        print(NOT_LOCAL, file=sys.stderr)
    os.environ[SETTINGS] = settings.to_json()
    if settings.workers == 1:
        return _run(settings)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[FOLDER] = folder
        _run(settings)


def _run(settings: ServeSettings) -> None:
    uvicorn.run(
        "nlg.web.server:app_from_environment",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        **uvicorn_options(settings),
    )


def uvicorn_options(settings: ServeSettings) -> dict[str, Any]:
    """Return how uvicorn is to serve, wherever it listens."""
    return {
        "http": ImpatientProtocol,
        "ws": "none",
        "limit_concurrency": settings.connections,
        "timeout_graceful_shutdown": int(settings.timeout) + 1,
        "access_log": False,  # nlg.web.guard logs, and escapes what clients sent
        "server_header": False,
        "log_config": None,
        "proxy_headers": False,
    }


def _set_up(settings: ServeSettings) -> None:
    """Log to stderr, and be as patient as the settings say."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.INFO)
    ImpatientProtocol.patience = settings.patience
