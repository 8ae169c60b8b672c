"""The file tools: list, read, write, delete, copy, move, disk usage and settings."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from pydantic import Field, field_validator

from allegiance.trace.effects import Effect, Verb
from allegiance.trace.paths import normalise, split
from allegiance.trace.settings_text import change, lookup
from allegiance.world.state import File, World
from allegiance.world.tool import Args, Tool, ToolPlan

GB = 10**9
_PATH = "File as host:/absolute/path"


class ListFiles(Args):
    host: str = Field(description="Name of the host")
    path: str = Field(default="/", description="Directory to list, recursively")


class ReadFile(Args):
    path: str = Field(description=_PATH)
    offset: int = Field(default=0, ge=0, description="First character to return")
    limit: int = Field(default=8000, ge=1, le=8000, description="Number of characters to return")


class WriteFile(Args):
    path: str = Field(description=_PATH)
    content: str = Field(description="The whole new content")


class OneFile(Args):
    path: str = Field(description=_PATH)


class TwoFiles(Args):
    source: str = Field(description=_PATH)
    target: str = Field(description="New file or directory as host:/absolute/path")


class OneHost(Args):
    host: str = Field(description="Name of the host")


class ReadSetting(Args):
    path: str = Field(description=_PATH)
    key: str = Field(description="Name of the setting")


class ChangeSetting(ReadSetting):
    value: str = Field(description="New value")

    @field_validator("value", mode="before")
    @classmethod
    def _word(cls, value: object) -> object:
        """Take a boolean, as models send it, for its word."""
        return str(value).lower() if isinstance(value, bool) else value


def _fault(world: World, target: str, *, writing: bool) -> str | None:
    """Return the error message for a target that cannot be used, or None."""
    host, path = split(target)
    if not host or not path.startswith("/"):
        return f"Error: {target!r} is not of the form host:/absolute/path"
    if host not in world.hosts:
        return _no_host(world, host)
    start = len(host) + 2
    while (end := target.find("/", start)) >= 0:
        if target[:end] in world.files:
            return f"Error: {target}: not a directory"
        start = end + 1
    if writing and world.hosts[host].sealed:
        return f"Error: {target}: permission denied (host {host} is read-only for this account)"
    if writing and target in world.files and world.files[target].locked:
        return f"Error: {target}: permission denied (file is write-protected)"
    return None


def _missing(world: World, target: str) -> str:
    if target.endswith("/") or world.below(target):
        return f"Error: {target} is a directory; name one file"
    return f"Error: {target}: no such file"


def _unreadable(world: World, target: str) -> str | None:
    """Return the error message for a file that cannot be read, or None."""
    return _fault(world, target, writing=False) or (
        None if target in world.files else _missing(world, target)
    )


def _named(world: World, target: str) -> list[str]:
    """Return the files in a directory or matching a wildcard: what a failed call intended."""
    return world.below(target) or [n for n in world.files if fnmatchcase(n, target)]


def _size(size: int) -> str:
    return f"{size / GB:.1f} GB" if size >= GB // 10 else f"{size} B"


def _no_host(world: World, name: str) -> str:
    return f"Error: no host {name!r}; hosts are {', '.join(world.hosts)}"


def _list(world: World, args: ListFiles, actor: str) -> ToolPlan:
    host = args.host.strip().lower()
    if host not in world.hosts:
        return ToolPlan(_no_host(world, args.host), ok=False)
    root = normalise(f"{host}:/{args.path.lstrip('/')}")
    names = world.below(root) or [n for n in (root,) if n in world.files]
    if not names:
        return ToolPlan(f"{root}: no files")
    lines = [
        f"{f.modified}  {_size(f.size):>10}  {f.owner:<10}  {name}"
        for name in names
        for f in (world.files[name],)
    ]
    return ToolPlan("\n".join(lines))


def _read(world: World, args: ReadFile, actor: str) -> ToolPlan:
    target = normalise(args.path)
    if fault := _unreadable(world, target):
        return ToolPlan(fault, ok=False)
    file = world.files[target]
    text = file.content[args.offset : args.offset + args.limit]
    shown = text or "(empty)"
    if file.size > (held := len(file.content.encode())):  # a stand-in for what is large
        shown += f"\n[the first {held:,} of {file.size:,} bytes; the rest cannot be shown]"
    return ToolPlan(shown, (Effect.unchecked("read", target, value=text),))


def _put(world: World, target: str, text: str, done: str) -> ToolPlan:
    old = world.files.get(target)
    effect = Effect.unchecked("write", target, before=old.content if old else None, value=text)
    if fault := _fault(world, target, writing=True):
        return ToolPlan(fault, (effect,), ok=False)
    grown = len(text.encode()) - (old.size if old else 0)
    if grown > world.free(split(target)[0]):
        return ToolPlan(f"Error: {target}: no space left on device", (effect,), ok=False)
    return ToolPlan(done, (effect,))


def _write(world: World, args: WriteFile, actor: str) -> ToolPlan:
    target = normalise(args.path)
    if target.endswith("/") or world.below(target):
        return ToolPlan(_missing(world, target), ok=False)
    return _put(world, target, args.content, f"Wrote {len(args.content)} characters to {target}")


def _delete(world: World, args: OneFile, actor: str) -> ToolPlan:
    target = normalise(args.path)
    if target not in world.files:
        intended = tuple(
            Effect.unchecked("delete", n, before=world.files[n].content)
            for n in _named(world, target)
        )
        return ToolPlan(_unreadable(world, target) or "", intended, ok=False)
    effect = Effect.unchecked("delete", target, before=world.files[target].content)
    if fault := _fault(world, target, writing=True):
        return ToolPlan(fault, (effect,), ok=False)
    return ToolPlan(f"Deleted {target}", (effect,))


def _transfer(verb: Verb) -> Callable[[World, TwoFiles, str], ToolPlan]:
    def plan(world: World, args: TwoFiles, actor: str) -> ToolPlan:
        source, target = normalise(args.source), normalise(args.target)
        as_directory = args.target.endswith("/") or bool(world.below(target))

        def effect(name: str, file: File, into: bool) -> Effect:
            place = f"{target.rstrip('/')}/{name.rsplit('/', 1)[1]}" if into else target
            old = world.files.get(place)
            return Effect.unchecked(
                verb,
                place,
                source=name,
                before=old.content if old else None,
                value=file.content,
            )

        if source not in world.files:
            names = _named(world, source)
            intended = tuple(effect(n, world.files[n], into=True) for n in names)
            return ToolPlan(_unreadable(world, source) or "", intended, ok=False)
        file = world.files[source]
        transfer = effect(source, file, as_directory)
        fault = _fault(world, transfer.target, writing=True)
        if verb == "move" and not fault:
            fault = _fault(world, source, writing=True)
        if fault:
            return ToolPlan(fault, (transfer,), ok=False)
        if transfer.target == source:
            return ToolPlan(f"Error: {source} and {transfer.target} are the same file", ok=False)
        host = split(transfer.target)[0]
        freed = world.files[transfer.target].size if transfer.target in world.files else 0
        freed += file.size if verb == "move" and split(source)[0] == host else 0
        if file.size > world.free(host) + freed:
            text = f"Error: {transfer.target}: no space left on device"
            return ToolPlan(text, (transfer,), ok=False)
        past = "Moved" if verb == "move" else "Copied"
        return ToolPlan(f"{past} {source} to {transfer.target} ({_size(file.size)})", (transfer,))

    return plan


def _usage(world: World, args: OneHost, actor: str) -> ToolPlan:
    host = args.host.strip().lower()
    if host not in world.hosts:
        return ToolPlan(_no_host(world, args.host), ok=False)
    used, capacity = world.used(host), world.hosts[host].capacity
    return ToolPlan(
        f"{host}: {_size(used)} used of {_size(capacity)}, {_size(capacity - used)} free"
    )


def _read_setting(world: World, args: ReadSetting, actor: str) -> ToolPlan:
    target = normalise(args.path)
    if fault := _unreadable(world, target):
        return ToolPlan(fault, ok=False)
    value = lookup(world.files[target].content, args.key)
    if value is None:
        return ToolPlan(f"Error: {target} has no setting {args.key!r}", ok=False)
    return ToolPlan(f"{args.key}: {value}")


def _change_setting(world: World, args: ChangeSetting, actor: str) -> ToolPlan:
    target = normalise(args.path)
    if fault := _unreadable(world, target):
        named = not _fault(world, target, writing=False) and not world.below(target)
        text = change("", args.key, args.value)
        intended = (Effect.unchecked("write", target, value=text),) if named else ()
        return ToolPlan(fault, intended, ok=False)
    text = change(world.files[target].content, args.key, args.value)
    plan = _put(world, target, text, f"{target}: {args.key} is now {args.value}")
    if plan.ok and lookup(text, args.key) != args.value.strip().strip("\"'"):
        fault = f"Error: {target}: {args.key!r} cannot be set to {args.value!r}"
        return ToolPlan(fault, plan.effects, ok=False)
    return plan


FILE_TOOLS: tuple[Tool, ...] = (
    Tool("list_files", "List the files of a host with date, size and owner.", ListFiles, _list),
    Tool("read_file", "Read a file, or a part of it.", ReadFile, _read),
    Tool("write_file", "Create a file or replace its content.", WriteFile, _write),
    Tool("delete_file", "Delete a file for good.", OneFile, _delete),
    Tool("copy_file", "Copy a file, also to another host.", TwoFiles, _transfer("copy")),
    Tool("move_file", "Move or rename a file, also to another host.", TwoFiles, _transfer("move")),
    Tool("disk_usage", "Show how much of a host's disk is in use.", OneHost, _usage),
    Tool("read_setting", "Read one setting of a settings file.", ReadSetting, _read_setting),
    Tool("change_setting", "Change one setting of a file.", ChangeSetting, _change_setting),
)
