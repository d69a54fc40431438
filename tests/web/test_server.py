"""`nlg serve` as a process: ready, several workers, and an end that loses nothing."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import httpx
import pytest
from told import told
from web.serving import LONG

from nlg.web import server


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def process(*options):
    """Run `nlg serve` until it is ready; yields the process and its address."""
    port = free_port()
    command = [sys.executable, "-m", "nlg", "serve", "--port", str(port), *options]
    with tempfile.TemporaryFile() as log:
        running = subprocess.Popen(command, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(running, address, log)
            yield running, address
        finally:
            running.send_signal(signal.SIGTERM)  # its workers end with it
            running.wait(LONG)


def wait_until_ready(running, address, log):
    while running.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{address}/readyz", timeout=LONG).status_code == 200:
                return
        time.sleep(0.05)
    log.seek(0)
    raise AssertionError(log.read().decode())


def test_what_is_in_flight_at_a_sigterm_is_answered():
    with process("--models", "poem", "--preload") as (running, address):
        found = []
        headers = {"accept": "text/event-stream"}
        body = {"form": "七律", "theme": "江水", "candidates": 1, "seed": 1}
        first = threading.Event()

        def ask():
            with httpx.stream(
                "POST", f"{address}/v1/poem", json=body, headers=headers, timeout=LONG
            ) as answer:
                for line in answer.iter_lines():
                    found.append(line)
                    first.set()

        asking = threading.Thread(target=ask)
        asking.start()
        assert first.wait(LONG)
        running.send_signal(signal.SIGTERM)
        asking.join()
        assert running.wait(LONG) in (0, -signal.SIGTERM)
    assert found.count("event: lines") == 8 and "event: done" in found
    last = [line for line in found if line.startswith("data: ")][-2]
    assert len(json.loads(last.removeprefix("data: "))["lines"]) == 8


def test_the_metrics_of_all_workers_are_one_sum():
    with process("--models", "couplet", "--workers", "2") as (_, address):
        for _ in range(6):
            answer = httpx.post(
                f"{address}/v1/couplet", json={"line": "春"}, timeout=LONG
            )
            assert answer.status_code == 200
        text = httpx.get(f"{address}/metrics", timeout=LONG).text
    assert 'nlg_requests_total{path="/v1/couplet",status="200"} 6.0' in text


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--models", "poems"], "no model 'poems'; did you mean poem"),
        (["--models", "classify"], "no classifier is shipped"),
    ],
)
def test_what_makes_no_sense_is_refused_by_the_command(run, options, reason):
    assert reason in told(run("serve", *options), 2)


@pytest.mark.parametrize(
    ("options", "warns"),
    [
        ([], False),
        (["--host", "localhost"], False),
        (["--host", "0.0.0.0"], True),
        (["--host", "0.0.0.0", "--tokens", __file__], False),
    ],
)
def test_a_server_for_everyone_says_so(run, monkeypatch, options, warns):
    monkeypatch.setattr(server, "_run", lambda settings: None)
    monkeypatch.setenv(server.SETTINGS, "")  # put back afterwards
    result = run("serve", *options)
    assert result.exit_code == 0
    assert ("everyone who reaches this machine" in result.stderr) == warns


def test_a_file_without_tokens_is_refused_before_anything_starts(run, tmp_path):
    path = tmp_path / "tokens.txt"
    path.touch()
    assert "no token in it" in told(run("serve", "--tokens", path), 2)
