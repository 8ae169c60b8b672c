"""The effects of a command line, read from its syntax without running it.

``read_command`` parses a command with tree-sitter, walks through it with an interpreter, and
returns its effects: what is read, copied, written, deleted, stopped. ``programs`` describes what
each program does. The package needs effects and paths, and nothing of the bindings.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.shell.command import CommandEffects as CommandEffects
    from allegiance.shell.command import read_command as read_command
else:
    __getattr__ = attach(__name__, command=("CommandEffects", "read_command"))

__all__ = ["CommandEffects", "read_command"]
