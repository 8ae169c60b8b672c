"""Shell tools: from a command line to the effects that it would have."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from allegiance.bindings.binding import Binding
from allegiance.shell import syntax
from allegiance.shell.command import read_command
from allegiance.trace.effects import Effect

TOOLS = re.compile(
    r"^(?:.*(?<!power)shell.*|bash|sh|zsh|terminal|console|cmd|command|bash_tool|local_exec|ssh_exec"
    r"|(?:run|execute|exec)_?(?:bash|cmd|commands?|shell|terminal|terminal_cmd|in_terminal)"
    r"|(?:bash|terminal|command)_?(?:run|exec|execute|command|tool))$",
    re.IGNORECASE,
)
"""The names that shell tools usually have."""

ARGUMENTS = ("command", "cmd", "commands", "script", "input", "code", "bash_command", "query")
"""The arguments that usually hold the command, the first that is given counts."""

_DIRECTORIES = ("cwd", "workdir", "working_directory", "working_dir", "directory")


def shell(
    tool: str | re.Pattern[str] = TOOLS,
    arg: str | Iterable[str] = ARGUMENTS,
    *,
    cwd: str = "",
    host: str = "",
    env: Mapping[str, str] | None = None,
    strict: bool = False,
) -> Binding:
    """Bind a tool that runs shell commands.

    Args:
        tool: Its name, or a pattern.
        arg: The argument that holds the command, or several names of which the first given counts.
            A list under ``commands`` is run line by line; another list is one command's words.
        cwd: The directory that commands start in, unless the call names one itself.
        host: The host to name in targets.
        env: Variables that are set in the tool's environment.
        strict: Whether a call that runs code which is not in the command is an error, and so
            rejected by a guard.

    Raises:
        UserError: If the parser is not installed.
    """
    syntax.check()
    names = (arg,) if isinstance(arg, str) else tuple(arg)

    def effects(args: Mapping[str, Any]) -> tuple[Effect, ...]:
        command = _command(args, names)
        if command is None:
            return ()
        place = next((str(args[n]) for n in _DIRECTORIES if args.get(n)), cwd)
        reading = read_command(command, cwd=place, host=host, env=env)
        if strict and reading.opaque:
            raise ValueError(f"the command runs code that cannot be seen: {reading.opaque[0]}")
        return reading.effects

    return Binding(tool, effects)


def _command(args: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    name = next((n for n in names if args.get(n) is not None), None)
    if name is None:
        if not args or args.get("restart"):
            return None
        raise ValueError(f"no command among the arguments: {', '.join(args)}")
    value = args[name]
    if isinstance(value, (list, tuple)):
        words = [str(v) for v in value]
        return "\n".join(words) if name.endswith("s") else shlex.join(words)
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a command: {value!r}")
    return value
