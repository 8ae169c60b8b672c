"""The command that decides on the calls of an MCP client."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from allegiance.cli._option_groups import with_option_groups
from allegiance.cli._print import say
from allegiance.cli._service_options import (
    DeciderOptions,
    ServerOption,
    decider_of,
    failure_rule,
)
from allegiance.errors import UserError, needed_by

NAME = "mcp-proxy"


@with_option_groups
def command(
    decider: DeciderOptions,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND", help="Command that starts the MCP server, after two dashes (--)."
        ),
    ] = None,
    url: Annotated[
        str,
        typer.Option(metavar="URL", help="Streamable HTTP server, in place of a command."),
    ] = "",
    server: ServerOption = "",
    agent: Annotated[str, typer.Option(help="Name of the agent in records.")] = "agent",
    on_poisoned: Annotated[
        str,
        typer.Option(
            metavar="report|remove",
            help="What becomes of a tool whose description holds instructions to the model.",
        ),
    ] = "report",
    timeout: Annotated[
        float, typer.Option(min=0.01, help="Seconds to wait for the server that decides.")
    ] = 10.0,
) -> None:
    """Stand between an MCP client and an MCP server, and decide on every call of a tool."""
    from allegiance.service.mcp_transport import run_proxy

    with needed_by("the proxy", "mcp"):
        import mcp  # noqa: F401
    from allegiance.service.mcp_proxy import OnPoisoned, Proxy

    if on_poisoned not in get_args(OnPoisoned):
        raise UserError(f"--on-poisoned {on_poisoned!r} is unknown; use report or remove")
    if bool(words) == bool(url):
        raise UserError("name one server: a COMMAND after --, or --url URL")
    judge = decider_of(decider, server, timeout, wait=0)
    proxy = Proxy(
        judge,
        lambda line: say(f"allegiance: {line}", err=True),
        agent=agent,
        on_failure=failure_rule(decider),
        on_poisoned="remove" if on_poisoned == "remove" else "report",
    )
    run_proxy(proxy, words or [], url)
