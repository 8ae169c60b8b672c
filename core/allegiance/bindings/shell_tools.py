"""The binding of shell tools: turns the command line in a call into effects."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from allegiance.bindings.binding import Binding, PartlyRead
from allegiance.bindings.names import fold_args
from allegiance.shell import syntax
from allegiance.shell.command import CommandEffects, read_command
from allegiance.trace.effects import Effect
from allegiance.trace.events import ITS_WORDS

TOOLS = re.compile(
    r"^(?:.*(?<!power)shell.*|bash|sh|zsh|terminal|console|cmd|command|bash_tool|local_exec|ssh_exec"
    r"|(?:run|execute|exec)_?(?:bash|cmd|commands?|shell|terminal|terminal_cmd|in_terminal)"
    r"|(?:bash|terminal|command)_?(?:run|exec|execute|command|tool))$",
    re.IGNORECASE,
)
"""The names that shell tools usually have."""

ARGUMENTS = (
    *("command", "cmd", "commands", "script", "input", "code", "bash_command", "query"),
    "keystrokes",
    *("cli_command", "command_line", "shell_command", "cmdline", "line", "chars", "keys", "text"),
    *("args", "argv", "arguments", "cmd_string", "terminal_command"),
)
"""The arguments that usually hold the command; the first one present in the call is used."""

_DIRECTORIES = (
    *("cwd", "workdir", "working_directory", "working_dir", "directory", "cd", "dir"),
    *("root_dir", "work_dir", "repo_path"),
)


def shell(
    tool: str | re.Pattern[str] = TOOLS,
    arg: str | Iterable[str] = ARGUMENTS,
    *,
    cwd: str = "",
    host: str = "",
    env: Mapping[str, str] | None = None,
    strict: bool = False,
    prefix: str = "",
) -> Binding:
    """Bind a tool that runs shell commands.

    Args:
        tool: The tool's name, or a pattern.
        arg: The argument that holds the command, or several names; the first one present in the
            call is used. A list whose name ends in "s" (``commands``) holds lines; any other list
            holds the words of a single command.
        cwd: The directory that commands start in, unless the call names a directory.
        host: The host to name in targets.
        env: Variables in the tool's environment.
        strict: Whether an opaque command is an error; a guard then rejects the call.
        prefix: A program that the command is for, such as ``kubectl``, if it may be left out.

    Raises:
        UserError: If the parser is not installed.
    """
    syntax.check()
    names = (arg,) if isinstance(arg, str) else tuple(arg)

    def effects(args: Mapping[str, Any]) -> tuple[Effect, ...]:
        args = fold_args(args)
        if args and not any(args.get(n) is not None for n in (*names, "restart")):
            return PartlyRead((), "a command that its arguments do not hold")
        command = _command(args, names)
        if command is None:
            return ()
        if prefix and not re.match(rf"\s*(?:[\w/]*/)?{re.escape(prefix)}\s", command):
            command = f"{prefix} {command}"
            if " " not in command[len(prefix) + 1 :].strip():
                command = " ".join([command, *_further(args)])
        directory = next((str(args[n]) for n in _DIRECTORIES if args.get(n)), cwd)
        reading = read_command(command, cwd=directory, host=host, env=env)
        if strict and reading.opaque:
            raise ValueError(
                f"the command is opaque: its effects cannot be read from it: {reading.opaque[0]}"
            )
        return partly_read(reading)

    return Binding(tool, effects)


def partly_read(reading: CommandEffects) -> tuple[Effect, ...]:
    """Return the effects of a command, with a note if a part of it could not be read."""
    unread = [*reading.opaque, *reading.unknown]
    if not unread:
        return reading.effects
    words = " ".join(reading.named)
    note = unread[0] if len(words) > _LONGEST_NOTE else f"{unread[0]}{ITS_WORDS}{words}"
    return PartlyRead(reading.effects, note)


_LONGEST_NOTE = 8_000
"""Characters of the words in a note; beyond it, all arguments are searched instead."""


_FURTHER = ("resource_type", "resource", "name", "namespace", "args", "arguments", "flags")


def _further(args: Mapping[str, Any]) -> list[str]:
    """Return the words of a command whose parts are arguments of their own."""
    words: list[str] = []
    for name in _FURTHER:
        value = args.get(name)
        items = value if isinstance(value, (list, tuple)) else [value]
        parts = [item for item in items if isinstance(item, str) and item]
        words += ["-n", *parts] if name == "namespace" and parts else parts
    return [shlex.quote(word) if " " not in word else word for word in words]


def _command(args: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    name = next((n for n in names if args.get(n) is not None), None)
    if name is None:
        if not args or args.get("restart"):
            return None
        raise ValueError(f"the arguments {', '.join(args)} have no command")
    value = args[name]
    if isinstance(value, (list, tuple)):
        words = [str(v) for v in value]
        return "\n".join(words) if name.endswith("s") else shlex.join(words)
    if not isinstance(value, str):
        raise ValueError(f"the argument {name} is not a command: {value!r}")
    return value
