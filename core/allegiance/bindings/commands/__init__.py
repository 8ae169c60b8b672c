"""What each command does: handlers by the name of the program."""

from __future__ import annotations

from allegiance.bindings.commands import (
    builtins,
    clouds,
    copying,
    editing,
    network,
    others,
    packing,
    printing,
    services,
    wrapping,
)
from allegiance.bindings.machine import Handler

COMMANDS: dict[str, Handler] = {
    **others.COMMANDS,
    **printing.COMMANDS,
    **editing.COMMANDS,
    **copying.COMMANDS,
    **packing.COMMANDS,
    **network.COMMANDS,
    **clouds.COMMANDS,
    **services.COMMANDS,
    **wrapping.COMMANDS,
    **builtins.COMMANDS,
}
"""Handlers by name; the empty name is that of every program without one."""
