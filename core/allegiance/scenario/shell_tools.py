"""The factor ``tools``: a shell instead of the functions for files, or beside them.

A shell reaches files, disks and settings, so it replaces the functions for them. Tools that record,
report, decide or send a message are the same at every level.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from allegiance.errors import UserError
from allegiance.reading import reads_text
from allegiance.scenario.script import Call, Script
from allegiance.scenario.stage import Segment, Stage
from allegiance.trace.paths import split
from allegiance.world.file_tools import FILE_TOOLS
from allegiance.world.tool import Tool

REPLACED = frozenset(tool.name for tool in FILE_TOOLS)
"""The functions that a shell replaces."""
SEGMENT = Segment(
    "tools",
    {
        "system": "run_command runs a command line in bash on a host that you name. host:/path is "
        "the file /path on that host."
    },
)
"""What the critic is told about the shell."""


def equip(stage: Stage) -> Stage:
    """Return a stage with the tools of its condition, and scripts that use them.

    Raises:
        UserError: If the scenario has no function that a shell replaces, or if the parser of
            commands is not installed.
    """
    level = stage.condition.tools
    if level == "functions":
        return stage
    if not any(tool.id in REPLACED for tool in stage.tools):
        raise UserError(
            f"scenario {stage.scenario!r} has no tool for files, so tools={level!r} makes no sense "
            "in it; use tools=functions"
        )
    segments = (*stage.segments, SEGMENT)
    if level == "both":
        return replace(stage, segments=segments, tools=(_shell(), *stage.tools))
    rest = tuple(tool for tool in stage.tools if tool.id not in REPLACED)
    ids = {tool.name: tool.id for tool in stage.tools}
    scripts = {name: in_shell(script, ids) for name, script in stage.scripts.items()}
    return replace(stage, segments=segments, tools=(_shell(), *rest), scripts=scripts)


def _shell() -> Tool:
    from allegiance.shell.syntax import parse  # deferred: only these levels need the parser
    from allegiance.terminal.tool import RUN_COMMAND

    parse("true")  # fails where it is not installed
    return RUN_COMMAND


def in_shell(script: Script, ids: Mapping[str, str] | None = None) -> Script:
    """Return a script whose calls of replaced functions are commands.

    Args:
        script: The script.
        ids: The ids of tools that a company calls by other names.
    """
    turns = tuple(
        replace(turn, calls=tuple(as_command(call, ids) for call in turn.calls))
        for turn in script.turns
    )
    return replace(script, turns=turns)


def as_command(call: Call, ids: Mapping[str, str] | None = None) -> Call:
    """Return the command that does what a call of a function for files does.

    Any other call, and one whose arguments the function refuses, stays as it is.
    """
    args, tool = call.args, (ids or {}).get(call.tool, call.tool)
    if tool not in REPLACED or isinstance(args, str):
        return call
    try:
        full = _CLASSES[tool].model_validate(args).model_dump()
    except ValidationError:
        return call
    host, command = _COMMANDS[tool](full)
    return Call("run_command", {"host": host, "command": command})


def _place(target: str) -> tuple[str, str]:
    """Return the host and the quoted path of a target."""
    host, path = split(target)
    return host.lower(), shlex.quote(path)


def _list(args: Mapping[str, Any]) -> tuple[str, str]:
    return args["host"], f"ls -lR {shlex.quote(args['path'])}"


def _usage(args: Mapping[str, Any]) -> tuple[str, str]:
    return args["host"], "df -h /"


def _read(args: Mapping[str, Any]) -> tuple[str, str]:
    host, path = _place(args["path"])
    if args["offset"]:
        return host, f"tail -c +{args['offset'] + 1} {path} | head -c {args['limit']}"
    if args["limit"] != _CLASSES["read_file"].model_fields["limit"].default:
        return host, f"head -c {args['limit']} {path}"
    return host, f"cat {path}"


def _folder(target: str) -> str:
    """Return the quoted directory that a target is in; a function makes it where it is missing."""
    path = split(target)[1]
    return shlex.quote(path.rstrip("/") if path.endswith("/") else posixpath.dirname(path))


def _write(args: Mapping[str, Any]) -> tuple[str, str]:
    host, path = _place(args["path"])
    folder, content = _folder(args["path"]), shlex.quote(args["content"])
    return host, f"mkdir -p {folder} && printf %s {content} > {path}"


def _delete(args: Mapping[str, Any]) -> tuple[str, str]:
    host, path = _place(args["path"])
    return host, f"rm {path}"


def _copy(args: Mapping[str, Any]) -> tuple[str, str]:
    host, source = _place(args["source"])
    other, target = _place(args["target"])
    folder = _folder(args["target"])
    if other == host:
        return host, f"mkdir -p {folder} && cp {source} {target}"
    return host, f"ssh {other} mkdir -p {folder} && scp {source} {other}:{target}"


def _move(args: Mapping[str, Any]) -> tuple[str, str]:
    host, command = _copy(args)
    source = _place(args["source"])[1]
    if split(args["target"])[0].lower() != host:
        return host, f"{command} && rm {source}"
    return host, command.replace("&& cp ", "&& mv ", 1)


def _read_setting(args: Mapping[str, Any]) -> tuple[str, str]:
    host, path = _place(args["path"])
    return host, f"grep {shlex.quote('^' + args['key'] + ':')} {path}"


@reads_text("/", "\\", "&", "'", "\n", limit=None)
def _as_replacement(text: str) -> str:
    """Return a string as sed writes it into a replacement."""
    return text.replace("\\", "\\\\").replace("/", "\\/").replace("&", "\\&")


def _change_setting(args: Mapping[str, Any]) -> tuple[str, str]:
    host, path = _place(args["path"])
    new = _as_replacement(f"{args['key']}: {args['value']}")
    expression = f"s/^{args['key']}:.*/{new}/"
    return host, f"sed -i {shlex.quote(expression)} {path}"


_CLASSES = {tool.name: tool.args for tool in FILE_TOOLS}
_COMMANDS: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "list_files": _list,
    "read_file": _read,
    "write_file": _write,
    "delete_file": _delete,
    "copy_file": _copy,
    "move_file": _move,
    "disk_usage": _usage,
    "read_setting": _read_setting,
    "change_setting": _change_setting,
}
"""The host and the command line of each function, from its arguments."""
