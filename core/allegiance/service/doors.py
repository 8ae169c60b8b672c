"""Who may reach the service: host, origin, token, and how much at a time."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from allegiance.service.metrics import Metrics

Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
DECIDE = "/v1/decide"
NOT_ALLOWED = (405, {"error": "send a POST request"})
_OPEN = ("/healthz",)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


@dataclass(frozen=True)
class Access:
    """Who may send requests, and how much.

    Attributes:
        hosts: The accepted host names with ports; empty if any name will do, because a token is
            asked for or the service listens on a Unix socket.
        token: The token of agents; empty if none is needed.
        approver_token: The token of persons who answer questions; empty if nobody can over HTTP.
        longest_body: The bytes of the longest body.
        in_flight: The requests that are answered at the same time; others are told to come again.
    """

    hosts: frozenset[str] = frozenset()
    token: str = ""
    approver_token: str = ""
    longest_body: int = 2_000_000
    in_flight: int = 256


class Doors:
    """An ASGI app that refuses what may not come in, and passes the rest on with its whole body.

    A site that a person visits could send requests to this machine: it is refused by its Origin,
    by a name that it points at this machine, and by a content type that a page cannot send unasked.

    Args:
        inner: The app.
        access: Who may send requests.
        metrics: Counts what is refused.
        decide: Answers a decision by its body: status and content.
    """

    def __init__(
        self,
        inner: Any,
        access: Access,
        metrics: Metrics,
        decide: Callable[[bytes], Awaitable[tuple[int, object]]],
    ) -> None:
        self._inner = inner
        self._decide = decide
        self._access = access
        self._metrics = metrics
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        problem = self._problem(scope)
        if problem is None and self._running >= self._access.in_flight:
            problem = (503, "busy", "too many requests at the same time; come again")
        if problem is None:
            self._running += 1
            try:
                body = await self._read(receive) if scope["method"] == "POST" else b""
                if body is not None:
                    scope["state"] = {"body": body}
                    if scope["path"] == DECIDE:  # routing would take as long as a decision
                        posted = scope["method"] == "POST"
                        answer = await self._decide(body) if posted else NOT_ALLOWED
                        await respond(send, *answer)
                    else:
                        await self._inner(scope, receive, send)
                    return
            finally:
                self._running -= 1
            problem = (413, "body", "the body is too long")
        status, reason, text = problem
        self._metrics.refused.labels(reason).inc()
        await respond(send, status, {"error": text})

    def _problem(self, scope: Scope) -> tuple[int, str, str] | None:
        headers: dict[bytes, list[bytes]] = {}
        for key, value in scope["headers"]:
            headers.setdefault(key, []).append(value)
        hosts = [value.decode("latin-1").lower() for value in headers.get(b"host", [])]
        access = self._access
        if access.hosts and (len(hosts) != 1 or hosts[0] not in access.hosts):
            return 421, "host", "this host name is not served"
        if b"origin" in headers or b"cross-site" in headers.get(b"sec-fetch-site", []):
            return 403, "origin", "requests of web pages are not answered"
        if access.token and scope["path"] not in _OPEN and not self._has_token(headers):
            return 401, "token", "the token is missing or wrong"
        if scope["method"] == "POST":
            kinds = headers.get(b"content-type", [b""])
            if kinds[0].split(b";")[0].strip().lower() != b"application/json":
                return 415, "content_type", "send application/json"
            length = headers.get(b"content-length", [b"0"])[0]
            if not length.isdigit() or int(length[:15]) > access.longest_body:
                return 413, "body", "the body is too long"
        return None

    def _has_token(self, headers: dict[bytes, list[bytes]]) -> bool:
        accepted = (self._access.token, self._access.approver_token)
        return any(has_token(headers, token) for token in accepted if token)

    async def _read(self, receive: Receive) -> bytes | None:
        """Return the body; None if it is too long."""
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return b""
            part = message.get("body", b"")
            size += len(part)
            if size > self._access.longest_body:
                return None
            parts.append(part)
            if not message.get("more_body"):
                return b"".join(parts)


def has_token(headers: dict[bytes, list[bytes]], token: str) -> bool:
    """Tell in constant time whether a request has a token, as a bearer or as LiteLLM sends it."""
    sent = [*headers.get(b"authorization", []), *headers.get(b"x-api-key", [])]
    expected = token.encode()
    # every header is compared, so that the time does not tell which one fits
    fits = [hmac.compare_digest(value.removeprefix(b"Bearer "), expected) for value in sent]
    return any(fits)


async def respond(
    send: Send, status: int, content: object, kind: bytes = b"application/json"
) -> None:
    """Send an answer: bytes as they are, other data as JSON."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        *_HEADERS,
        *([(b"retry-after", b"1")] if status in (429, 503) else []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
