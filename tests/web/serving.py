"""Servers that tests ask: uvicorn in a thread of this process, at a port of its own."""

import contextlib
import json
import socket
import threading

import httpx
import uvicorn

from nlg.web.app import make_app
from nlg.web.server import ImpatientProtocol, uvicorn_options
from nlg.web.settings import ServeSettings

LONG = 120.0  # seconds: what takes longer never comes


@contextlib.contextmanager
def served(settings=None, models=None):
    """Serve in a thread; yields a client of the server."""
    settings = settings or ServeSettings(timeout=LONG)
    options = uvicorn_options(settings)
    patience = {"patience": settings.patience}
    options["http"] = type("Protocol", (ImpatientProtocol,), patience)
    app = make_app(settings, models)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, **options)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            host, port = listener.getsockname()
            with httpx.Client(base_url=f"http://{host}:{port}", timeout=LONG) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def events_of(client, path, body):
    """Return the server-sent events of an answer, as pairs of name and value."""
    headers = {"accept": "text/event-stream"}
    answer = client.post(path, json=body, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
    blocks = [block.split("\n") for block in answer.text.split("\n\n") if block]
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in blocks
    ]


def error_of(answer, status):
    """Return why there is no answer: one line, and nothing else."""
    assert answer.status_code == status, answer.text
    (reason,) = answer.json().values()
    assert list(answer.json()) == ["error"] and "\n" not in reason
    assert "Traceback" not in reason and ".py" not in reason
    return reason


class Slow:
    """Couplets that answer when they are told to; each line answers itself.

    Args:
        go: an Event; answers wait for it.
    """

    def __init__(self, go):
        self.go, self.batches = go, []
        self.begun = threading.Semaphore(0)  # released as each batch begins

    def reply_all(self, lines, options):
        from nlg.couplet.results import Reply

        lines = list(lines)
        self.batches.append(lines)
        self.begun.release()
        assert self.go.wait(LONG)
        return ([Reply(line, line[::-1], 0.0)] for line in lines)
