"""Runs the service: an address, a Unix socket or a port, until it is interrupted."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from allegiance.errors import UserError, needed_by
from allegiance.service.doors import Access
from allegiance.service.engine import Engine
from allegiance.service.http import TIMEOUT, application

LOOPBACK = ("127.0.0.1", "::1", "localhost")
TOKEN, APPROVER_TOKEN = "ALLEGIANCE_TOKEN", "ALLEGIANCE_APPROVER_TOKEN"
SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class Address:
    """Where the service listens.

    Attributes:
        host: The name or number of an interface.
        port: The port; 0 selects a free one.
        path: A Unix socket, in place of host and port.
    """

    host: str = "127.0.0.1"
    port: int = 8766
    path: Path | None = None

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.path is not None or self.host in LOOPBACK


def tokens(address: Address) -> tuple[str, str]:
    """Return the tokens of agents and of approvers from the environment.

    Raises:
        UserError: If other machines can reach the address and there is no token, or if a token is
            too short.
    """
    token, approver = os.environ.get(TOKEN, ""), os.environ.get(APPROVER_TOKEN, "")
    if not token and not address.local:
        raise UserError(
            f"--host {address.host!r} can be reached from other machines; set {TOKEN} to a token "
            f"of at least {SHORTEST_TOKEN} characters"
        )
    for name, value in ((TOKEN, token), (APPROVER_TOKEN, approver)):
        if value and (len(value) < SHORTEST_TOKEN or not value.isascii()):
            raise UserError(f"{name} needs at least {SHORTEST_TOKEN} ASCII characters")
    return token, approver


def serve(
    engine: Engine,
    address: Address,
    access: Access,
    timeout: float = TIMEOUT,
    say: Callable[[str], None] = print,
) -> None:
    """Serve until interrupted.

    Args:
        engine: Decides.
        address: Where to listen.
        access: Who may send requests; host names are added.
        timeout: Seconds that a request may take.
        say: Prints a line.

    Raises:
        UserError: If a package is missing, or if the address cannot be used.
    """
    with needed_by("the service", "serve"):
        import uvicorn
    listener = _listen(address)
    with listener:
        hosts: frozenset[str] = frozenset()
        if address.path is not None:
            say(f"unix:{address.path}  (press Ctrl-C to stop)")
        else:
            port = listener.getsockname()[1]
            shown = f"[{address.host}]" if ":" in address.host else address.host
            say(f"http://{shown}:{port}  (press Ctrl-C to stop)")
            if not access.token:
                hosts = frozenset(
                    name
                    for host in ("127.0.0.1", "localhost", "[::1]")
                    for name in (f"{host}:{port}", *([host] if port == 80 else []))
                )
        limits = {
            "hosts": hosts,
            "token": access.token,
            "approver_token": access.approver_token,
            "longest_body": access.longest_body,
            "in_flight": access.in_flight,
        }
        app = application(engine, Access(**limits), timeout, say)  # type: ignore[arg-type]
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_keep_alive=30,
            limit_concurrency=4 * access.in_flight,
        )
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            engine.guard.flush()
            engine.store.close()
            if address.path is not None:
                address.path.unlink(missing_ok=True)


def _listen(address: Address) -> socket.socket:
    if address.path is not None:
        return _listen_at(address.path)
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise UserError(
            f"{address.host}:{address.port} cannot be used: {error.strerror or error}; name "
            "another --port"
        ) from error
    return listener


def _listen_at(path: Path) -> socket.socket:
    """Listen at a Unix socket; one that a killed process has left is replaced."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and not _answers(path):
            path.unlink()
        old = os.umask(0o177)  # for this user only
        try:
            listener.bind(str(path))
        finally:
            os.umask(old)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise UserError(
            f"--socket {str(path)!r} cannot be used: {error.strerror or error}"
        ) from error
    return listener


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
