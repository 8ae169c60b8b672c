"""What a command line would do, told from its syntax and without running it.

``read_command`` parses a command with tree-sitter, walks through it with an interpreter of this
package, and returns the effects: what is read, copied, written, deleted, stopped. Programs are
described in ``programs``. The package needs effects and paths, and nothing of the bindings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from allegiance.shell.command import CommandEffects, read_command

__all__ = ["CommandEffects", "read_command"]


def __getattr__(name: str) -> Any:
    """Load the interpreter when one of the public names is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from allegiance.shell import command

    return getattr(command, name)
