"""The transports of the proxy: standard input and output, a command, streamable HTTP."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import anyio

from allegiance.errors import UserError
from allegiance.service.mcp_proxy import Proxy, run

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager


def run_proxy(proxy: Proxy, words: Sequence[str], url: str) -> None:
    """Serve a client at standard input and output until one side ends.

    Args:
        proxy: Looks at every message.
        words: The command that starts the server, with its arguments.
        url: The address of a server, in place of a command.

    Raises:
        UserError: If the server cannot be started or reached.
    """
    try:
        anyio.run(_run, proxy, words, url)
    except BaseExceptionGroup as group:
        errors = _leaves(group)
        raise UserError(f"the MCP server cannot be used: {errors[0]}") from group
    except OSError as error:
        raise UserError(f"the MCP server cannot be started: {error.strerror or error}") from error


async def _run(proxy: Proxy, words: Sequence[str], url: str) -> None:
    from mcp.server.stdio import stdio_server

    async with _server(words, url) as streams, stdio_server() as client:
        await run(proxy, client, streams[:2])


def _server(words: Sequence[str], url: str) -> AbstractAsyncContextManager[Any]:
    if url:
        from mcp.client.streamable_http import streamablehttp_client

        return streamablehttp_client(url)
    from mcp.client.stdio import StdioServerParameters, stdio_client

    parameters = StdioServerParameters(command=words[0], args=list(words[1:]), env=dict(os.environ))
    return stdio_client(parameters)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves
