"""Handlers by the name of the program: each adds the effects of one command."""

from __future__ import annotations

from allegiance.shell.machine import Handler
from allegiance.shell.programs import (
    archives,
    builtins,
    code,
    copying,
    described,
    editing,
    network,
    reading,
    services,
    stores,
    versions,
    wrappers,
)

HANDLERS: dict[str, Handler] = {
    **code.HANDLERS,
    **versions.HANDLERS,
    **reading.HANDLERS,
    **editing.HANDLERS,
    **copying.HANDLERS,
    **archives.HANDLERS,
    **network.HANDLERS,
    **stores.HANDLERS,
    **services.HANDLERS,
    **wrappers.HANDLERS,
    **builtins.HANDLERS,
    **described.HANDLERS,
}
"""Handlers by name.

The empty name stands for programs without a handler, ``./`` for scripts that the line wrote.
"""
