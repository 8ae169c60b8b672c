"""Shell tools: from a command line to the effects that it would have."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from allegiance.bindings import syntax
from allegiance.bindings.binding import Binding
from allegiance.bindings.values import NOTHING, State, environment
from allegiance.effects import Effect

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


@dataclass(frozen=True)
class Reading:
    """What a command line would do, as far as it can be told without running it.

    Attributes:
        effects: Its effects, in order.
        opaque: Code that it runs and that is not in the command: interpreters, scripts, builds.
        unknown: Programs that nothing is known of; they are taken to have no effect on files.
    """

    effects: tuple[Effect, ...] = ()
    opaque: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def read_command(
    command: str, *, cwd: str = "", host: str = "", env: Mapping[str, str] | None = None
) -> Reading:
    """Return what a command line would do.

    Args:
        command: The command line, or a script.
        cwd: The directory that it starts in; relative names stay relative without one.
        host: The host to name in targets.
        env: Variables that are set, ``HOME`` among them perhaps.

    Raises:
        ValueError: If it cannot be parsed, or is too long or too deep to be followed.
        UserError: If the parser is not installed.
    """
    from allegiance.bindings.commands import COMMANDS
    from allegiance.bindings.interpret import Shell

    variables = environment(env or {})
    shell = Shell(State(cwd=cwd, start=cwd, host=host, variables=variables), COMMANDS)
    try:
        shell.ended(shell.follow(syntax.parse(command), NOTHING))
    except RecursionError:
        raise ValueError("the shell command nests too deep to be followed") from None
    return Reading(tuple(shell.effects), tuple(shell.opaque), tuple(shell.unknown))


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
