"""Reads a shell command line and returns the effects it would have, without running it.

``read_command`` parses the command with tree-sitter and walks through the syntax tree with an
interpreter. The effects say what is read, copied, written, deleted or stopped. Each program is
described in ``programs``. The package imports effects and paths, and no bindings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from allegiance.shell.command import CommandEffects, read_command

__all__ = ["CommandEffects", "read_command"]


def __getattr__(name: str) -> Any:
    """Load the interpreter when a public name is used for the first time."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from allegiance.shell import command

    return getattr(command, name)
