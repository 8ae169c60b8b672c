"""The command that decides on calls over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allegiance.cli._option_groups import with_option_groups
from allegiance.cli._print import say
from allegiance.cli._service_options import DeciderOptions, engine_of


@with_option_groups
def command(
    decider: DeciderOptions,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 selects a free one.")] = 8766,
    host: Annotated[
        str,
        typer.Option(help="Interface; any other than loopback needs a token in ALLEGIANCE_TOKEN."),
    ] = "127.0.0.1",
    socket: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Listen at a Unix socket in place of a port."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.01, help="Seconds that a request may take.")
    ] = 5.0,
    sessions: Annotated[int, typer.Option(min=1, help="Sessions in memory.")] = 10_000,
    idle: Annotated[
        float, typer.Option(min=60, help="Seconds until an unused session is forgotten.")
    ] = 86_400.0,
    approval: Annotated[
        float, typer.Option(min=1, help="Seconds that a question to a person waits.")
    ] = 86_400.0,
    longest_body: Annotated[
        int, typer.Option(min=1_000, help="Bytes of the longest request.")
    ] = 2_000_000,
    in_flight: Annotated[
        int, typer.Option(min=1, help="Requests that are answered at the same time.")
    ] = 256,
) -> None:
    """Decide on the tool calls of agents over HTTP, until interrupted."""
    from allegiance.service.doors import Access
    from allegiance.service.server import Address, serve, tokens

    address = Address(host, port, socket)
    token, approver = tokens(address)
    engine = engine_of(decider, sessions=sessions, idle=idle, approval=approval)
    if not engine.store.durable:
        say("note: sessions and questions end with this process; name --state FILE", err=True)
    access = Access(
        token=token, approver_token=approver, longest_body=longest_body, in_flight=in_flight
    )
    serve(engine, address, access, timeout, say)
