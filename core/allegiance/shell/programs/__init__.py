"""What each program does: handlers by the name of the program."""

from __future__ import annotations

from allegiance.shell.call import Handler
from allegiance.shell.programs import (
    archives,
    builtins,
    clusters,
    code,
    containers,
    copying,
    described,
    editing,
    network,
    processes,
    reading,
    services,
    stores,
    versions,
    wrappers,
)

HANDLERS: dict[str, Handler] = {
    **described.HANDLERS,
    **code.HANDLERS,
    **versions.HANDLERS,
    **reading.HANDLERS,
    **editing.HANDLERS,
    **copying.HANDLERS,
    **archives.HANDLERS,
    **network.HANDLERS,
    **stores.HANDLERS,
    **services.HANDLERS,
    **containers.HANDLERS,
    **clusters.HANDLERS,
    **processes.HANDLERS,
    **wrappers.HANDLERS,
    **builtins.HANDLERS,
}
"""Handlers by name; the empty name is that of every program without one."""

__all__ = ["HANDLERS"]
