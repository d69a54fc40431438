"""What is done with every request, whatever it asks for (plain ASGI, outermost first).

Watched    security headers; then one line in the log, and the metrics
Tokens     refuses requests to the API that have no bearer token, where there are
Bounded    no body of more bytes, none that comes too slowly
"""

import asyncio
import hmac
import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nlg.web import metrics

SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
PROTECTED = ("/v1/", "/metrics")  # beginnings of paths that a token is asked for
LONGEST_LOGGED = 200  # characters of a path
log = logging.getLogger("nlg.web")


class Watched:
    """Adds headers to every answer, logs and counts it.

    Args:
        app: what answers.
        route_of: the route of a path, so that metrics have few names.
    """

    def __init__(self, app: ASGIApp, route_of: Callable[[str], str]):
        self.app, self.route_of = app, route_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        start, status = time.perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(SECURITY)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - start
            route = self.route_of(scope["path"])
            metrics.REQUESTS.labels(route, status).inc()
            metrics.LATENCY.labels(route).observe(seconds)
            log.info(
                "%s %s %d %.1f ms",
                scope["method"],
                escaped(scope["path"]),
                status,
                1000 * seconds,
            )


class Tokens:
    """Asks for one of some bearer tokens."""

    def __init__(self, app: ASGIApp, tokens: Sequence[bytes]):
        self.app, self.tokens = app, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        asked = scope["type"] == "http" and scope["path"].startswith(PROTECTED)
        if not asked or self._known(dict(scope["headers"]).get(b"authorization", b"")):
            return await self.app(scope, receive, send)
        reason = "a token is asked for: Authorization: Bearer TOKEN"
        await refuse(send, 401, reason, {"www-authenticate": "Bearer"})

    def _known(self, header: bytes) -> bool:
        scheme, _, token = header.partition(b" ")
        # Every token is compared, in a time that tells nothing of it.
        known = [hmac.compare_digest(token.strip(), one) for one in self.tokens]
        return scheme.lower() == b"bearer" and any(known)


class Bounded:
    """Reads a body before anyone sees it: no more of it, and no longer, than allowed.

    Args:
        app: what answers.
        most: bytes of a body.
        patience: seconds that a client may take to send it.
        path: begins the paths that have bodies; of others nothing is read.
    """

    def __init__(self, app: ASGIApp, most: int, patience: float, path: str = "/v1/"):
        self.app, self.most, self.patience, self.path = app, most, patience, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http" or not scope["path"].startswith(self.path):
            return await self.app(scope, receive, send)
        try:
            async with asyncio.timeout(self.patience):
                body = await self._read(scope, receive)
        except TimeoutError:
            reason = f"the request did not come within {self.patience:g} seconds"
            return await refuse(send, 408, reason, {"connection": "close"})
        if body is None:
            reason = f"the request is too large; send at most {self.most:,} bytes"
            return await refuse(send, 413, reason, {"connection": "close"})
        await self.app(scope, _replayed(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the body, None if it is too large."""
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > self.most:
            return None
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self.most:
                return None
            if not message.get("more_body", False):
                return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives `body` once, then what `receive` gives."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay


async def refuse(
    send: Send, status: int, reason: str, headers: dict[str, str] | None = None
) -> None:
    """Send an error and its reason."""
    body = as_json({"error": reason})
    pairs = {"content-type": "application/json", "content-length": str(len(body))}
    raw = [(n.encode(), x.encode()) for n, x in (pairs | (headers or {})).items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def as_json(value: Any) -> bytes:
    """Return a value as JSON in UTF-8."""
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).encode()


def escaped(text: str) -> str:
    r"""Return what a client sent as ASCII on one line.

    Example:
        >>> escaped("/a\nb")
        '/a\\nb'
    """
    shown = json.dumps(text[:LONGEST_LOGGED])[1:-1]
    return shown.replace("\x7f", "\\u007f")
