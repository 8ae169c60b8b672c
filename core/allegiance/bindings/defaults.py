"""All ready-made bindings in one list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from allegiance.bindings.binding import Binding, PartlyRead, ToEffects
from allegiance.bindings.code_tools import code_effects, sql_effects
from allegiance.bindings.file_tools import Files, file_effects, files
from allegiance.bindings.http_tools import http, page_effects
from allegiance.bindings.known import NamedTool, read_rows
from allegiance.bindings.sending_tools import download_effects, message_effects, upload_effects
from allegiance.bindings.service_tools import manifest_effects, object_effects
from allegiance.bindings.shell_tools import shell
from allegiance.shell.targets import below
from allegiance.trace.effects import Effect


def default_bindings(
    *,
    cwd: str = "",
    host: str = "",
    env: Mapping[str, str] | None = None,
    strict: bool = False,
) -> list[Binding]:
    """Return every ready-made binding, exact names before patterns.

    Args:
        cwd: The directory that tools start in; without it, relative names stay relative.
        host: The host to name in targets.
        env: Variables in the environment of shell tools.
        strict: Whether an opaque command is an error; a guard then rejects the call.

    Raises:
        UserError: If the shell parser is not installed.
    """
    bindings = [
        *files(cwd=cwd, host=host),
        *http(),
        *tools(cwd=cwd, host=host, env=env, strict=strict),
        shell(cwd=cwd, host=host, env=env, strict=strict),
    ]
    # one with a pattern of ours comes last: a pattern of shells must not hide a listed tool
    return sorted(bindings, key=lambda binding: not isinstance(binding.tool, str))


def tools(
    *,
    cwd: str = "",
    host: str = "",
    env: Mapping[str, str] | None = None,
    strict: bool = False,
) -> list[Binding]:
    """Return bindings of well-known tools beside those of files: shells, code, clusters, mail.

    Their names are rows of ``tools.toml``; they apply in any spelling and behind any prefix. Tools
    that have no row are bound by a verb and a noun in their names, such as ``stop_my_service``.

    Args:
        cwd: The directory that tools start in.
        host: The host to name in targets.
        env: Variables in the environment of shell tools.
        strict: Whether an opaque command is an error.

    Raises:
        UserError: If the shell parser is not installed.
    """
    maker = Files(cwd, host)
    bound: list[Binding] = []
    for row in read_rows():
        for name in row["names"].split():
            if row["means"] == "shell":
                planned = shell(
                    name, cwd=cwd, host=host, env=env, strict=strict, prefix=row.get("prefix", "")
                ).effects
            elif row["means"] == "code":
                planned = code_effects(cwd, host, env)
            elif (other := _planned(row, name, maker)) is not None:
                planned = other
            else:
                continue  # a file tool
            bound.append(NamedTool(name, planned))
    return [*bound, *by_words(maker)]


def _words(verbs: str, nouns: str) -> re.Pattern[str]:
    """Return a pattern of the names of tools that do something to some kind of thing."""
    gap = r"[_\W](?:\w{1,40}[_\W])?"
    return re.compile(rf"(?:^|[_\W])(?:{verbs}){gap}(?:{nouns})s?$", re.IGNORECASE)


def by_words(maker: Files) -> list[Binding]:
    """Return bindings of tools that nobody has listed, by a verb and a noun in their names."""
    files_of = "file|document|folder|directory|dir|path"
    things = "service|container|pod|deployment|process|instance|vm|workload|daemon|agent|replica"
    return [
        Binding(_words("delete|remove|unlink|trash", files_of), file_effects("delete", maker)),
        Binding(_words("copy|duplicate", files_of), file_effects("copy", maker)),
        Binding(_words("move|rename", files_of), file_effects("move", maker)),
        Binding(
            _words("write|create|save|overwrite|put", "file|document"),
            file_effects("write", maker),
        ),
        Binding(
            _words("edit|modify|update|patch|replace|append", "file|document|config"),
            file_effects("edit", maker),
        ),
        Binding(
            _words(
                "send|upload|share|attach|publish|push|export",
                f"{files_of}|artifact|attachment|"
                "blob|object|photo|media|model|dataset|weight|checkpoint",
            ),
            upload_effects("upload", "url bucket channel to chat_id repo_id folder_id", maker),
        ),
        Binding(
            _words("stop|kill|terminate|delete|pause|suspend|disable|shutdown|destroy", things),
            object_effects("stop", "service"),
        ),
        Binding(
            _words("restart|scale|update|patch|rollback|configure", things),
            object_effects("update", "service"),
        ),
    ]


def _planned(row: Mapping[str, Any], name: str, maker: Files) -> ToEffects | None:
    """Return the function of a row for anything but files, shells and code."""
    means, store, place = row["means"], row.get("store", ""), row.get("place", "")
    if means == "message":
        return message_effects(store, place, maker)
    if means == "upload":
        return upload_effects(store, place, maker)
    if means == "objects":
        return object_effects(name, store)
    if means == "manifest":
        return manifest_effects(row.get("task") == "delete")
    if means == "download":
        return download_effects(maker)
    simple: dict[str, ToEffects] = {
        "sql": sql_effects,
        "http": page_effects,
        "unread": _unread,
        "git_add": lambda args: _added(maker, args),
    }
    return simple.get(means)


def _unread(args: Mapping[str, Any]) -> PartlyRead:
    return PartlyRead((), "what the history or another place holds")


def _added(maker: Files, args: Mapping[str, Any]) -> list[Effect]:
    """Return the effects of ``git_add``: a file that is added by name is about to be published."""
    value = args.get("files") or args.get("paths") or args.get("file_paths") or []
    names = [value] if isinstance(value, str) else list(value)
    sources = [maker.target(n) for n in names if str(n).strip() not in (".", "*", "")]
    return [
        Effect(verb="copy", target="git:/index", source=name)
        for source in sources
        for name in (source, below(source, ""))
    ]
