"""Passes calls to a service that runs elsewhere; what cannot be reached is a failure."""

from __future__ import annotations

import http.client
import socket
from contextlib import suppress
from typing import Protocol
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from allegiance.errors import UserError
from allegiance.reading import check_length, reads_text
from allegiance.service.engine import CallUnknown
from allegiance.service.wire import (
    Answer,
    DecideRequest,
    EndRequest,
    MessageRequest,
    OnFailure,
    ResultRequest,
    failure,
)

LONGEST_ANSWER = 4_000_000


class Decides(Protocol):
    """What a hook or a proxy passes its calls to: an engine, or a service elsewhere."""

    def decide(self, request: DecideRequest) -> Answer:
        """Decide whether a call may run."""

    def result(self, request: ResultRequest) -> Answer:
        """Record how a call ended."""

    def message(self, request: MessageRequest) -> Answer:
        """Record what an agent says."""

    def end(self, request: EndRequest) -> Answer:
        """Judge a session as a whole."""


class Remote:
    """A service that is reached over HTTP or a Unix socket.

    Args:
        address: ``http://HOST:PORT``, ``https://HOST:PORT`` or ``unix:PATH``.
        token: The token of agents; empty for none.
        timeout: Seconds to wait.
        on_failure: What becomes of a call when the service cannot be reached.

    Raises:
        UserError: If the address has another form.
    """

    def __init__(
        self, address: str, token: str = "", timeout: float = 10, on_failure: OnFailure = "reject"
    ) -> None:
        self._token = token
        self._timeout = timeout
        self._on_failure = on_failure
        self._path = address.removeprefix("unix:") if address.startswith("unix:") else ""
        try:
            parts = urlsplit(address)
            self._secure, self._host, self._port = (
                parts.scheme == "https",
                parts.hostname,
                parts.port,
            )
        except ValueError as error:
            raise UserError(f"--server {address!r} is not an address: {error}") from error
        if not self._path and (parts.scheme not in ("http", "https") or not self._host):
            raise UserError(
                f"--server {address!r} is not an address; use http://HOST:PORT or unix:PATH"
            )

    def decide(self, request: DecideRequest) -> Answer:
        """Decide whether a call may run; without the service, the rule for failures decides."""
        try:
            return self._post("/v1/decide", request)
        except (OSError, http.client.HTTPException, ValueError, CallUnknown) as error:
            return failure(
                self._on_failure, f"the service cannot be reached: {error or 'no answer'}"
            )

    def result(self, request: ResultRequest) -> Answer:
        """Record how a call ended.

        Raises:
            OSError: If the service cannot be reached.
            CallUnknown: If the service does not know the call.
        """
        return self._post("/v1/result", request)

    def message(self, request: MessageRequest) -> Answer:
        """Record what an agent says; see ``result`` for errors."""
        return self._post("/v1/message", request)

    def end(self, request: EndRequest) -> Answer:
        """Judge a session as a whole; see ``result`` for errors."""
        return self._post("/v1/end", request)

    def _post(self, path: str, request: BaseModel) -> Answer:
        headers = {"Content-Type": "application/json", "Connection": "close"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        connection = self._connect()
        try:
            with suppress(BrokenPipeError):  # a service that refuses does not read the body
                connection.request("POST", path, request.model_dump_json().encode(), headers)
            response = connection.getresponse()
            body = response.read(LONGEST_ANSWER + 1)
        except http.client.HTTPException as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()
        if response.status == 409:
            raise CallUnknown(body[:500].decode("utf-8", "replace"))
        if response.status != 200:
            raise ConnectionError(f"HTTP {response.status} {body[:200].decode('utf-8', 'replace')}")
        try:
            return read_answer(body.decode("utf-8", "replace"))
        except ValueError as error:
            raise ConnectionError(f"the answer cannot be read: {error}") from error

    def _connect(self) -> http.client.HTTPConnection:
        if self._path:
            return _UnixConnection(self._path, self._timeout)
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host or "", self._port, timeout=self._timeout)


class _UnixConnection(http.client.HTTPConnection):
    """A connection over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@reads_text('{"action": "allow"}', "{", "[", '"', "\\", limit=LONGEST_ANSWER)
def read_answer(text: str) -> Answer:
    """Return the answer of a service.

    Raises:
        ValueError: If the string is no answer, or too long.
    """
    check_length(text, LONGEST_ANSWER)
    try:
        return Answer.model_validate_json(text)
    except ValidationError as error:
        raise ValueError(f"{error.error_count()} errors in the answer") from None
