"""What each program does: handlers by the name of the program."""

from __future__ import annotations

from allegiance.shell.machine import Handler
from allegiance.shell.programs import (
    archives,
    builtins,
    code,
    copying,
    editing,
    network,
    reading,
    services,
    stores,
    wrappers,
)

HANDLERS: dict[str, Handler] = {
    **code.HANDLERS,
    **reading.HANDLERS,
    **editing.HANDLERS,
    **copying.HANDLERS,
    **archives.HANDLERS,
    **network.HANDLERS,
    **stores.HANDLERS,
    **services.HANDLERS,
    **wrappers.HANDLERS,
    **builtins.HANDLERS,
}
"""Handlers by name; the empty name is that of every program without one."""
