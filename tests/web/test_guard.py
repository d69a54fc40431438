"""What is done with every request: limits, tokens, headers, log and metrics."""

import dataclasses
import logging
import socket
import threading

import httpx
import pytest
from web.serving import LONG, Slow, error_of, served

from nlg.errors import OptionError
from nlg.poem.known import Originality
from nlg.poem.writer.composer import ComposedPoem
from nlg.web.guard import escaped
from nlg.web.models import Models
from nlg.web.settings import ServeSettings, read_tokens

QUICK = 1.0  # seconds of patience of a server with none


def couplets_alone(**changes):
    """Return the settings of a server whose couplets are `Slow`, and these."""
    settings = ServeSettings(models=("couplet",), timeout=LONG, batch=1)
    settings = dataclasses.replace(settings, **changes)
    slow = Slow(threading.Event())
    return settings, Models(settings, {"couplets": lambda: slow}), slow


def raw_connection(client):
    url = client.base_url
    return socket.create_connection((url.host, url.port), timeout=LONG)


def read_all(connection):
    return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/models", "/nothing", "/healthz"])
def test_every_answer_has_the_headers_that_keep_a_page_to_itself(server, path):
    headers = server.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "access-control-allow-origin" not in headers and "server" not in headers


def test_other_origins_may_not_ask(server):
    headers = {
        "origin": "http://elsewhere.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    answer = server.options("/v1/couplet", headers=headers)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


def test_nothing_outside_the_folder_of_the_page_is_served(server):
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd"):
        with raw_connection(server) as connection:
            head = f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
            connection.sendall(head.encode())
            assert read_all(connection).startswith(b"HTTP/1.1 404 ")


# --- limits


def test_a_large_body_is_refused_before_it_is_read(server):
    with raw_connection(server) as connection:
        connection.sendall(
            b"POST /v1/qa HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: 1000001\r\n\r\n"
        )  # and not a byte of it
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"send at most 1,000,000 bytes" in answer


def test_a_large_body_that_hides_its_size_is_refused(server):
    chunks = (b" " * 100_000 for _ in range(11))
    headers = {"content-type": "application/json"}
    answer = server.post("/v1/qa", content=chunks, headers=headers)
    assert "too large" in error_of(answer, 413)


def test_slow_clients_lose_their_connection_and_hold_nobody_up():
    settings, models, slow = couplets_alone(patience=QUICK)
    slow.go.set()
    with served(settings, models) as client:
        nothing, head, body = (raw_connection(client) for _ in range(3))
        with nothing, head, body:
            head.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ")
            body.sendall(
                b"POST /v1/couplet HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n"
                b"content-type: application/json\r\n\r\n{"
            )
            answer = client.post("/v1/couplet", json={"line": "春"})
            assert answer.status_code == 200
            assert closed(nothing) and closed(head)
            assert read_all(body).startswith(b"HTTP/1.1 408 ")


def closed(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_head_without_end_is_refused(server):
    with raw_connection(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n")
        answer = b""
        try:
            for _ in range(100):
                connection.sendall(b"x-long: " + b"a" * 1000 + b"\r\n")
            answer = read_all(connection)
        except (ConnectionResetError, BrokenPipeError):
            pass
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


def test_a_full_queue_sends_people_away_with_the_time_to_come_back():
    settings, models, slow = couplets_alone(queue=1)
    with served(settings, models) as client:
        found = []

        def ask(line):
            found.append(client.post("/v1/couplet", json={"line": line}))

        threads = [threading.Thread(target=ask, args=(line,)) for line in "天地人"]
        for thread in threads:
            thread.start()
        # One or two are answered (a batch a core), one waits, others are sent away.
        assert slow.begun.acquire(timeout=LONG)
        refused = None
        while refused is None or refused.status_code == 200:
            refused = ask_soon(client)
        slow.go.set()
        for thread in threads:
            thread.join()
    assert "ask again in a second" in error_of(refused, 503)
    assert refused.headers["retry-after"] == "1"
    assert {answer.status_code for answer in found} <= {200, 503}


def ask_soon(client):
    """Ask; None while there is neither answer nor refusal."""
    try:
        return client.post("/v1/couplet", json={"line": "又"}, timeout=0.5)
    except httpx.TimeoutException:
        return None


def test_who_waits_too_long_is_told_so():
    settings, models, slow = couplets_alone(timeout=QUICK)
    with served(settings, models) as client:
        answer = client.post("/v1/couplet", json={"line": "春"})
        slow.go.set()
        assert "no answer within 1 seconds" in error_of(answer, 503)
        answer = client.post("/v1/couplet", json={"line": "春"})
        assert answer.status_code == 200  # its thread was free again


class Endless:
    """A writer whose poems have no end; `left` is set when it may stop."""

    def __init__(self):
        self.left = threading.Event()

    def write(self, request):
        try:
            while True:
                yield ComposedPoem("", (), "", "", (), 0.0, Originality(0, 0), "", 1)
        finally:
            self.left.set()


def test_who_leaves_a_stream_frees_the_thread():
    endless = Endless()
    settings = ServeSettings(models=("poem",), timeout=LONG)
    models = Models(settings, {"composer": lambda: endless})
    asked = {"json": {"theme": "春"}, "headers": {"accept": "text/event-stream"}}
    with served(settings, models) as client:
        with client.stream("POST", "/v1/poem", **asked) as answer:
            assert next(answer.iter_lines()) == "event: poem"
        assert endless.left.wait(LONG)


def test_a_fault_of_the_server_is_told_without_paths_or_traces(caplog):
    class Broken:
        def reply_all(self, lines, options):
            raise RuntimeError("/home/someone/model.onnx is broken")

    settings = ServeSettings(models=("couplet",), timeout=LONG)
    with served(settings, Models(settings, {"couplets": Broken})) as client:
        answer = client.post("/v1/couplet", json={"line": "春"})
    assert error_of(answer, 500).startswith("something went wrong here")
    assert "model.onnx is broken" in caplog.text


def test_what_is_not_served_is_not_there():
    settings = ServeSettings(models=("couplet",))
    with served(settings) as client:
        answer = client.post("/v1/qa", json={"question": "谁？", "passages": ["春"]})
        assert "this server has no reader" in error_of(answer, 404)
        error_of(client.get("/v1/poem/map"), 404)
        assert [m["name"] for m in client.get("/v1/models").json()["models"]] == [
            "couplet"
        ]


# --- tokens


@pytest.fixture
def guarded(tmp_path):
    path = tmp_path / "tokens.txt"
    path.write_text("# two\nfirst\n\n 第二 \n", "utf-8")
    settings = ServeSettings(models=("couplet",), tokens=str(path), timeout=LONG)
    with served(settings) as client:
        yield client


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer wrong", "Basic first", "Bearer # two", "first"]
)
def test_without_a_token_the_api_is_closed(guarded, header):
    headers = {"authorization": header} if header else {}
    answer = guarded.post("/v1/couplet", json={"line": "春"}, headers=headers)
    assert "a token is asked for" in error_of(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    error_of(guarded.get("/metrics", headers=headers), 401)


@pytest.mark.parametrize("token", ["first", "第二"])
def test_with_a_token_it_is_open_and_the_page_is_anyway(guarded, token):
    headers = {"authorization": f"bearer {token}".encode()}
    answer = guarded.post("/v1/couplet", json={"line": "春"}, headers=headers)
    assert answer.status_code == 200
    assert guarded.get("/").status_code == guarded.get("/healthz").status_code == 200


def test_a_file_without_a_token_is_refused(tmp_path):
    path = tmp_path / "tokens.txt"
    with pytest.raises(OptionError, match=r"tokens\.txt: cannot be read"):
        read_tokens(str(path))
    path.write_text("\n# none\n", "utf-8")
    with pytest.raises(OptionError, match="no token in it; write one a line"):
        read_tokens(str(path))


# --- log and metrics


def test_a_log_line_is_one_line_whatever_a_client_sends(server, caplog):
    caplog.set_level(logging.INFO, "nlg.web")
    server.get("/%0A%1B[31m" + "a" * 300)
    server.get("/healthz")  # when it is answered, the one before has its line
    (line,) = [r.getMessage() for r in caplog.records if "404" in r.getMessage()]
    assert line.isascii() and line.isprintable() and len(line) < 260
    assert r"/\n\u001b[31maaa" in line


def test_what_is_escaped_is_printable_ascii():
    assert escaped('春"\x7f\r') == r"\u6625\"\u007f\r"


def test_metrics_count_requests_by_route_and_status(server):
    def count(text, path, status):
        start = f'nlg_requests_total{{path="{path}",status="{status}"}} '
        rows = [row for row in text.splitlines() if row.startswith(start)]
        return float(rows[0].removeprefix(start)) if rows else 0.0

    before = server.get("/metrics").text
    server.post("/v1/couplet", json={"line": "春"})
    server.post("/v1/couplet", json={"line": ""})
    server.get("/one"), server.get("/two")
    after = server.get("/metrics").text
    for path, status, more in (
        ("/v1/couplet", 200, 1),
        ("/v1/couplet", 400, 1),
        ("other", 404, 2),
    ):
        assert count(after, path, status) - count(before, path, status) == more
    assert "/one" not in after
    assert 'nlg_batch_size_count{model="couplets"}' in after
    assert 'nlg_waiting{model="couplets"} 0.0' in after


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"models": ("poems",)}, "no model 'poems'; did you mean poem"),
        ({"models": ("classify",)}, "no classifier is shipped; name yours"),
        ({"workers": 0}, "workers is 0; it must be between 1 and 64"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, reason):
    with pytest.raises(OptionError, match=reason):
        ServeSettings(**changes)


def test_settings_reach_another_process_as_they_are():
    settings = ServeSettings(models=("poem", "qa"), workers=3, timeout=2.5)
    assert ServeSettings.from_json(settings.to_json()) == settings
