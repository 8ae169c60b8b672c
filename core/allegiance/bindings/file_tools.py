"""Bindings of file tools: LangChain's, CrewAI's, the MCP file system server's, text editors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from allegiance.bindings.binding import Binding
from allegiance.shell.targets import below, join, remote
from allegiance.trace.effects import Effect, Verb

Args = Mapping[str, Any]

_PATH = (
    "path",
    "file_path",
    "filepath",
    "filename",
    "file_name",
    "file",
    "target_file",
    "relative_path",
    "absolute_path",
    "target",
)
_SOURCE = ("source_path", "source", "src", "from_path", "from", "old_path", "path", "file_path")
_TARGET = (
    "destination_path",
    "destination",
    "dest",
    "dst",
    "target_path",
    "to_path",
    "to",
    "new_path",
    "target",
    "new_name",
)
_TEXT = ("text", "content", "contents", "file_text", "data", "body", "new_content", "code_edit")
_NEW = ("new_str", "new_string", "replace", "replacement", "insert_text", "text", "content")
_OLD = ("old_str", "old_string", "search", "find")

Maker = Callable[["Files", Args], list[Effect]]


class Files:
    """Turns the arguments of file tools into effects, for one working directory and host."""

    def __init__(self, cwd: str, host: str) -> None:
        self.cwd = cwd
        self.host = host

    def name(self, args: Args, names: tuple[str, ...]) -> str:
        """Return the target named by the first of some arguments that the call has.

        Raises:
            ValueError: If the call has none of them, or the value is not the name of a file.
        """
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
        several = args.get("paths") or args.get("file_paths")
        if isinstance(several, (list, tuple)):
            return [Effect.unchecked("read", self.target(path)) for path in several]
        return [Effect.unchecked("read", self.name(args, _PATH))]

    def write(self, args: Args) -> list[Effect]:
        """Return the effects of a tool that writes a whole file or appends to it."""
        text = next((args[n] for n in _TEXT if args.get(n) is not None), None)
        adds = _true(args.get("append")) or str(args.get("mode", "")).startswith("a")
        value = None if adds or text is None else str(text)
        effect = Effect.unchecked("write", self.name(args, _PATH), value=value)
        return [effect, *self._pasted(effect.target, text)] if adds else [effect]

    def append(self, args: Args) -> list[Effect]:
        """Return the effects of a tool that appends to a file."""
        return self.write({**args, "append": True})

    def edit(self, args: Args) -> list[Effect]:
        """Return the effects of a tool that changes parts of a file; the result is unknown."""
        if _true(args.get("dryRun")) or _true(args.get("dry_run")):
            return self.read(args)
        target = self.name(args, _PATH)
        edits = args.get("edits")
        parts = [e for e in edits if isinstance(e, Mapping)] if isinstance(edits, list) else [args]
        new = [_text(part, ("newText", *_NEW)) for part in parts]
        return [Effect.unchecked("write", target), *self._pasted(target, "\n".join(new))]

    def delete(self, args: Args) -> list[Effect]:
        """Return the effects of a tool that deletes a file, or a directory and everything in it."""
        target = self.name(args, (*_PATH, "directory", "dir_path"))
        return [
            Effect.unchecked("delete", target),
            Effect.unchecked("delete", below(target, "")),
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
    "view": Files.read,
    "read": Files.read,
    "create": Files.write,
    "write": Files.write,
    "str_replace": Files.edit,
    "insert": Files.edit,
    "undo_edit": Files.edit,
    "delete": Files.delete,
    "rename": Files.move,
}

_READERS = (
    "read_file read_text_file read_media_file read_multiple_files view_file open_file "
    "cat_file file_read file_read_tool get_file_contents read_a_file's_content readfile"
)
_WRITERS = (
    "write_file write_to_file create_file save_file file_write file_writer file_writer_tool "
    "write_text_file overwrite_file save_to_file put_file create_new_file writefile"
)
_CHANGERS = (
    "edit_file replace_in_file apply_diff search_replace str_replace "
    "replace_string_in_file insert_into_file insert_content modify_file update_file "
    "patch_file insert_edit_into_file"
)
_REMOVERS = "file_delete delete_file remove_file delete_directory remove_directory file_remove"
_LISTERS = (
    "list_directory list_directory_with_sizes directory_tree create_directory search_files "
    "file_search get_file_info list_allowed_directories list_files list_dir make_directory"
)
_EDITORS = "str_replace_editor str_replace_based_edit_tool text_editor edit_tool"

_TOOLS: dict[str, Maker] = {
    **dict.fromkeys(
        _READERS.split(),
        Files.read,
    ),
    **dict.fromkeys(
        _WRITERS.split(),
        Files.write,
    ),
    **dict.fromkeys(("append_file", "append_to_file", "file_append"), Files.append),
    **dict.fromkeys(
        _CHANGERS.split(),
        Files.edit,
    ),
    **dict.fromkeys(
        _REMOVERS.split(),
        Files.delete,
    ),
    **dict.fromkeys(("copy_file", "file_copy", "copy_directory", "duplicate_file"), Files.copy),
    **dict.fromkeys(
        ("move_file", "rename_file", "file_move", "move_directory", "move_path"), Files.move
    ),
    **dict.fromkeys(
        _LISTERS.split(),
        Files.nothing,
    ),
    **dict.fromkeys(
        _EDITORS.split(),
        Files.editor,
    ),
    "File Writer Tool": Files.write,
    "Read a file's content": Files.read,
}


def files(*, cwd: str = "", host: str = "") -> list[Binding]:
    """Return bindings of the usual file tools, by their exact names.

    Args:
        cwd: The directory that relative names start from; without it, they stay relative.
        host: The host to name in targets.
    """
    maker = Files(cwd, host)
    return [Binding(tool, _planner(make, maker)) for tool, make in _TOOLS.items()]


def _planner(make: Maker, maker: Files) -> Callable[[Args], list[Effect]]:
    return lambda args: make(maker, args)


def _first(args: Args, names: tuple[str, ...]) -> Any:
    value = next((args[n] for n in names if args.get(n) not in (None, "")), None)
    if value is None:
        raise ValueError(
            f"the arguments {', '.join(args)} have no value for any of {', '.join(names)}"
        )
    return value


def _text(args: Args, names: tuple[str, ...]) -> str:
    return next((str(args[n]) for n in names if args.get(n) is not None), "")


def _true(value: Any) -> bool:
    return str(value).strip().casefold() in ("true", "1", "yes", "on", "y", "t")
