"""Bindings of file tools: LangChain's, CrewAI's, the MCP file system server's, text editors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from allegiance.bindings.binding import Binding, PartlyRead
from allegiance.bindings.known import NamedTool, arguments, read_rows
from allegiance.bindings.names import fold_args
from allegiance.shell.programs.editing import patched_files
from allegiance.shell.targets import below, join, remote
from allegiance.trace.effects import Effect, Verb

Args = Mapping[str, Any]

_PATH = arguments("path")
_PATH_ENDS = ("path", "filepath", "filename", "file_name", "file", "uri")
_SEVERAL = arguments("paths")
_SOURCE = arguments("source")
_TARGET = arguments("target")
_TEXT = arguments("text")
_NEW = arguments("new_text")
_PARTS = arguments("parts")

_DIFFS = arguments("patch")
Maker = Callable[["Files", Args], list[Effect]]


class Files:
    """Turns the arguments of file tools into effects, for one working directory and host."""

    def __init__(self, cwd: str, host: str) -> None:
        self.cwd = cwd
        self.host = host

    def name(self, args: Args, names: Sequence[str]) -> str:
        """Return the target named by the first of some arguments that the call has.

        Raises:
            ValueError: If the call has none of them, or the value is not the name of a file.
        """
        if all(args.get(n) in (None, "") for n in names) and (key := _path_key(args)):
            names = (key,)
        return self.target(_first(args, names), args.get("directory"))

    def target(self, path: Any, directory: Any = None) -> str:
        """Return the target that a path names."""
        if not isinstance(path, str) or not path.strip():
            raise ValueError(f"{path!r} is not the name of a file")
        path = path.strip()
        if target := remote(path) if "/" in path.partition(":")[2] else None:
            return target
        if isinstance(directory, str) and directory:
            path = f"{directory.rstrip('/') or '/'}/{path}" if path[:1] != "/" else path
        target = join(self.cwd, path)
        return f"{self.host}:{target}" if self.host else target

    def read(self, args: Args) -> list[Effect]:
        """Return the effects of a tool that reads one or several files."""
        return [Effect.unchecked("read", target) for target, _ in self.named(args)]

    def named(self, args: Args) -> list[tuple[str, Args]]:
        """Return each file that a call names, with the arguments that belong to it."""
        for key in _SEVERAL:
            several = args.get(key)
            if isinstance(several, Mapping):  # names with their content
                several = [{"path": k, "content": v} for k, v in several.items()]
            if isinstance(several, (list, tuple)) and several:
                parts = [fold_args(p) if isinstance(p, Mapping) else {"path": p} for p in several]
                return [(self.name(part, _PATH), {**args, **part}) for part in parts]
        return [(self.name(args, _PATH), args)]

    def write(self, args: Args) -> list[Effect]:
        """Return the effects of a tool that writes a whole file or appends to it."""
        effects: list[Effect] = []
        for target, part in self.named(args):
            text = next((part[n] for n in _TEXT if part.get(n) is not None), None)
            adds = _true(part.get("append")) or str(part.get("mode", "")).startswith("a")
            value = None if adds or text is None else str(text)
            effects.append(Effect.unchecked("write", target, value=value))
            effects += self._pasted(target, text) if adds else []
        return effects

    def append(self, args: Args) -> list[Effect]:
        """Return the effects of a tool that appends to a file."""
        return self.write({**args, "append": True})

    def edit(self, args: Args) -> list[Effect]:
        """Return the effects of a tool that changes parts of a file; the result is unknown."""
        if _true(args.get("dryRun")) or _true(args.get("dry_run")):
            return self.read(args)
        parts = next((args[n] for n in _PARTS if isinstance(args.get(n), list)), [args])
        parts = [fold_args(p) if isinstance(p, Mapping) else {} for p in parts]
        effects: list[Effect] = []
        for part in parts if any(has_path(p) for p in parts) else [{**args}]:
            target = self.name(part if has_path(part) else args, _PATH)
            new = [_text(p, _NEW) for p in ([part] if len(parts) < 2 or has_path(part) else parts)]
            if parts and not has_path(parts[0]):
                new = [_text(p, _NEW) for p in parts]
            effects.append(Effect.unchecked("write", target))
            effects += self._pasted(target, "\n".join(new))
        return effects

    def patch(self, args: Args) -> list[Effect]:
        """Return the effects of a tool that applies a patch, which names the files.

        Raises:
            ValueError: If there is no patch, or it names no file.
        """
        text = next((str(args[n]) for n in _DIFFS if args.get(n) is not None), "")
        names = patched_files(text)
        if not names and has_path(args):
            return self.edit(args)
        if not names:
            raise ValueError(f"the arguments {', '.join(args)} have no patch that names a file")
        effects: list[Effect] = []
        for name in names:
            target = self.target(name)
            gone = f"*** Delete File: {name}" in text
            effects.append(Effect.unchecked("delete" if gone else "write", target))
        added = "\n".join(line[1:] for line in text.splitlines() if line.startswith("+"))
        return effects + (self._pasted(self.target(names[-1]), added) if added else [])

    def delete(self, args: Args) -> list[Effect]:
        """Return the effects of a tool that deletes a file, or a directory and everything in it."""
        if not has_path(args):
            raise ValueError(f"the arguments {', '.join(args)} name no file")
        if any(args.get(n) for n in _PATH) or not args.get("directory"):
            targets = [target for target, _ in self.named(args)]
        else:
            targets = [self.target(args["directory"])]
        return [
            Effect.unchecked("delete", name)
            for target in targets
            for name in (target, below(target, ""))
        ]

    def copy(self, args: Args) -> list[Effect]:
        """Return the effects of a tool that copies a file or a directory."""
        return self._transfer("copy", args)

    def move(self, args: Args) -> list[Effect]:
        """Return the effects of a tool that moves or renames a file or a directory."""
        return self._transfer("move", args)

    def nothing(self, args: Args) -> list[Effect]:
        """Return no effects, for a tool that lists, searches or creates directories."""
        return []

    def editor(self, args: Args) -> list[Effect]:
        """Return the effects of a text editor whose argument ``command`` says what to do.

        Raises:
            ValueError: If the command is unknown.
        """
        command = str(args.get("command", "")).lower()
        if command not in _EDITOR:
            raise ValueError(f"the text editor has no command {command!r}")
        return _EDITOR[command](self, args)

    def _transfer(self, verb: Verb, args: Args) -> list[Effect]:
        several = next((args[n] for n in _SEVERAL if isinstance(args.get(n), list)), None)
        if several:
            parts = [{**args, "source_path": item} for item in several if isinstance(item, str)]
            bare = [{k: v for k, v in part.items() if k not in _SEVERAL} for part in parts]
            return [effect for part in bare for effect in self._transfer(verb, part)]
        source, target = self.name(args, _SOURCE), self.name(args, _TARGET)
        new_name = _first(args, _TARGET)
        if "new_name" in args and "/" not in str(new_name) and "/" in source:
            target = f"{source.rpartition('/')[0]}/{new_name}"
        deep = source if source.endswith("/") else f"{source}/"
        return [
            Effect(verb=verb, target=target, source=source),
            Effect(verb=verb, target=target, source=deep),
        ]

    def _pasted(self, target: str, text: Any) -> list[Effect]:
        """Return inserted text as a message to the file, since it may hold protected content."""
        return [Effect(verb="message", target=target, value=str(text))] if text else []


_EDITOR: dict[str, Maker] = {
    **dict.fromkeys(("view", "read", "view_range", "find", "open", "find_line"), Files.read),
    "create": Files.write,
    "write": Files.write,
    **dict.fromkeys(
        ("str_replace", "insert", "undo_edit", "edit", "pattern_replace", "replace", "append"),
        Files.edit,
    ),
    "delete": Files.delete,
    "remove": Files.delete,
    "move": Files.move,
    "rename": Files.move,
}

_MEANINGS: dict[str, Maker] = {
    "read": Files.read,
    "write": Files.write,
    "append": Files.append,
    "edit": Files.edit,
    "delete": Files.delete,
    "copy": Files.copy,
    "move": Files.move,
    "nothing": Files.nothing,
    "editor": Files.editor,
    "patch": Files.patch,
}


def files(*, cwd: str = "", host: str = "") -> list[Binding]:
    """Return bindings of the usual file tools, in any spelling and behind any prefix.

    Args:
        cwd: The directory that relative names start from; without it, they stay relative.
        host: The host to name in targets.
    """
    maker = Files(cwd, host)
    return [
        NamedTool(name, file_effects(row["means"], maker))
        for row in read_rows()
        if row["means"] in _MEANINGS
        for name in row["names"].split()
    ]


def file_effects(means: str, maker: Files) -> Callable[[Args], tuple[Effect, ...]]:
    """Return the effects of a file tool.

    Args:
        means: What it does: ``read``, ``write``, ``edit``, ``delete``, ``copy`` and so on.
        maker: Names the files.
    """
    make = _MEANINGS[means]

    def effects(args: Args) -> tuple[Effect, ...]:
        args = fold_args(args)
        if make in _NEED_PATH and args and not has_path(args) and not set(_SOURCE) & set(args):
            return PartlyRead((), "a file that its arguments do not name")
        return tuple(make(maker, args))

    return effects


_NEED_PATH = (
    Files.read,
    Files.write,
    Files.append,
    Files.edit,
    Files.delete,
    Files.editor,
    Files.copy,
    Files.move,
)


def has_path(args: Args) -> bool:
    """Tell whether arguments name a file."""
    named = any(args.get(n) is not None for n in (*_PATH, *_SEVERAL, "directory", "dir_path"))
    return named or _path_key(args) is not None


def _path_key(args: Args) -> str | None:
    """Return the name of an argument that holds a path, by the end of its name."""
    return next((k for k in args if k.endswith(_PATH_ENDS) and isinstance(args[k], str)), None)


def _first(args: Args, names: Sequence[str]) -> Any:
    value = next((args[n] for n in names if args.get(n) not in (None, "")), None)
    if value is None:
        raise ValueError(
            f"the arguments {', '.join(args)} have no value for any of {', '.join(names)}"
        )
    return value


def _text(args: Args, names: Sequence[str]) -> str:
    return next((str(args[n]) for n in names if args.get(n) is not None), "")


def _true(value: Any) -> bool:
    return str(value).strip().casefold() in ("true", "1", "yes", "on", "y", "t")
